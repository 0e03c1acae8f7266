// Serves the imitation of Stripe on the port that is its one argument, for this machine only.
"use strict";
require("loglevel").setLevel("silent");
const { createExpressApp } = require("stripe-stateful-mock");
createExpressApp().listen(Number(process.argv[2]), "127.0.0.1");

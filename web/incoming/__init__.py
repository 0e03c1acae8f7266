"""What others report by webhook: one module per kind of sender, one table of who may send.

To add a sender (a carrier, say):

1. Write a module here with a class that is a `Sender` (`web/incoming/sender.py`): `proves` checks
   the signature over the raw body, with its own tolerance; `read` makes events of the body; `act`
   does what an event asks, through the gateway, and says whether it meant anything here. It must be
   safe to run twice and in any order: an event is kept only after it took effect.
2. Put its name and how it is made from the settings into `SENDERS` (`web/incoming/senders.py`). Its
   address is then `POST /api/v1/webhooks/<name>`; without a secret in the settings it is a 404.
3. Add the setting of its secret (`models/settings.py`, docs/ops.md), tests beside
   `tests/web/test_api_webhooks.py`, and a chapter in docs/integrator.md.

The rest is the same for all and in `web/api/webhooks.py`: a body that isn't proven has no effect at
all; an event id counts once; what means nothing here is kept and answered 200. Bodies are never
kept: they may hold names and addresses.
"""

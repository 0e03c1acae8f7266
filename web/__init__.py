"""The doors: REST API, staff UI and command line, over one gateway to the workflows."""

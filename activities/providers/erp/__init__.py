"""ERPs: the protocol, and the ones that come with Redress."""

"""Order sources: the protocol, and the one that comes with Redress."""

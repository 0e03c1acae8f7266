"""The ERP Tryton over HTTP; whoever talks to it shares one client."""

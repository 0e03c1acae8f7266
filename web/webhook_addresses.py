"""Which addresses a webhook endpoint may have; the sender checks again where they lead."""

import ipaddress
from urllib.parse import urlsplit

from models.settings import Settings

LONGEST_ADDRESS = 2000


def address_problem(url: str, settings: Settings) -> str | None:
    """What is wrong with an address, as a sentence without its subject; None: it can be used."""
    inside = settings.webhooks_to_private
    if len(url) > LONGEST_ADDRESS:
        return f"can have at most {LONGEST_ADDRESS} characters."
    if any(char <= " " or char == "\x7f" for char in url):
        return "can't contain spaces or control characters; write them as %20."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not an address; write it like https://shop.example/webhooks."
    if parts.scheme != "https" and not (inside and parts.scheme == "http"):
        return "must begin with https://."
    if not host:
        return "needs the name of a host, like https://shop.example/webhooks."
    if parts.username is not None or parts.password is not None:
        return "can't contain a user or password; the signature says who sends."
    if parts.fragment:
        return "can't have a part after #."
    if not inside and _is_inside(host):
        return "leads to this machine or a private network; give one that is reachable for all."
    return None


def _is_inside(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return False

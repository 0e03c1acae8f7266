"""Which addresses a webhook endpoint may have; the sender checks again where they lead."""

import ipaddress
import socket
import unicodedata
from urllib.parse import urlsplit

from models.settings import Settings

LONGEST_ADDRESS = 2000
_TRANSLATOR = ipaddress.IPv6Network("64:ff9b::/96")


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
    if f".{host.rstrip('.')}".endswith((".localhost", ".local", ".internal")):
        return True
    found = _address(host)
    # Some groups of receivers count as reachable for all, but nobody answers there.
    return found is not None and (not found.is_global or found.is_multicast)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, as connecting to it reads it; None: it is a name."""
    plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".").partition("%")[0]
    try:
        found = ipaddress.ip_address(plain)
    except ValueError:
        try:
            # 127.1, 0x7f000001, 2130706433 and 0177.0.0.1 are 127.0.0.1, too.
            return ipaddress.IPv4Address(socket.inet_aton(plain.rstrip(".")))
        except (OSError, ValueError):
            return None
    if isinstance(found, ipaddress.IPv6Address):
        return found.ipv4_mapped or found.sixtofour or _translated(found) or found
    return found


def _translated(found: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The address behind a translator's address (RFC 6052)."""
    return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in _TRANSLATOR else None

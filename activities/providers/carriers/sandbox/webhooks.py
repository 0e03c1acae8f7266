"""Tells the shop where its parcels are, signed as EasyPost signs."""

import hashlib
import hmac
import unicodedata

from activities.providers.payments.sandbox.deliveries import Deliverer, Events


def parcel_courier(events: Events, url: str, secret: str) -> Deliverer:
    """Brings the events of parcels to one address."""
    return Deliverer(
        events, url, lambda payload: {"X-Hmac-Signature": parcel_signature(payload, secret)}
    )


def parcel_signature(payload: bytes, secret: str) -> str:
    """The `X-Hmac-Signature` header of a payload."""
    key = unicodedata.normalize("NFKD", secret).encode()
    return f"hmac-sha256-hex={hmac.new(key, payload, hashlib.sha256).hexdigest()}"

"""What EasyPost reports, and the sandbox carrier in its manner: parcels that move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from easypost.errors import SignatureVerificationError
from easypost.util import validate_webhook
from werkzeug.datastructures import Headers

from models.messages import CarrierStatus
from models.settings import Settings
from web.gateway import Gateway
from web.incoming.sender import IncomingEvent, as_text, make_event, read_object
from web.requests import ScanRequest

_HEADER = "X-Hmac-Signature"
_LONGEST_TRACKING, _LONGEST_DETAIL = 60, 500
# Of EasyPost's statuses; `unknown`, `pre_transit`, `cancelled` and `error` tell of no movement.
_STATUSES = {
    "in_transit": CarrierStatus.IN_TRANSIT,
    "out_for_delivery": CarrierStatus.IN_TRANSIT,
    "available_for_pickup": CarrierStatus.IN_TRANSIT,
    "delivered": CarrierStatus.DELIVERED,
    "return_to_sender": CarrierStatus.EXCEPTION,
    "failure": CarrierStatus.EXCEPTION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EasyPostEvents:
    """One account's webhooks; a `Sender`.

    EasyPost's signature knows no time, so an old body proves itself for ever. That is harmless: an
    event counts once, and a scan older than the last one moves nothing.

    Attributes:
        secrets: each proves a body; two while one replaces the other.
    """

    secrets: tuple[str, ...]
    header: str = _HEADER

    def proves(self, body: bytes, headers: Headers) -> bool:
        """The signature of one of the secrets, as the SDK checks it."""
        header = headers.get(self.header)
        # A header that isn't ASCII can't be compared in constant time; no signature is.
        if header is None or not header.isascii():
            return False
        return any(_proves(body, header, secret) for secret in self.secrets)

    def read(self, body: bytes) -> Sequence[IncomingEvent]:
        """EasyPost sends one event at a time."""
        found = read_object(body)
        result = found.get("result")
        about = result.get("id") if isinstance(result, dict) else None
        return [make_event(found.get("id"), found.get("description"), about, found)]

    def act(self, event: IncomingEvent, gateway: Gateway) -> bool:
        """Tells of a parcel of ours that moved; of anything else nothing."""
        if event.type not in ("tracker.created", "tracker.updated"):
            return False
        tracker = event.body.get("result")
        if not isinstance(tracker, dict):
            return False
        tracking = as_text(tracker.get("tracking_code"), _LONGEST_TRACKING)
        status = _status(tracker)
        if tracking is None or status is None:
            return False
        last = _last_scan(tracker)
        asked = ScanRequest(
            event_id=event.id,
            status=status,
            at=_moment(last.get("datetime"), tracker.get("updated_at")),
            detail=_detail(last.get("message")),
        )
        return gateway.parcel_news(tracking, asked)


def from_sandbox(settings: Settings) -> EasyPostEvents | None:
    """The sandbox carrier, which signs with the sandbox's secret."""
    secret = settings.sandbox_webhook_secret
    return EasyPostEvents(secrets=(secret,)) if secret else None


def from_easypost(settings: Settings) -> EasyPostEvents | None:
    """EasyPost, once the webhook's secret is set."""
    secrets = settings.carrier.webhook_secrets
    return EasyPostEvents(secrets=secrets) if secrets else None


def _proves(body: bytes, header: str, secret: str) -> bool:
    try:
        validate_webhook(body, {_HEADER: header}, secret)
    except SignatureVerificationError:
        return False
    except (ValueError, RecursionError):
        # The signature was good, and then the SDK could not read what was signed; nor can `read`.
        return True
    return True


def _status(tracker: Mapping[str, Any]) -> CarrierStatus | None:
    status = tracker.get("status")
    found = _STATUSES.get(status) if isinstance(status, str) else None
    if found is CarrierStatus.EXCEPTION and tracker.get("status_detail") == "lost":
        return CarrierStatus.LOST
    return found


def _last_scan(tracker: Mapping[str, Any]) -> Mapping[str, Any]:
    details = tracker.get("tracking_details")
    last = details[-1] if isinstance(details, list) and details else None
    return last if isinstance(last, dict) else {}


def _moment(*said: object) -> datetime:
    """When it was scanned: the first time that is one, and never in the future, for a carrier's
    clock that is ahead would make all later scans look old.
    """
    now = datetime.now(UTC)
    for text in said:
        try:
            found = datetime.fromisoformat(text) if isinstance(text, str) else None
        except ValueError:
            continue
        if found is not None:
            return min(found if found.tzinfo else found.replace(tzinfo=UTC), now)
    return now


def _detail(message: object) -> str:
    """The carrier's sentence on one line, without what a database can't store."""
    if not isinstance(message, str):
        return ""
    line = " ".join(message.split())
    return "".join(char for char in line if char.isprintable())[:_LONGEST_DETAIL]

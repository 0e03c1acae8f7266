"""Tells the shop what became of refunds: signed events.

Which ones: `refund.created` when a refund is not final at once, `refund.updated` when one is
settled or cancelled, `refund.updated` and then `refund.failed` when one fails.
"""

import hashlib
import hmac
import secrets
import sqlite3
import time

from activities.providers.payments.sandbox import shapes
from activities.providers.payments.sandbox.book import Refund, Status
from activities.providers.payments.sandbox.deliveries import Deliverer, Events
from activities.providers.payments.sandbox.disputes import Dispute


class Outbox(Events):
    """The events of refunds that have not arrived yet."""

    def tell(self, book: sqlite3.Connection, refund: Refund) -> None:
        """Puts what there is to tell about a refund, in the transaction that made it so."""
        if refund.status == Status.FAILED:
            self._put(book, "refund.updated", shapes.stripe_refund(refund))
            self._put(book, "refund.failed", shapes.stripe_refund(refund))
        else:
            self._put(book, "refund.updated", shapes.stripe_refund(refund))

    def tell_created(self, book: sqlite3.Connection, refund: Refund) -> None:
        """Puts the event of a new refund, unless its answer has said all there is to know."""
        if refund.status != Status.SUCCEEDED:
            self._put(book, "refund.created", shapes.stripe_refund(refund))

    def tell_dispute(self, book: sqlite3.Connection, kind: str, dispute: Dispute) -> None:
        """Puts an event of a dispute, as it is in this transaction."""
        self._put(book, kind, shapes.stripe_dispute(dispute))

    def _put(self, book: sqlite3.Connection, kind: str, about: dict[str, object]) -> None:
        event_id = f"evt_{secrets.token_hex(12)}"
        event = shapes.stripe_event(event_id, kind, self._storage.now(), about)
        self.put(book, event_id, shapes.text(event))


class Courier(Deliverer):
    """Brings the outbox's events to one address.

    Args:
        outbox: where they wait.
        url: where to POST them, http or https.
        secret: what signs them, as `stripe.Webhook.construct_event` checks it.
    """

    def __init__(self, outbox: Outbox, url: str, secret: str) -> None:
        super().__init__(
            outbox,
            url,
            lambda payload: {"Stripe-Signature": signature(payload, secret, int(time.time()))},
        )


def signature(payload: bytes, secret: str, at: int) -> str:
    """The `Stripe-Signature` header of a payload signed at a Unix time."""
    digest = hmac.new(secret.encode(), b"%d." % at + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"

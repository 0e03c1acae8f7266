"""What the sandbox does when asked, and by itself: each thing once, whole, and told."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from activities.providers.payments.sandbox import parameters, shapes
from activities.providers.payments.sandbox.behaviour import DISPUTED, behaviour_of
from activities.providers.payments.sandbox.book import Book, Refund, Status
from activities.providers.payments.sandbox.disputes import (
    Dispute,
    Disputes,
    WantedDispute,
    is_held,
)
from activities.providers.payments.sandbox.idempotency import Answer, Keys
from activities.providers.payments.sandbox.refusals import Refusal, Refused
from activities.providers.payments.sandbox.storage import Storage
from activities.providers.payments.sandbox.webhooks import Outbox

_BANK_SENT_IT_BACK = "expired_or_canceled_card"
_OUT_OF_ORDER = Refusal(
    status=HTTPStatus.INTERNAL_SERVER_ERROR,
    kind="api_error",
    message="An error occurred at the payment provider; nothing was done.",
)

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The end of a call that does something.

    Attributes:
        answer: what to answer.
        replayed: it is the answer of an earlier call with the same key.
        dropped: the connection is to be cut instead of answering.
    """

    answer: Answer
    replayed: bool
    dropped: bool = False


class Desk:
    """Takes the calls that change the book."""

    def __init__(self, storage: Storage, outbox: Outbox) -> None:
        self._storage = storage
        self._outbox = outbox
        self._keys = Keys(storage)
        self.book = Book(storage)
        self.disputes = Disputes(storage, self.book)

    def refund(self, key: str | None, path: str, fields: Fields) -> Done:
        """`POST /v1/refunds`, in the manner the payment's reference asks for.

        Raises:
            Refused: nothing was done, and the key is as good as new.
        """
        fingerprint = _fingerprint(path, fields)
        with self._keys.claimed(key, fingerprint) as earlier:
            wanted = parameters.wanted_refund(fields)
            behaviour = behaviour_of(wanted.payment)
            attempt = 1
            if behaviour.errors or behaviour.drops:
                attempt = self._keys.count_attempt(key or f"{wanted.payment} without a key")
            if attempt <= behaviour.errors:
                raise Refused(_OUT_OF_ORDER)
            answer = earlier
            if answer is None:
                answer = self._once(key, fingerprint, lambda book: self._new_refund(book, wanted))
                time.sleep(behaviour.delay)
            return Done(
                answer=answer,
                replayed=earlier is not None,
                dropped=attempt <= behaviour.drops,
            )

    def cancel(self, key: str | None, path: str, refund_id: str, fields: Fields) -> Done:
        """`POST /v1/refunds/{id}/cancel`, for a refund that is still on its way.

        Raises:
            Refused: nothing was done, and the key is as good as new.
        """
        fingerprint = _fingerprint(path, fields)
        with self._keys.claimed(key, fingerprint) as earlier:
            parameters.no_parameters(fields)
            answer = earlier or self._once(
                key, fingerprint, lambda book: self._changed(book, refund_id, Status.CANCELED)
            )
            return Done(answer=answer, replayed=earlier is not None)

    def settle(self, refund_id: str) -> Refund:
        """A refund arrives at the customer; told each time.

        Raises:
            Refused: there is no such refund, or it has failed or was cancelled.
        """
        with self._storage.writing() as book:
            return self._changed(book, refund_id, Status.SUCCEEDED)

    def fail(self, refund_id: str, reason: str) -> Refund:
        """The bank sends a refund back, also after it succeeded; told each time.

        Raises:
            Refused: there is no such refund, or it was cancelled.
        """
        with self._storage.writing() as book:
            return self._changed(book, refund_id, Status.FAILED, reason)

    def dispute(self, wanted: WantedDispute) -> Dispute:
        """A customer disputes a payment; told.

        Raises:
            Refused: it is disputed already, or the amount can't be right.
        """
        with self._storage.writing() as book:
            dispute = self.disputes.open(book, wanted)
            self._outbox.tell_dispute(book, "charge.dispute.created", dispute)
        return dispute

    def close_dispute(self, dispute_id: str, *, won: bool) -> Dispute:
        """A dispute ends; told each time.

        Raises:
            Refused: there is no such dispute, or it has ended otherwise.
        """
        with self._storage.writing() as book:
            dispute = self.disputes.close(book, dispute_id, won=won)
            self._outbox.tell_dispute(book, "charge.dispute.closed", dispute)
        return dispute

    def advance_clock(self, hours: float) -> float:
        """Puts the clock forward, with all that comes of it; gives the new time."""
        self._storage.advance(hours * 3600)
        self.fail_due()
        self.forget_old_keys()
        return self._storage.now()

    def forget_old_keys(self) -> None:
        """Clears away the keys whose time is over; nothing is answered from them any more."""
        self._keys.forget_old()

    def fail_due(self) -> None:
        """Lets the refunds fail whose time to fail has come."""
        # Read in the transaction that changes them: two rounds at once must not both tell.
        with self._storage.writing() as book:
            for refund_id in self.book.due_to_fail(book):
                self._changed(book, refund_id, Status.FAILED, _BANK_SENT_IT_BACK)

    def _once(
        self, key: str | None, fingerprint: str, act: Callable[[sqlite3.Connection], Refund]
    ) -> Answer:
        """Does it and keeps the answer, both or neither."""
        with self._storage.writing() as book:
            try:
                refund = act(book)
            except Refused as refused:
                body = shapes.text(refused.refusal.body())
                answer = Answer(status=refused.refusal.status, body=body)
            else:
                answer = Answer(
                    status=HTTPStatus.OK, body=shapes.text(shapes.stripe_refund(refund))
                )
            self._keys.keep(book, key, fingerprint, answer)
        return answer

    def _new_refund(self, book: sqlite3.Connection, wanted: parameters.WantedRefund) -> Refund:
        behaviour = behaviour_of(wanted.payment)
        if is_held(book, wanted.payment):
            behaviour = replace(behaviour, refusal=DISPUTED)
        refund = self.book.refund(book, wanted, behaviour)
        self._outbox.tell_created(book, refund)
        return refund

    def _changed(
        self,
        book: sqlite3.Connection,
        refund_id: str,
        status: Status,
        failure_reason: str | None = None,
    ) -> Refund:
        refund = self.book.change(book, refund_id, status, failure_reason)
        self._outbox.tell(book, refund)
        return refund


def _fingerprint(path: str, fields: Fields) -> str:
    """What has to be the same for a key to stand for the same request."""
    return hashlib.sha256(json.dumps([path, sorted(fields)]).encode()).hexdigest()

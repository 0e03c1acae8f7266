"""Makes a workflow's message of what a person asks for: free text becomes the id of a note."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from models.messages import (
    AmendedItem,
    AmendedLine,
    Amendment,
    Cancellation,
    Decision,
    ExchangeCancellation,
    ExchangePayment,
    InspectedLine,
    Inspection,
    LineDecision,
    ManualResolution,
    PayoutKind,
    PayoutStart,
    Receipt,
    Reinspection,
    TaskCompletion,
    UnexpectedItem,
)
from models.tables import Note
from web.access import Actor
from web.requests import (
    AmendRequest,
    DecisionRequest,
    GoodwillRequest,
    InspectionRequest,
    ReceiptRequest,
)

_NAMESPACE = uuid.UUID("5f0b8a5e-8a53-4f0c-9d4e-3f1f8d1f6a11")


class Composer:
    """Composes one call's message and gathers its notes, for the caller to store first.

    Note ids come from the call's, so that repeating the call stores nothing twice.
    """

    def __init__(self, rma: str, actor: Actor, call: str) -> None:
        """Takes who calls about which return."""
        self._rma = rma
        self._actor = actor
        self._call = call
        self._texts = 0
        self.notes: list[Note] = []

    def decision(self, asked: DecisionRequest) -> Decision:
        """Approve or decline."""
        return Decision(
            id=self._call,
            actor=self._actor.id,
            decision=asked.decision,
            note=self._keep(asked.note),
            lines=[
                LineDecision(line=part.line, decision=part.decision, note=self._keep(part.note))
                for part in asked.lines
            ],
        )

    def cancellation(self, note: str) -> Cancellation:
        """End the return."""
        return Cancellation(id=self._call, actor=self._actor.id, note=self._keep(note))

    def reinspection(self, note: str) -> Reinspection:
        """Inspect once more what was refused."""
        return Reinspection(id=self._call, actor=self._actor.id, note=self._keep(note))

    def reason(self, note: str) -> str | None:
        """The id of a note by itself."""
        return self._keep(note)

    def amendment(self, asked: AmendRequest) -> Amendment:
        """What the return is changed to."""
        return Amendment(
            id=self._call,
            actor=self._actor.id,
            lines=None
            if asked.lines is None
            else [
                AmendedLine(
                    line=part.line,
                    quantity=part.quantity,
                    reason=part.reason,
                    resolution=part.resolution,
                    comment=self._keep(part.comment or ""),
                )
                for part in asked.lines
            ],
            resolution=asked.resolution,
            exchange=None
            if asked.exchange is None
            else [
                AmendedItem(line=item.line, sku=item.sku, quantity=item.quantity)
                for item in asked.exchange
            ],
            limit=self._actor.approval_limit,
        )

    def receipt(self, asked: ReceiptRequest) -> Receipt:
        """What was counted."""
        unexpected = [
            UnexpectedItem(
                sku=item.sku,
                quantity=item.quantity,
                note=self._keep(item.note),
                instead_of=item.instead_of,
            )
            for item in asked.unexpected
        ]
        return Receipt(
            id=self._call,
            actor=self._actor.id,
            lines=[replace(line, note=self._keep(line.note or "")) for line in asked.lines],
            unexpected=unexpected,
            tracking=asked.tracking,
        )

    def inspection(self, asked: InspectionRequest) -> Inspection:
        """What was found."""
        return Inspection(
            id=self._call,
            actor=self._actor.id,
            lines=[
                InspectedLine(
                    line=part.line,
                    quantity=part.quantity,
                    grade=part.grade,
                    disposition=part.disposition,
                    accepted=part.accepted,
                    note=self._keep(part.note),
                )
                for part in asked.lines
            ],
        )

    def manual_resolution(
        self, refund: str, method: str, reference: str, note: str
    ) -> ManualResolution:
        """A refund paid in another way."""
        return ManualResolution(
            id=self._call,
            actor=self._actor.id,
            refund=refund,
            method=method,
            reference=self._keep(reference) or "",
            note=self._keep(note),
        )

    def goodwill(self, amount: int, currency: str, asked: GoodwillRequest) -> PayoutStart:
        """Money without goods, in the order's currency."""
        return PayoutStart(
            id=self._call,
            rma=self._rma,
            kind=PayoutKind.GOODWILL,
            actor=self._actor.id,
            amount=amount,
            currency=currency,
            method=asked.method,
            note=self._keep(asked.note),
        )

    def exchange_payment(self, reference: str, amount: int) -> ExchangePayment:
        """The difference was paid."""
        return ExchangePayment(
            id=self._call,
            actor=self._actor.id,
            amount=amount,
            reference=self._keep(reference) or "",
        )

    def exchange_cancellation(self, note: str) -> ExchangeCancellation:
        """Money instead of an exchange."""
        return ExchangeCancellation(id=self._call, actor=self._actor.id, note=self._keep(note))

    def completion(self, task: str, note: str, choice: str) -> TaskCompletion:
        """A task that was done."""
        return TaskCompletion(
            id=self._call,
            actor=self._actor.id,
            task=task,
            note=self._keep(note),
            choice=choice,
        )

    def _keep(self, text: str) -> str | None:
        """Takes a text and gives its note's id; nothing for an empty one."""
        self._texts += 1
        if not text.strip():
            return None
        note = Note(
            id=str(uuid.uuid5(_NAMESPACE, f"{self._rma}/{self._call}/{self._texts}")),
            rma=self._rma,
            actor=self._actor.id,
            body=text.strip(),
            created_at=datetime.now(UTC),
        )
        self.notes.append(note)
        return note.id

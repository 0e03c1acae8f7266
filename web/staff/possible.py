"""What can be done to a return now, and by whom: which panels and forms its page shows.

The workflow has the last word; this only keeps the page from offering what it would refuse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.messages import (
    FINAL_STATUSES,
    TASKS_ENDED_BY_WORD,
    ExchangeStatus,
    ReturnStatus,
    TaskKind,
)
from models.store.desk_page import ReturnPage
from models.store.pricing import in_order_currency, left_to_refund
from models.store.reopening import why_not
from models.tables import OrderLine, Payment, Refund, Return, ReturnLine, Task
from web.access import Actor
from web.staff.words import STEP_OF

# The tasks that a decision ends, the one that counts first.
_DECIDED_BY = (TaskKind.SECOND_APPROVAL, TaskKind.DECIDE, TaskKind.PHOTO_AWAITED)
_NO_GOODWILL = frozenset({ReturnStatus.CLOSED, ReturnStatus.DECLINED, ReturnStatus.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineState:
    """An order line's units in this return; the dock counts by order line, not by return line."""

    order_line: OrderLine
    parts: Sequence[ReturnLine]

    @property
    def line(self) -> str:
        """The order line's id, as the gateway wants it."""
        return self.order_line.line

    @property
    def requested(self) -> int:
        """Units asked for."""
        return sum(part.requested for part in self.parts)

    @property
    def outstanding(self) -> int:
        """Approved units that neither came nor were given up."""
        return sum(
            part.approved - part.received - part.missing - part.kept - part.forgone
            for part in self.parts
        )

    @property
    def uninspected(self) -> int:
        """Units that came and nobody has looked at."""
        return sum(
            part.received + part.kept + part.forgone - part.accepted - part.rejected
            for part in self.parts
        )

    @property
    def missing(self) -> int:
        """Units that were given up; they may come after all."""
        return sum(part.missing for part in self.parts)

    @property
    def most(self) -> int:
        """Units that the dock may count."""
        return self.outstanding + self.missing + self.forgone

    @property
    def forgone(self) -> int:
        """Units that were refunded though they were lost; they may come after all."""
        return sum(part.forgone for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """The state of a return's page for one person; permissions are left to the templates."""

    lines: list[OrderLineState]
    decide: bool
    # The task whose words head the decision, while one is due.
    decision: Task | None
    # Why this person can decline but not approve.
    gave_first: bool
    # The task of the second approval, where money is to be given instead of an exchange.
    instead: Task | None
    above_limit: bool
    # What they may approve alone, in the order's currency; None: anything.
    limit: int | None
    receive: bool
    # The return has ended; what still comes is counted as an unexpected parcel, without money.
    late_parcel: bool
    inspect: bool
    inspection: Task | None
    label: bool
    label_failed: Task | None
    ship_exchange: Task | None
    cancel: bool
    reopen: bool
    # Whether it may still change, and the lines of the order that may come on top.
    change: bool
    change_more: list[OrderLine]
    # Who may give goodwill now; and what can still be refunded of the order, by payment too.
    goodwill: bool
    left: int
    payments_left: list[tuple[Payment, int]]
    # Refunds that a person has to settle, each with its task.
    stuck: list[tuple[Task, Refund]]
    by_word: list[Task]
    # How far along `words.STEPS` the return is; None when it ended off that way.
    step: int | None

    def others(self, refund: Refund) -> list[tuple[Payment, int]]:
        """Other payments of the order that can take all of a refund, and what each can."""
        return [
            (payment, left)
            for payment, left in self.payments_left
            if payment.id != refund.payment_id and left >= refund.amount
        ]

    @property
    def nothing_waits(self) -> bool:
        """No person has to do anything now."""
        forms = (self.decide, self.instead, self.inspect, self.label_failed, self.ship_exchange)
        return not (any(forms) or self.stuck or self.by_word)


def find_possible(page: ReturnPage, actor: Actor) -> Possible:
    """Works out what can be done on this page."""
    row = page.return_
    ended = row.status in FINAL_STATUSES
    lines = _by_order_line(row.lines)
    kinds = {task.kind: task for task in page.tasks}
    expected = any(line.outstanding > 0 for line in lines)
    may_come = any(line.most for line in lines)
    refunds = {refund.id: refund for refund in page.refunds}
    stuck = [
        (task, refunds[task.refund])
        for task in page.tasks
        if task.kind == TaskKind.REFUND_FAILED and task.refund in refunds
    ]
    left = left_to_refund(row.order)
    limit = actor.approval_limit
    if limit is not None:
        limit = in_order_currency(row.order, limit)
    settled_by_form = {task.id for task, _ in stuck}
    return Possible(
        lines=lines,
        decide=row.status == ReturnStatus.REQUESTED,
        decision=next((kinds[kind] for kind in _DECIDED_BY if kind in kinds), None),
        gave_first=TaskKind.SECOND_APPROVAL in kinds and page.first_approver == actor.id,
        instead=kinds.get(TaskKind.SECOND_APPROVAL)
        if row.status != ReturnStatus.REQUESTED
        else None,
        above_limit=limit is not None and row.quote_total > limit,
        limit=limit,
        receive=not ended and may_come,
        late_parcel=ended,
        inspect=not ended and any(line.uninspected > 0 for line in lines),
        inspection=kinds.get(TaskKind.INSPECT),
        label=not ended and expected and not any(part.received for part in row.lines),
        label_failed=kinds.get(TaskKind.LABEL_FAILED),
        ship_exchange=kinds.get(TaskKind.SHIP_EXCHANGE),
        reopen=why_not(row, kinds) is None,
        cancel=not ended
        and not any(part.accepted or part.rejected or part.ahead for part in row.lines),
        change=_may_change(row),
        change_more=[
            line
            for line in row.order.lines
            if row.status == ReturnStatus.REQUESTED
            and line.reserved_units < line.quantity
            and line.id not in {part.order_line_id for part in row.lines}
        ]
        if _may_change(row)
        else [],
        goodwill=left > 0
        and (row.status not in _NO_GOODWILL or TaskKind.UNEXPECTED_PARCEL in kinds),
        left=left,
        payments_left=[
            (payment, payment.amount - payment.reserved) for payment in row.order.payments
        ],
        stuck=stuck,
        by_word=[
            task
            for task in page.tasks
            if task.kind in TASKS_ENDED_BY_WORD
            or (task.kind == TaskKind.REFUND_FAILED and task.id not in settled_by_form)
        ],
        step=_step(row),
    )


def _may_change(row: Return) -> bool:
    sent = row.exchange is not None and row.exchange.status == ExchangeStatus.SHIPPED
    return (
        row.status not in FINAL_STATUSES
        and not sent
        and not any(part.accepted or part.rejected or part.ahead for part in row.lines)
    )


def _step(row: Return) -> int | None:
    if row.status != ReturnStatus.NEEDS_ATTENTION:
        return STEP_OF.get(row.status)
    # A task holds it up; the units tell where.
    if any(part.accepted or part.rejected for part in row.lines):
        return STEP_OF[ReturnStatus.INSPECTED]
    if any(part.received for part in row.lines):
        return STEP_OF[ReturnStatus.RECEIVED]
    return STEP_OF[ReturnStatus.APPROVED]


def _by_order_line(parts: Sequence[ReturnLine]) -> list[OrderLineState]:
    found: dict[int, list[ReturnLine]] = {}
    for part in parts:
        found.setdefault(part.order_line_id, []).append(part)
    return [OrderLineState(order_line=group[0].order_line, parts=group) for group in found.values()]

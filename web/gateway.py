"""The few calls that the API, the staff UI and the command line share.

Each stores what must not pass through Temporal (notes, comments, contacts), sends the message to
the return's workflow, and answers where the return stands.
"""

import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.database import Database
from models.messages import (
    CarrierEvent,
    Deadlines,
    DecisionKind,
    LabelRequest,
    RefundNews,
    RefundRetry,
    RefundStatus,
    Refusal,
    ReturnStart,
    ReturnStatus,
    TaskKind,
)
from models.money import to_text
from models.rules.quote import Quote
from models.rules.rma import make_rma
from models.settings import Settings
from models.store import late
from models.store.refunds import RefundNotPossible
from models.store.returns import judge_request
from models.store.scans import keep_scan
from models.tables import Event, Note, Order, Refund, Return, Submission, Task
from web.access import TASK_PERMISSIONS, Actor
from web.composer import Composer
from web.delivery import Delivery, Message, NoAnswer, WorkflowEnded
from web.requests import (
    Answer,
    Conflict,
    DecisionRequest,
    Forbidden,
    InspectionRequest,
    NotFound,
    ReceiptRequest,
    Refused,
    ReturnRequest,
    ScanRequest,
)
from web.submissions import check_override, make_submission, requested_lines
from web.temporal import TemporalBridge

Sent = TypeVar("Sent", bound=Message)

# The one way to settle a refund by hand; the row keeps the person's reference to it.
PAID_BY_HAND = "paid_by_hand"


def new_rma() -> str:
    """A fresh RMA number."""
    return make_rma(secrets.randbelow(32**7))


def free_rma(database: Database) -> str:
    """A number that no return has, nor one that is still being recorded."""
    while True:
        rma = new_rma()
        with database.read() as session:
            if session.get(Return, rma) is None and session.get(Submission, rma) is None:
                return rma


class Gateway:
    """What can be asked of Redress. Every method raises `GatewayError` when it refuses, and has
    then changed nothing. `id` names a call, so that repeating it is harmless.
    """

    def __init__(self, settings: Settings, database: Database, bridge: TemporalBridge) -> None:
        """Takes what it works with."""
        self._settings = settings
        self._database = database
        self._delivery = Delivery(bridge, settings.task_queue)

    # --- asking for a return ---------------------------------------------------------------

    def quote(self, request: ReturnRequest, actor: Actor, *, at: datetime | None = None) -> Quote:
        """What a return would give, with nothing stored.

        Raises:
            NotFound: there is no such order.
            Refused: it isn't eligible.
        """
        check_override(request, actor)
        with self._database.read() as session:
            if session.get(Order, request.order) is None:
                raise NotFound(f"There is no order {request.order}.")
            judged = judge_request(
                session,
                order=request.order,
                lines=requested_lines(request),
                kind=request.kind,
                resolution=request.resolution,
                override=request.override_reason is not None,
                at=at or datetime.now(UTC),
            )
        if judged.quote is None:
            raise Refused(judged.refusals)
        return judged.quote

    def request_return(
        self,
        request: ReturnRequest,
        actor: Actor,
        *,
        rma: str | None = None,
        deadlines: Deadlines | None = None,
        judged_at: datetime | None = None,
    ) -> Answer:
        """Starts a return.

        Args:
            request: what comes back and why.
            actor: who asks.
            rma: from `free_rma`, when the caller has to know it beforehand.
            deadlines: instead of the settings' ones.
            judged_at: when the request is taken to be made; None: now.

        Raises:
            NotFound: there is no such order.
            Refused: it isn't eligible.
            Unavailable: Temporal can't be reached.
        """
        rma = rma or free_rma(self._database)
        if self._status_of(rma) is None:
            # Refused here, most requests never reach Temporal; the workflow judges again, for good.
            self.quote(request, actor, at=judged_at)
        with self._database.write() as session:
            if session.get(Return, rma) is None:
                session.merge(make_submission(request, rma, actor))
        start = ReturnStart(
            rma=rma,
            order=request.order,
            lines=requested_lines(request),
            actor=actor.id,
            deadlines=deadlines or self._settings.deadlines,
            kind=request.kind,
            resolution=request.resolution,
            judged_at=judged_at.isoformat() if judged_at else None,
            override=request.override_reason is not None,
        )
        try:
            state = self._delivery.start(start)
        except NoAnswer:
            return Answer(rma=rma, status=ReturnStatus.REQUESTED, settled=False)
        except WorkflowEnded:
            status = self._status_of(rma)
            if status is None:
                raise Refused(
                    [Refusal(code="refused", message="This request was refused before.")]
                ) from None
            return Answer(rma=rma, status=status)
        return Answer(rma=rma, status=state.status)

    # --- deciding --------------------------------------------------------------------------

    def decide(
        self, rma: str, asked: DecisionRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Approves or declines, whole or line by line."""
        self._require(rma)
        self._check_limit(rma, asked, actor)
        return self._send(rma, actor, id, lambda notes: notes.decision(asked))

    def _check_limit(self, rma: str, asked: DecisionRequest, actor: Actor) -> None:
        kinds = {asked.decision, *(part.decision for part in asked.lines)}
        if actor.approval_limit is None or DecisionKind.APPROVE not in kinds:
            return
        with self._database.read() as session:
            row = session.get(Return, rma)
        if row is not None and row.quote_total > actor.approval_limit:
            limit = to_text(actor.approval_limit, row.currency)
            raise Forbidden(
                f"You may approve up to {limit} {row.currency}; "
                "ask somebody with a higher limit to approve this return.",
                code="above_limit",
            )

    def cancel(self, rma: str, note: str, actor: Actor, *, id: str | None = None) -> Answer:
        """Ends a return before anything was inspected."""
        return self._send(rma, actor, id, lambda notes: notes.cancellation(note))

    # --- the way back ----------------------------------------------------------------------

    def make_label(self, rma: str, actor: Actor, *, id: str | None = None) -> Answer:
        """Has the label made, again if need be."""
        return self._deliver(rma, LabelRequest(id=_call_id(id), actor=actor.id))

    def scan(self, rma: str, asked: ScanRequest, actor: Actor) -> Answer:
        """Takes a carrier's scan; one event id counts once. After the end it is only kept."""
        self._require(rma)
        with self._database.write() as session:
            keep_scan(session, rma, asked.event_id, asked.status, asked.at, asked.detail)
        event = CarrierEvent(
            id=asked.event_id, status=asked.status, at=asked.at.isoformat(), actor=actor.id
        )
        return self._deliver(rma, event, late=lambda _session: None)

    def receive(
        self, rma: str, asked: ReceiptRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Counts goods in. For a return that has ended it is kept as an unexpected parcel."""
        return self._send(
            rma,
            actor,
            id,
            lambda notes: notes.receipt(asked),
            late=lambda session, receipt: late.keep_parcel(
                session, rma, receipt, datetime.now(UTC)
            ),
        )

    def inspect(
        self, rma: str, asked: InspectionRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Takes the verdict on what came; what is accepted is refunded at once."""
        return self._send(rma, actor, id, lambda notes: notes.inspection(asked))

    # --- money that needs a person -----------------------------------------------------------

    def retry_refund(self, rma: str, refund: str, actor: Actor, *, id: str | None = None) -> Answer:
        """Tries a refund again that could not be paid."""
        return self._deliver(rma, RefundRetry(id=_call_id(id), actor=actor.id, refund=refund))

    def resolve_manually(
        self,
        rma: str,
        refund: str,
        method: str,
        reference: str,
        note: str,
        actor: Actor,
        *,
        id: str | None = None,
    ) -> Answer:
        """Records that a person paid a refund in another way, after the end of the return, too."""
        if method != PAID_BY_HAND:
            message = f"{method} is not offered here; use {PAID_BY_HAND}."
            raise Refused(
                [Refusal(code="unknown_method", message=message, pointer="/method")],
                code="invalid",
            )

        return self._send(
            rma,
            actor,
            id,
            lambda notes: notes.manual_resolution(refund, method, reference, note),
            late=lambda session, paid: late.pay_by_hand(session, rma, paid, datetime.now(UTC)),
        )

    def refund_news(
        self,
        event_id: str,
        provider_reference: str,
        refund: str,
        status: RefundStatus,
        failure: str | None,
    ) -> None:
        """Takes what a payment provider reports of a refund; an unknown refund is ignored."""
        with self._database.read() as session:
            row = session.get(Refund, refund)
        if row is None:
            return
        now = datetime.now(UTC)
        news = RefundNews(
            id=event_id,
            refund=refund,
            status=status,
            at=now.isoformat(),
            provider_reference=provider_reference,
            failure=failure,
        )
        try:
            self._delivery.tell(row.rma, news)
        except WorkflowEnded:
            with self._database.write() as session:
                late.keep_refund_news(session, row.rma, news, now)

    # --- tasks -------------------------------------------------------------------------------

    def claim_task(self, task: str, actor: Actor, *, id: str | None = None) -> Answer:
        """Puts a person's name on a task; claiming one's own again changes nothing."""
        with self._database.write() as session:
            row = _open_task(session, task, actor, lock=True)
            if actor.user_id is None:
                raise Forbidden("Only a person can claim a task.", code="not_a_person")
            if row.owner_id not in (None, actor.user_id):
                raise Conflict("Somebody else has claimed this task.", code="task_claimed")
            row.owner_id = actor.user_id
            row.status = "claimed"
            return Answer(rma=row.rma, status=ReturnStatus(row.return_.status))

    def complete_task(self, task: str, note: str, actor: Actor, *, id: str | None = None) -> Answer:
        """Ends a task that a person has done."""
        with self._database.read() as session:
            rma = _open_task(session, task, actor).rma
        return self._send(
            rma,
            actor,
            id,
            lambda notes: notes.completion(task, note),
            late=lambda session, done: late.complete_task(session, done, datetime.now(UTC)),
        )

    # --- helpers -----------------------------------------------------------------------------

    def _send(
        self,
        rma: str,
        actor: Actor,
        id: str | None,
        make: Callable[[Composer], Sent],
        late: Callable[[Session, Sent], None] | None = None,
    ) -> Answer:
        """Stores a message's notes and delivers it; a refused one leaves no note behind.

        `late` keeps the message instead when the return has ended.
        """
        self._require(rma)
        composer = Composer(rma, actor, _call_id(id))
        message = make(composer)
        if composer.notes:
            with self._database.write() as session:
                for note in composer.notes:
                    session.merge(note)
        try:
            return self._deliver(
                rma, message, None if late is None else lambda session: late(session, message)
            )
        except (Conflict, Refused):
            self._forget([note.id for note in composer.notes])
            raise

    def _forget(self, notes: list[str]) -> None:
        """Removes notes that no timeline tells of; a repeated call's first notes stay."""
        if not notes:
            return
        told = select(Event.note_id).where(Event.note_id.in_(notes))
        with self._database.write() as session:
            session.execute(delete(Note).where(Note.id.in_(notes), Note.id.not_in(told)))

    def _deliver(
        self, rma: str, message: Message, late: Callable[[Session], None] | None = None
    ) -> Answer:
        """Brings a message to the return; `late` keeps it instead when the return has ended."""
        status = self._require(rma)
        try:
            state = self._delivery.deliver(rma, message)
        except NoAnswer:
            return Answer(rma=rma, status=self._status_of(rma) or status, settled=False)
        except WorkflowEnded:
            status = self._status_of(rma) or status
            ended = Conflict(
                f"This return has ended; it is {status}.", code="already_ended", state=status
            )
        except Conflict as conflict:
            status = conflict.state = self._status_of(rma) or status
            if conflict.code != "already_ended":
                raise
            ended = conflict
        else:
            return Answer(rma=rma, status=state.status)
        if late is None:
            raise ended
        try:
            with self._database.write() as session:
                late(session)
        except RefundNotPossible as error:
            raise Conflict(str(error), code="refund_not_possible", state=status) from error
        return Answer(rma=rma, status=status)

    def _require(self, rma: str) -> ReturnStatus:
        status = self._status_of(rma)
        if status is not None:
            return status
        with self._database.read() as session:
            if session.get(Submission, rma) is not None:
                raise Conflict(
                    "This return is still being recorded; try again in a moment.",
                    code="not_recorded",
                    state=ReturnStatus.REQUESTED,
                )
        raise NotFound(f"There is no return {rma}.")

    def _status_of(self, rma: str) -> ReturnStatus | None:
        with self._database.read() as session:
            found = session.scalar(select(Return.status).where(Return.rma == rma))
        return None if found is None else ReturnStatus(found)


def _call_id(given: str | None) -> str:
    return given or str(uuid.uuid4())


def _open_task(session: Session, task: str, actor: Actor, *, lock: bool = False) -> Task:
    """A task that still waits, for somebody whose work it is."""
    row = session.get(Task, task, with_for_update=lock or None)
    if row is None:
        raise NotFound("There is no such task.")
    needed = TASK_PERMISSIONS[TaskKind(row.kind)]
    if not actor.may(needed):
        raise Forbidden(f"This task is for people who may {needed}.", code="not_your_work")
    if row.status == "done":
        raise Conflict("This task is done already.", code="task_not_open")
    return row

"""The few calls that the API, the staff UI and the command line share.

Each stores what must not pass through Temporal (notes, comments, contacts), sends the message to
the return's workflow, and answers where the return stands.
"""

import secrets
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from models.database import Database
from models.messages import (
    DISPUTE_TASKS,
    Deadlines,
    DecisionKind,
    Refusal,
    RequestedLine,
    Resolution,
    ReturnKind,
    ReturnStart,
    ReturnStatus,
    TaskChoice,
    TaskKind,
    erp_workflow_id,
)
from models.rules import refused as rules
from models.rules.quote_lines import Quote
from models.rules.rma import make_rma
from models.rules.task_choices import check_choice, check_reference
from models.store import late
from models.store.goodwill import paid_since_parcel
from models.store.judging import judge_request
from models.store.reopening import open_task_kinds, reopenings, why_not
from models.tables import Order, Return, Submission, Task
from web.access import TASK_PERMISSIONS, Actor, Permission
from web.amending_gateway import AmendingGateway
from web.approval_limits import check_limit
from web.composer import Composer
from web.delivery import NoAnswer, WorkflowEnded
from web.exchange_gateway import ExchangeGateway
from web.messenger import call_id
from web.money_gateway import MoneyGateway
from web.parcel_gateway import ParcelGateway
from web.photo_gateway import PhotoGateway
from web.policy_gateway import PolicyGateway
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
)
from web.submissions import (
    check_contact,
    check_override,
    check_reference_free,
    make_submission,
    requested_lines,
)


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


class Gateway(
    AmendingGateway, ExchangeGateway, MoneyGateway, ParcelGateway, PhotoGateway, PolicyGateway
):
    """What can be asked of Redress. Every method raises `GatewayError` when it refuses, and has
    then changed nothing. `id` names a call, so that repeating it is harmless.
    """

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
            with self._database.read() as session:
                # First, so that who asks twice without a key learns which return it was.
                check_reference_free(session, request, actor)
            self.quote(request, actor, at=judged_at)
            with self._database.read() as session:
                check_contact(session, request)
        with self._database.write() as session:
            if session.get(Return, rma) is None:
                session.merge(make_submission(request, rma, actor))
        start = ReturnStart(
            rma=rma,
            order=request.order,
            lines=requested_lines(request),
            actor=actor.id,
            deadlines=deadlines or self.deadlines(),
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
            row = session.get_one(Return, rma)
            check_limit(row, row.quote_total, actor)

    def cancel(self, rma: str, note: str, actor: Actor, *, id: str | None = None) -> Answer:
        """Ends a return before anything was inspected."""
        return self._send(rma, actor, id, lambda notes: notes.cancellation(note))

    def reopen(self, rma: str, note: str, actor: Actor, *, id: str | None = None) -> Answer:
        """Opens a return again that was declined, cancelled, refused or has expired.

        Raises:
            Conflict: it can't be; the sentence says what to do instead, or which units are gone.
        """
        self._require(rma)
        composer = Composer(rma, actor, call_id(id))
        with self._database.write() as session:
            row = session.get_one(Return, rma)
            status = ReturnStatus(row.status)
            if (refusal := why_not(row, open_task_kinds(session, rma))) is not None:
                raise Conflict(refusal.message, code=refusal.code, state=status)
            anew = status is not ReturnStatus.REJECTED
            reason = composer.reason(note)
            start = self._start_again(row, reason, actor)
            if anew:
                for kept in composer.notes:
                    session.merge(kept)
        if not anew:
            # It waits for its goods to be sent back, so that its workflow runs.
            return self._send(rma, actor, id, lambda notes: notes.reinspection(note))
        try:
            state = self._delivery.start(start)
        except NoAnswer:
            return Answer(rma=rma, status=status, settled=False)
        except WorkflowEnded:
            return Answer(rma=rma, status=self._status_of(rma) or status)
        except Refused as refused:
            self._forget([kept.id for kept in composer.notes])
            first = refused.refusals[0]
            raise Conflict(refused.detail, code=first.code, state=status) from refused
        return Answer(rma=rma, status=state.status)

    def _start_again(self, row: Return, note: str | None, actor: Actor) -> ReturnStart:
        return ReturnStart(
            rma=row.rma,
            order=row.order_number,
            lines=[
                RequestedLine(
                    line=line.order_line.line,
                    quantity=line.requested,
                    reason=line.reason,
                    resolution=Resolution(line.resolution),
                )
                for line in row.lines
            ],
            actor=actor.id,
            deadlines=self.deadlines(),
            kind=ReturnKind(row.kind),
            resolution=Resolution(row.resolution),
            override=row.override_reason is not None,
            reopening=reopenings(row) + 1,
            note=note,
        )

    # --- the dock --------------------------------------------------------------------------

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

    # --- tasks -------------------------------------------------------------------------------

    def claim_task(
        self, task: str, actor: Actor, *, id: str | None = None, note: str = ""
    ) -> Answer:
        """Puts a person's name on a task, with what they say of it; claiming one's own again
        without a note changes nothing.
        """
        with self._database.write() as session:
            row = _open_task(session, task, actor, lock=True)
            if actor.user_id is None:
                raise Forbidden("Only a person can claim a task.", code="not_a_person")
            if row.owner_id not in (None, actor.user_id):
                raise Conflict("Somebody else has claimed this task.", code="task_claimed")
            row.owner_id = actor.user_id
            row.status = "claimed"
            composer = Composer(row.rma or "", actor, call_id(id))
            said = composer.reason(note)
            if said is not None:
                for kept in composer.notes:
                    session.merge(kept)
                session.flush()
                row.note_id = said
            return _answer_of(row)

    def release_task(self, task: str, actor: Actor, *, id: str | None = None) -> Answer:
        """Takes a person's name off a task: their own, or a manager anybody's."""
        with self._database.write() as session:
            row = _open_task(session, task, actor, lock=True)
            mine = row.owner_id in (None, actor.user_id)
            if not mine and not actor.may(Permission.POLICY):
                raise Conflict(
                    "Somebody else has claimed this task; they or a manager can give it back.",
                    code="task_claimed",
                )
            row.owner_id = None
            row.note_id = None
            row.status = "open"
            return _answer_of(row)

    def complete_task(
        self, task: str, note: str, actor: Actor, *, id: str | None = None, choice: str = ""
    ) -> Answer:
        """Ends a task that a person has done; `choice` where it can end in more than one way."""
        with self._database.read() as session:
            row = _open_task(session, task, actor)
            rma, kind, parcel = row.rma, TaskKind(row.kind), row.parcel_id
            paid = paid_since_parcel(session, row)
        if parcel is not None:
            raise Conflict(
                "This task ends when its parcel is matched to a return, or its case is closed.",
                code="task_needs_its_step",
            )
        try:
            check_choice(kind, choice)
            check_reference(kind, choice, note)
        except rules.Refused as refused:
            raise Refused([refused.refusal], code="invalid") from refused
        if kind is TaskKind.UNEXPECTED_PARCEL and choice == TaskChoice.REFUND and not paid:
            raise Conflict(
                "Nothing was paid for this parcel yet. Give the money as goodwill first "
                f"(POST /returns/{rma}/goodwill, or Give goodwill on the page of the return), then "
                "end this task with refund.",
                code="not_paid",
            )
        if rma is None or kind in DISPUTE_TASKS:
            return self._complete_beside(rma, task, note, choice, actor, id)
        return self._send(
            rma,
            actor,
            id,
            lambda notes: notes.completion(task, note, choice),
            late=lambda session, done: late.complete_task(session, done, datetime.now(UTC)),
            to=erp_workflow_id(rma) if kind is TaskKind.ERP_FAILED else None,
        )


def _answer_of(task: Task) -> Answer:
    """Where a task's return stands; of a parcel without one, nothing more is to be told."""
    if task.return_ is None:
        return Answer(rma="", status=ReturnStatus.NEEDS_ATTENTION)
    return Answer(rma=task.return_.rma, status=ReturnStatus(task.return_.status))


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

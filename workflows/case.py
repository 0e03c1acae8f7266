"""What a return's workflow knows and remembers: the state its steps work on."""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.notifications import Notifications
    from models.messages import (
        Assessment,
        EventKind,
        MailOrder,
        ReturnStart,
        ReturnState,
        ReturnStatus,
        TaskKind,
        Template,
        Wait,
    )
    from models.rules.payouts import Payouts, Transaction
    from models.rules.progress import Progress
    from workflows import options
    from workflows.recorder import Recorder

# Who acted when no person did.
POLICY = "policy"
SYSTEM = "redress"


class Case:
    """One return: its counters, its money, its deadlines and what is still to do.

    Whoever changes it holds `lock` and calls `write` before letting go.
    """

    def __init__(self, start: ReturnStart) -> None:
        """Begins with nothing but the request."""
        self.start = start
        self.progress = Progress.of(start.lines)
        self.payouts = Payouts()
        self.recorder = Recorder(start.rma)
        self.lock = asyncio.Lock()
        self.assessment: Assessment | None = None
        # Ids of messages already carried out: an Update and its Signal count once.
        self.seen: set[str] = set()
        # Something happened that `run` should look at.
        self.news = False
        self.label_wanted = False
        self.labels_made = 0
        self.reminded = False
        self.delay_told = False
        self.inspection_overdue = False
        self.sent_back = 0
        self.approved_at: datetime | None = None
        self.moved_at: datetime | None = None
        # The carrier's own time of the newest scan; scans come in any order.
        self.scanned_at: datetime | None = None
        self.received_at: datetime | None = None
        self.resolved_at: datetime | None = None
        self._mails: list[asyncio.Task[None]] = []

    @property
    def state(self) -> ReturnState:
        """What an Update answers."""
        return ReturnState(rma=self.start.rma, status=self.progress.status)

    async def write(self) -> None:
        """Records the present state; the caller holds the lock."""
        self._note_resolution()
        due = {name: at.isoformat() for name, at in self.deadlines().items()}
        await self.recorder.write(self.progress, due)
        self.news = True

    def _note_resolution(self) -> None:
        resolved = self.progress.status is ReturnStatus.RESOLVED
        if resolved and self.resolved_at is None:
            self.resolved_at = workflow.now()
            self.recorder.tell(EventKind.RESOLVED, SYSTEM)
            self.mail(Template.REFUNDED)
        elif not resolved and not self.progress.ended:
            self.resolved_at = None

    def deadlines(self) -> dict[str, datetime]:
        """What the return waits for now, by name."""
        progress, limits = self.progress, self.start.deadlines
        due: dict[str, datetime] = {}
        if progress.ended or not progress.decided:
            return due
        if progress.outstanding_units:
            due.update(self._parcel_deadlines())
        if progress.uninspected_units and self.received_at and not self.inspection_overdue:
            due[Wait.INSPECTION] = self.received_at + timedelta(seconds=limits.inspection_due)
        if self.resolved_at and not self.recorder.open_tasks:
            due[Wait.FOLLOW_UP] = self.resolved_at + timedelta(seconds=limits.follow_up_after)
        return due

    def _parcel_deadlines(self) -> dict[str, datetime]:
        limits = self.start.deadlines
        if self.received_at:
            return {Wait.MISSING: self.received_at + timedelta(seconds=limits.missing_deadline)}
        if self.progress.lost:
            return {}
        if self.moved_at:
            return {Wait.NO_MOVEMENT: self.moved_at + timedelta(seconds=limits.no_movement)}
        if not self.approved_at:
            return {}
        due: dict[str, datetime] = {
            Wait.PARCEL: self.approved_at + timedelta(seconds=limits.parcel_deadline)
        }
        if self.progress.label_made and not self.reminded and self.mailable:
            due[Wait.REMINDER] = self.approved_at + timedelta(seconds=limits.label_reminder)
        return due

    # --- telling the customer --------------------------------------------------------------

    @property
    def mailable(self) -> bool:
        """The customer can be written to."""
        return self.assessment is not None and self.assessment.mailable

    def mail(self, template: Template) -> None:
        """Writes to the customer, beside everything else: mail never holds a return up."""
        if self.mailable:
            self._mails.append(asyncio.create_task(self._send(template, len(self._mails) + 1)))

    async def _send(self, template: Template, number: int) -> None:
        try:
            await workflow.execute_activity_method(
                Notifications.send_mail,
                MailOrder(
                    rma=self.start.rma,
                    key=f"{self.start.rma}/mail/{number}",
                    template=template,
                    at=workflow.now().isoformat(),
                ),
                start_to_close_timeout=options.MAIL_TIMEOUT,
                schedule_to_close_timeout=options.MAIL_GIVES_UP_AFTER,
                heartbeat_timeout=options.WORKER_SILENT_FOR,
                retry_policy=options.MAIL_RETRY,
                summary=f"Mail: {template}",
            )
        except ActivityError:
            async with self.lock:
                self.recorder.tell(
                    EventKind.MAIL_FAILED,
                    SYSTEM,
                    template=template,
                    problem="the mail server gave no answer",
                )
                await self.write()

    @property
    def mailing(self) -> bool:
        """A mail has neither gone nor been given up."""
        return any(not mail.done() for mail in self._mails)

    # --- people and money ------------------------------------------------------------------

    def block(self, kind: TaskKind, refund: str | None = None) -> str:
        """Opens a task that holds the return until a person acts."""
        task = self.recorder.open_task(kind, options.TASK_DUE, refund)
        self.progress.blocked_by.add(task)
        return task

    def unblock(self, kind: TaskKind, by: str, refund: str | None = None) -> None:
        """Closes the tasks of a kind (of one refund, when given) that hold the return."""
        for task in self.recorder.tasks_of(kind, refund):
            self.recorder.close_task(task, by)
            self.progress.blocked_by.discard(task)

    def count_refunded(self) -> None:
        """Carries what arrived at the customer over to the lines."""
        paid = self.payouts.refunded() or [0] * len(self.progress.lines)
        for line, units in zip(self.progress.lines, paid, strict=True):
            line.refunded = units

    def find_refund(self, refund: str) -> Transaction | None:
        """A refund transaction of this return."""
        return self.payouts.transactions.get(refund)


def is_time(text: str) -> bool:
    """Whether a message's time can be read and has its zone; an operator may have typed it."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def words_of(error: ActivityError) -> str:
    """What to show a person of an activity that was given up."""
    cause = error.cause
    return cause.message if isinstance(cause, ApplicationError) else "no answer in time"

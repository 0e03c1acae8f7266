"""What a return's workflow knows and remembers: the state its steps work on."""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.records import Records
    from models.messages import (
        Assessment,
        EventKind,
        ReturnProgress,
        ReturnStart,
        ReturnState,
        ReturnStatus,
        TaskKind,
        Template,
        Wait,
    )
    from models.rules.progress import Progress
    from workflows import options
    from workflows.claims import Claim
    from workflows.local import run_local
    from workflows.matter import POLICY, SYSTEM, Matter
    from workflows.recorder import Recorder


class Case(Matter):
    """One return: its counters, its money, its deadlines and what is still to do.

    Whoever changes it holds `lock` and calls `write` before letting go.
    """

    def __init__(self, start: ReturnStart) -> None:
        """Begins with nothing but the request."""
        again = f"reopened/{start.reopening}/" if start.reopening else ""
        # What the keys of its mails, labels and grants begin with.
        self.keys = f"{start.rma}/{again}".rstrip("/")
        super().__init__(start.rma, Recorder(again), self.keys)
        self.start = start
        self.progress = Progress.of(start.lines)
        self.assessment: Assessment | None = None
        # Something happened that `run` should look at.
        self.news = False
        self.label_wanted = False
        self.labels_made = 0
        self.reminded = False
        self.gave_credit = False
        self.gave_money = False
        self.exchanged = False
        # Which change of mind what goes out comes from; 0: nothing does any more.
        self.exchange_round = 1
        self.inspection_overdue = False
        self.sent_back = 0
        # Refused units that were paid ahead and paid back: the customer's again.
        self.bought_back = 0
        # What was paid ahead and is asked back, by task: for units, and for whatever reason.
        self.claims: dict[str, Claim] = {}
        self.asked: dict[str, Claim] = {}
        self.claimed_lost = 0
        self.claimed_graded = self.claimed_by_grade = self.claimed_grade_tax = 0
        self.lost_claim = self.claim_currency = ""
        # The carrier was asked to pay for the parcel, and has not been let off.
        self.carrier_asked = False
        self.approved_at: datetime | None = None
        self.moved_at: datetime | None = None
        # By the newest scan the carrier has it and brings it.
        self.on_its_way = False
        # The carrier's own time of the newest scan; scans come in any order.
        self.scanned_at: datetime | None = None
        self.received_at: datetime | None = None
        self.resolved_at: datetime | None = None
        self.withdrawn_at: datetime | None = None
        self.withdrawal_told = False
        # Since when the request waits for a photo, if it does.
        self.photo_asked_at: datetime | None = None
        self.photo_reminded = self.photo_given_up = False

    @property
    def state(self) -> ReturnState:
        """What an Update answers."""
        return ReturnState(rma=self.start.rma, status=self.progress.status)

    async def write(self) -> None:
        """Records the present state; the caller holds the lock."""
        self._note_resolution()
        events, tasks = self.recorder.take()
        await run_local(
            Records.save_progress,
            ReturnProgress(
                rma=self.rma,
                at=workflow.now().isoformat(),
                status=self.progress.status,
                lines=self.progress.snapshot(),
                events=events,
                tasks=tasks,
                deadlines={name: at.isoformat() for name, at in self.deadlines().items()},
                workflow=workflow.info().workflow_id,
            ),
            summary=f"Record: {self.progress.status}",
        )
        self.news = True

    def _note_resolution(self) -> None:
        resolved = self.progress.status is ReturnStatus.RESOLVED
        if resolved and self.resolved_at is None:
            self.resolved_at = workflow.now()
            self.recorder.close_tasks(TaskKind.WITHDRAWAL_DUE, SYSTEM)
            self.recorder.tell(EventKind.RESOLVED, SYSTEM)
            # Whoever got nothing but store credit, or was paid ahead, has its mail already.
            told = (self.gave_credit or self.exchanged) and not self.gave_money
            if not told and not self.progress.ahead_units:
                self.mail(Template.REFUNDED)
        elif not resolved and not self.progress.ended:
            self.resolved_at = None

    def deadlines(self) -> dict[str, datetime]:
        """What the return waits for now, by name."""
        progress, limits = self.progress, self.start.deadlines
        due: dict[str, datetime] = {}
        if progress.ended:
            return due
        if not progress.decided:
            return self._photo_deadlines()
        if progress.outstanding_units:
            due.update(self._parcel_deadlines())
        if progress.uninspected_units and self.received_at and not self.inspection_overdue:
            due[Wait.INSPECTION] = self.received_at + timedelta(seconds=limits.inspection_due)
        if self.withdrawn_at and not (self.withdrawal_told or self.resolved_at):
            due[Wait.WITHDRAWAL] = self.withdrawn_at + options.WITHDRAWAL_TOLD_AFTER
        if self.resolved_at and not self.recorder.waits:
            due[Wait.FOLLOW_UP] = self.resolved_at + timedelta(seconds=limits.follow_up_after)
        return due

    def _photo_deadlines(self) -> dict[str, datetime]:
        if self.photo_asked_at is None:
            return {}
        seconds = self.start.deadlines.photo_deadline
        due: dict[str, datetime] = {Wait.PHOTO: self.photo_asked_at + timedelta(seconds=seconds)}
        if self.mailable and not self.photo_reminded:
            due[Wait.PHOTO_REMINDER] = self.photo_asked_at + timedelta(seconds=seconds / 2)
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

    def approve_by_policy(self, assessment: Assessment) -> None:
        """The policy approves without a person."""
        self.progress.approve_all()
        units = sum(line.approved for line in self.progress.lines)
        rule = {"rule": assessment.rule} if assessment.rule else {}
        self.recorder.tell(EventKind.APPROVED, POLICY, units=units, by_policy=1, **rule)
        self.go_on_approved(assessment)

    def go_on_approved(self, assessment: Assessment) -> None:
        """After the approval: the goods come back, or the customer keeps them."""
        if assessment.keep_item:
            self.recorder.tell(EventKind.KEPT, POLICY, units=self.progress.let_keep())
        else:
            self.approved_at = workflow.now()
            self.label_wanted = True

    # --- people and money ------------------------------------------------------------------

    @property
    def recorded(self) -> bool:
        """The request was judged."""
        return self.assessment is not None

    @property
    def refused(self) -> bool:
        """The request was refused."""
        return self.assessment is not None and bool(self.assessment.refusals)

    @property
    def mailable(self) -> bool:
        """The customer can be written to."""
        return self.assessment is not None and self.assessment.mailable

    def ended_words(self) -> str | None:
        """A return that has ended takes no steps."""
        return (
            f"This return has ended; it is {self.progress.status}." if self.progress.ended else None
        )

    @property
    def claimed(self) -> int:
        """Units whose money is or was asked back, those of a lost parcel apart."""
        return sum(claim.units for claim in self.claims.values())

    @property
    def claimed_amount(self) -> int:
        """What is or was asked back for them, in minor units."""
        return sum(claim.amount for claim in self.claims.values())

    def block(self, kind: TaskKind, refund: str | None = None) -> str:
        """Opens a task that holds the return until a person acts."""
        task = super().block(kind, refund)
        self.progress.blocked_by.add(task)
        return task

    def unblock(self, kind: TaskKind, by: str, refund: str | None = None) -> None:
        """Closes the tasks of a kind (of one refund, when given) that hold the return."""
        self.progress.blocked_by.difference_update(self.recorder.tasks_of(kind, refund))
        super().unblock(kind, by, refund)

    def count_refunded(self) -> None:
        """Carries what arrived at the customer over to the lines."""
        paid = self.payouts.refunded() or [0] * len(self.progress.lines)
        for line, units in zip(self.progress.lines, paid, strict=True):
            line.refunded = units

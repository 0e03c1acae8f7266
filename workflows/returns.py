"""The life of a return, from the request to the follow-up, as one durable process."""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.records import Records
    from activities.shipping import Shipping
    from models.messages import (
        EventKind,
        Label,
        LabelOrder,
        LabelReturn,
        Opening,
        ReturnKind,
        ReturnStart,
        ReturnState,
        ReturnStatus,
        TaskKind,
        Template,
        Wait,
    )
    from workflows import options
    from workflows.ahead import claim_back, end_without_goods
    from workflows.doors import Doors
    from workflows.erp_news import ErpNews
    from workflows.exchanging import ExchangeDesk
    from workflows.granting import grant_what_was_accepted
    from workflows.local import run_local
    from workflows.losing import lose_parcel
    from workflows.matter import SYSTEM, words_of
    from workflows.photos import ask_for_photo, photo_overdue, remind_of_photo
    from workflows.reopening import reopen
    from workflows.search_attributes import NEEDS_ATTENTION, STATUS


@workflow.defn
class ReturnWorkflow(Doors):
    """One return. What may be done to it from outside stands in `Doors`."""

    @workflow.init
    def __init__(self, start: ReturnStart) -> None:
        """Nothing is judged yet."""
        super().__init__(start)
        self._shown = ReturnStatus.REQUESTED
        self._exchange = ExchangeDesk(self._case)
        self._erp = ErpNews(self._case)

    @workflow.run
    async def run(self, start: ReturnStart) -> ReturnState:
        """From the request to the end, one round for each thing that happens in between."""
        case = self._case
        if await (reopen(case) if start.reopening else self._judge()):
            while not case.progress.ended:
                await self._send_label()
                await grant_what_was_accepted(case)
                await self._exchange.keep_going()
                self._paymaster.pay_what_was_granted()
                await self._erp.keep_going()
                await claim_back(case)
                await self._send_back_what_was_refused()
                await end_without_goods(case)
                await self._wait_for_news()
        await self._give_labels_back()
        await self._exchange.end()
        await self._erp.keep_going()
        self._show_status()
        await workflow.wait_condition(self._at_rest)
        return case.state

    # --- what the return does by itself ----------------------------------------------------

    async def _judge(self) -> bool:
        """Judges the request and records it; false when it was refused."""
        case = self._case
        async with case.lock:
            assessment = await run_local(
                Records.open_return,
                Opening(start=case.start, at=workflow.now().isoformat()),
                summary="Judge the request and record the return",
            )
            if assessment.refusals:
                case.progress.ended_as = ReturnStatus.DECLINED
                case.assessment = assessment
                return False
            if assessment.approved:
                case.approve_by_policy(assessment)
            elif assessment.photo_awaited:
                ask_for_photo(case)
            else:
                due = timedelta(seconds=case.start.deadlines.decision_due)
                case.recorder.open_task(TaskKind.DECIDE, due)
            await case.write()
            case.assessment = assessment
            if assessment.approved and assessment.keep_item:
                case.mail(Template.KEEP_ITEM)
            if case.start.kind is ReturnKind.WITHDRAWAL:
                case.withdrawn_at = workflow.now()
                case.mail(Template.WITHDRAWAL)
            elif assessment.photo_awaited:
                case.mail(Template.PHOTO_WANTED)
            elif not assessment.approved:
                case.mail(Template.REQUESTED)
        return True

    async def _send_label(self) -> None:
        """Has the carrier make the label, unless the goods come first."""
        case = self._case
        if not case.label_wanted or case.progress.received_units:
            return
        case.label_wanted = False
        making = workflow.start_activity_method(
            Shipping.make_label,
            LabelOrder(
                rma=case.start.rma,
                key=f"{case.keys}/label/{case.labels_made + 1}",
                at=workflow.now().isoformat(),
            ),
            start_to_close_timeout=options.CARRIER_TIMEOUT,
            schedule_to_close_timeout=options.CARRIER_GIVES_UP_AFTER,
            heartbeat_timeout=options.WORKER_SILENT_FOR,
            retry_policy=options.CARRIER_RETRY,
            summary="Make the return label",
        )
        await workflow.wait_condition(
            lambda: making.done() or case.progress.ended or case.progress.received_units > 0
        )
        if not making.done():
            making.cancel()
            with suppress(ActivityError):
                await making
            return
        async with case.lock:
            if case.progress.ended:
                return
            try:
                self._take_label(await making)
            except ActivityError as error:
                if case.progress.received_units:
                    return  # The goods came without.
                case.recorder.tell(EventKind.LABEL_FAILED, SYSTEM, problem=words_of(error))
                case.block(TaskKind.LABEL_FAILED)
            await case.write()

    def _take_label(self, label: Label) -> None:
        case = self._case
        case.labels_made += 1
        case.progress.label_made = True
        case.recorder.tell(
            EventKind.LABEL_MADE, SYSTEM, tracking=label.tracking, carrier=label.carrier
        )
        case.mail(Template.APPROVED)

    async def _give_labels_back(self) -> None:
        """Gives the labels of a cancelled return back, which nobody will use any more."""
        case, progress = self._case, self._case.progress
        unused = case.labels_made and not progress.moving and not progress.received_units
        if progress.ended_as is not ReturnStatus.CANCELLED or not unused:
            return
        if not workflow.patched("labels-given-back"):
            return
        giving = workflow.execute_activity_method(
            Shipping.give_labels_back,
            LabelReturn(rma=case.start.rma, at=workflow.now().isoformat()),
            start_to_close_timeout=options.CARRIER_TIMEOUT,
            schedule_to_close_timeout=options.CARRIER_GIVES_UP_AFTER,
            heartbeat_timeout=options.WORKER_SILENT_FOR,
            retry_policy=options.CARRIER_RETRY,
            summary="Give the unused label back",
        )
        # A carrier that can't be reached keeps the price of a label, and holds nothing up.
        with suppress(ActivityError):
            if (await giving).count:
                async with case.lock:
                    case.recorder.tell(EventKind.LABELS_GIVEN_BACK, SYSTEM)
                    await case.write()

    async def _send_back_what_was_refused(self) -> None:
        """Asks the warehouse to send refused goods back; with nothing accepted, that is the end."""
        case = self._case
        # What was paid ahead goes back once the customer has paid for it again.
        refused = sum(line.rejected for line in case.progress.lines if not line.ahead)
        refused += case.bought_back
        if refused > case.sent_back:
            async with case.lock:
                units, case.sent_back = refused - case.sent_back, refused
                case.recorder.tell(EventKind.SEND_BACK_NEEDED, SYSTEM, units=units)
                case.recorder.open_task(TaskKind.SEND_BACK, options.TASK_DUE)
                case.mail(Template.REJECTED)
                await case.write()
        rejected = case.progress.status is ReturnStatus.REJECTED and case.progress.all_paid
        if rejected and not case.recorder.waits:
            async with case.lock:
                case.progress.ended_as = ReturnStatus.REJECTED
                await case.write()

    # --- waiting ---------------------------------------------------------------------------

    def _at_rest(self) -> bool:
        """Nothing is under way; news that come late may have started one thing more."""
        busy = self._paymaster.busy or self._case.mailing
        return not busy and workflow.all_handlers_finished()

    async def _wait_for_news(self) -> None:
        """Sleeps until a message comes or the next deadline passes."""
        case = self._case
        if case.progress.ended:
            return
        self._show_status()
        due = min(((at, name) for name, at in case.deadlines().items()), default=None)
        if due is None:
            await workflow.wait_condition(self._has_news)
        else:
            at, name = due
            try:
                left = at - workflow.now()
                if left.total_seconds() > 0:
                    await workflow.wait_condition(
                        self._has_news, timeout=left, timeout_summary=f"Deadline: {name}"
                    )
                elif not self._has_news():
                    raise TimeoutError
            except TimeoutError:
                await self._deadline_passed(name)
        case.news = False

    def _has_news(self) -> bool:
        return self._case.news or self._case.progress.ended

    async def _deadline_passed(self, name: str) -> None:
        case, progress = self._case, self._case.progress
        async with case.lock:
            if name not in case.deadlines() or case.deadlines()[name] > workflow.now():
                return  # A message moved it while the lock was awaited.
            if name == Wait.REMINDER:
                case.reminded = True
                case.mail(Template.LABEL_REMINDER)
            elif name == Wait.PHOTO_REMINDER:
                remind_of_photo(case)
            elif name == Wait.PHOTO:
                await photo_overdue(case)
            elif name == Wait.PARCEL and progress.ahead_units:
                # What was sent out in advance is claimed back; the return has not expired.
                units = progress.give_up_missing()
                case.recorder.tell(EventKind.MISSING_WRITTEN_OFF, SYSTEM, units=units)
            elif name == Wait.PARCEL:
                progress.ended_as = ReturnStatus.EXPIRED
                progress.blocked_by.clear()
                case.recorder.close_tasks(TaskKind.LABEL_FAILED, SYSTEM)
                case.recorder.close_tasks(TaskKind.WITHDRAWAL_DUE, SYSTEM)
                case.recorder.tell(EventKind.EXPIRED, SYSTEM)
                case.mail(Template.EXPIRED)
            elif name == Wait.NO_MOVEMENT:
                case.recorder.tell(EventKind.NO_MOVEMENT, SYSTEM)
                lose_parcel(case, SYSTEM)
            elif name == Wait.MISSING:
                units = progress.give_up_missing()
                case.recorder.tell(EventKind.MISSING_WRITTEN_OFF, SYSTEM, units=units)
                if not progress.ahead_units:
                    case.mail(Template.SHORT_SHIPPED)
            elif name == Wait.INSPECTION:
                case.inspection_overdue = True
                case.recorder.tell(EventKind.INSPECTION_OVERDUE, SYSTEM)
            elif name == Wait.WITHDRAWAL:
                case.withdrawal_told = True
                case.recorder.tell(EventKind.WITHDRAWAL_DUE, SYSTEM)
                case.recorder.open_task(
                    TaskKind.WITHDRAWAL_DUE,
                    options.WITHDRAWAL_REFUND_WITHIN - options.WITHDRAWAL_TOLD_AFTER,
                )
            elif name == Wait.FOLLOW_UP:
                progress.ended_as = ReturnStatus.CLOSED
                case.recorder.tell(EventKind.CLOSED, SYSTEM)
                case.mail(Template.FOLLOW_UP)
            await case.write()

    def _show_status(self) -> None:
        """Tells ops in Temporal's UI where the return is and what it waits for."""
        case, status = self._case, self._case.progress.status
        waits = [f"- {name}: {at:%Y-%m-%d %H:%M} UTC" for name, at in case.deadlines().items()]
        tasks = [f"- a person: {task.kind}" for task in case.recorder.open_tasks.values()]
        lines = [
            f"- line {line.line}: {line.requested} requested, {line.approved} approved, "
            f"{line.received} received, {line.accepted} accepted, {line.refunded} refunded"
            for line in case.progress.lines
        ]
        parts = [f"**{status}**", *lines]
        if waits or tasks:
            parts += ["", "Waits for:", *tasks, *waits]
        workflow.set_current_details("\n".join(parts))
        if status is not self._shown:
            workflow.upsert_search_attributes(
                [
                    STATUS.value_set(status),
                    NEEDS_ATTENTION.value_set(status is ReturnStatus.NEEDS_ATTENTION),
                ]
            )
            self._shown = status

"""What people are asked about and money moves for: the state that returns and payouts share."""

import asyncio
from abc import ABC, abstractmethod
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.notifications import Notifications
    from models.messages import EventKind, MailOrder, ReturnState, TaskKind, Template
    from models.rules.payouts import Payouts, Transaction
    from workflows import options
    from workflows.recorder import Recorder

# Who acted when no person did.
POLICY = "policy"
SYSTEM = "redress"


class Matter(ABC):
    """Money, tasks, a timeline and mails. Whoever changes it holds `lock` and calls `write`
    before letting go.
    """

    def __init__(self, rma: str, recorder: Recorder, mail_keys: str) -> None:
        """Begins with nothing. `mail_keys`: what the keys of its mails begin with."""
        self.rma = rma
        self.recorder = recorder
        self.payouts = Payouts()
        self.lock = asyncio.Lock()
        # Ids of messages already carried out: an Update and its Signal count once.
        self.seen: set[str] = set()
        self.delay_told = False
        self._mail_keys = mail_keys
        self._mails: list[asyncio.Task[None]] = []

    @property
    @abstractmethod
    def state(self) -> ReturnState:
        """What an Update answers."""

    @property
    @abstractmethod
    def recorded(self) -> bool:
        """It is known whether there is anything to do."""

    @property
    @abstractmethod
    def refused(self) -> bool:
        """There is nothing to do, nor a timeline to say so on."""

    @property
    @abstractmethod
    def mailable(self) -> bool:
        """The customer can be written to."""

    @abstractmethod
    async def write(self) -> None:
        """Records what is new; the caller holds the lock."""

    def ended_words(self) -> str | None:
        """Why nothing can be done any more; None while it can."""
        return None

    # --- telling the customer --------------------------------------------------------------

    def mail(self, template: Template) -> None:
        """Writes to the customer, beside everything else: mail never holds anything up."""
        if self.mailable:
            self._mails.append(asyncio.create_task(self._send(template, len(self._mails) + 1)))

    async def _send(self, template: Template, number: int) -> None:
        try:
            await workflow.execute_activity_method(
                Notifications.send_mail,
                MailOrder(
                    rma=self.rma,
                    key=f"{self._mail_keys}/mail/{number}",
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
        """Opens a task that holds everything up until a person acts."""
        return self.recorder.open_task(kind, options.TASK_DUE, refund)

    def unblock(self, kind: TaskKind, by: str, refund: str | None = None) -> None:
        """Closes the tasks of a kind (of one refund, when given) that hold everything up."""
        for task in self.recorder.tasks_of(kind, refund):
            self.recorder.close_task(task, by)

    def count_refunded(self) -> None:  # noqa: B027  only returns have lines to count on
        """Carries what arrived at the customer over to the lines."""

    def find_refund(self, refund: str) -> Transaction | None:
        """A refund transaction."""
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

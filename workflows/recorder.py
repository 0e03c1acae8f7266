"""Keeps what a workflow decided for the database: timeline and tasks."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.messages import EventKind, TaskChange, TaskKind, TimelineEvent


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that waits for a person."""

    kind: TaskKind
    refund: str | None


class Recorder:
    """Gathers what is new until it is written. `keys`: what the keys of its events begin with."""

    def __init__(self, keys: str = "") -> None:
        """Begins with nothing."""
        self._keys = keys
        self._told = 0
        self._events: list[TimelineEvent] = []
        self._changes: list[TaskChange] = []
        self.open_tasks: dict[str, OpenTask] = {}

    def tell(
        self, kind: EventKind, actor: str, /, *, note: str | None = None, **data: str | int | None
    ) -> None:
        """Adds an entry to the timeline. `data` holds facts, never personal data."""
        self._told += 1
        self._events.append(
            TimelineEvent(
                key=f"{self._keys}{self._told}",
                at=workflow.now().isoformat(),
                kind=kind,
                actor=actor,
                data=data,
                note=note,
            )
        )

    def open_task(
        self,
        kind: TaskKind,
        due_in: timedelta,
        refund: str | None = None,
        *,
        amount: int = 0,
        tax: int = 0,
        reference: str | None = None,
    ) -> str:
        """Opens a task for a person and tells its id. `amount`, `tax`: asked of the customer."""
        task = str(workflow.uuid4())
        self.open_tasks[task] = OpenTask(kind, refund)
        self._changes.append(
            TaskChange(
                id=task,
                kind=kind,
                open=True,
                due_at=(workflow.now() + due_in).isoformat(),
                refund=refund,
                amount=amount,
                tax=tax,
                reference=reference,
            )
        )
        return task

    def close_task(self, task: str, by: str, outcome: str = "") -> None:
        """Closes an open task; `outcome` is kept, of a claim against the carrier."""
        kind = self.open_tasks.pop(task).kind
        self._changes.append(
            TaskChange(id=task, kind=kind, open=False, closed_by=by, outcome=outcome)
        )

    def note_outcome(self, task: str, kind: TaskKind, outcome: str) -> None:
        """Says of a task that is done what it has come to since."""
        self._changes.append(TaskChange(id=task, kind=kind, open=False, outcome=outcome))

    def close_tasks(self, kind: TaskKind, by: str) -> None:
        """Closes all open tasks of a kind."""
        for task in self.tasks_of(kind):
            self.close_task(task, by)

    def tasks_of(self, kind: TaskKind, refund: str | None = None) -> list[str]:
        """Ids of the open tasks of a kind, of one refund when given."""
        return [
            task
            for task, found in self.open_tasks.items()
            if found.kind is kind and refund in (None, found.refund)
        ]

    def adopt(self, tasks: list[TaskChange]) -> None:
        """Takes over tasks that were opened before."""
        for task in tasks:
            self.open_tasks[task.id] = OpenTask(task.kind, task.refund)

    @property
    def waits(self) -> bool:
        """A person has to act before the return can end; the carrier's answer may come later."""
        return any(found.kind is not TaskKind.CARRIER_CLAIM for found in self.open_tasks.values())

    def take(self) -> tuple[list[TimelineEvent], list[TaskChange]]:
        """What is new since the last time, to be written in one transaction."""
        events, self._events = self._events, []
        changes, self._changes = self._changes, []
        return events, changes

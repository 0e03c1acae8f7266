"""What the demo's returns are played on: the gateway, the people, and a look at each return."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import TypeVar

from sqlalchemy import func, select

from models.database import Database
from models.messages import EventKind, TaskKind
from models.tables import Event, Refund, Task
from web.access import Actor, Permission, Role
from web.gateway import Gateway

Found = TypeVar("Found")

CUSTOMER = Actor(
    id="customer", name="Customer", permissions=frozenset({Permission.READ, Permission.REQUEST})
)
CARRIER = Actor(id="carrier", name="Carrier", permissions=frozenset({Permission.READ}))
_POLL = 0.05
# The slowest payment of the story is answered after seven seconds.
_PATIENCE = 45.0


class Stuck(Exception):
    """A return does not go on; the message says which and what it waits for."""


class Stopped(Exception):
    """The demo is being interrupted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all returns of the demo are played on. `stop` ends every waiting."""

    gateway: Gateway
    database: Database
    people: Mapping[Role, Actor]
    stop: Flag = field(default_factory=Flag)

    def wait(self, look: Callable[[], Found | None], what: str) -> Found:
        """Looks until there is something.

        Raises:
            Stuck: it takes too long; `what` says what was waited for.
            Stopped: the demo is being interrupted.
        """
        deadline = time.monotonic() + _PATIENCE
        while (found := look()) is None:
            if time.monotonic() > deadline:
                raise Stuck(what)
            if self.stop.wait(_POLL):
                raise Stopped
        return found


@dataclass(frozen=True, slots=True)
class Scene:
    """One return on the stage."""

    stage: Stage
    rma: str

    def actor(self, role: Role) -> Actor:
        """Who has this role."""
        return self.stage.people[role]

    def told(self) -> "Counter[EventKind]":
        """How often the timeline tells of each kind of event."""
        query = select(Event.kind, func.count()).where(Event.rma == self.rma).group_by(Event.kind)
        with self.stage.database.read() as session:
            return Counter({EventKind(kind): count for kind, count in session.execute(query)})

    def tasks(self, kind: TaskKind) -> list[Task]:
        """Its tasks of a kind, done ones included."""
        with self.stage.database.read() as session:
            query = select(Task).where(Task.rma == self.rma, Task.kind == kind)
            return list(session.scalars(query))

    def was_claimed(self, kind: TaskKind) -> bool:
        """Whether somebody took a task of a kind, or has done it."""
        return any(task.status != "open" for task in self.tasks(kind))

    def open_task(self, kind: TaskKind) -> str:
        """Waits for an open task of a kind."""

        def look() -> str | None:
            return next((task.id for task in self.tasks(kind) if task.status != "done"), None)

        return self.stage.wait(look, f"return {self.rma} has no task {kind} yet")

    def failed_refund(self) -> str:
        """Waits for the refund that a task asks a person to settle."""
        self.open_task(TaskKind.REFUND_FAILED)
        query = select(Refund.id).where(
            Refund.rma == self.rma, Refund.status == "failed", Refund.replaced_by.is_(None)
        )

        def look() -> str | None:
            with self.stage.database.read() as session:
                return session.scalar(query)

        return self.stage.wait(look, f"return {self.rma} has no failed refund yet")

"""The steps that the demo's returns go through, each a call of the gateway.

A step is done when the timeline tells of it, so that a story can go on after an interruption.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from models.messages import (
    CarrierStatus,
    CountedLine,
    DecisionKind,
    EventKind,
    ManualMethod,
    TaskKind,
)
from web.access import Role
from web.demo.stage import CARRIER, Scene
from web.requests import (
    DecisionRequest,
    InspectionLineRequest,
    InspectionRequest,
    LineDecisionRequest,
    ReceiptRequest,
    ScanRequest,
    UnexpectedRequest,
)


class Step(Protocol):
    """One step of a story."""

    def leaves(self) -> Mapping[EventKind, int]:
        """What the timeline tells once it is done."""

    def play(self, scene: Scene, id: str) -> None:
        """Does it; again, with the same id, does nothing more."""


# --- deciding --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Approves or declines. `declined`: line → why this line alone can't come back."""

    decision: DecisionKind = DecisionKind.APPROVE
    by: Role = Role.AGENT
    note: str = ""
    declined: Mapping[str, str] = field(default_factory=dict)

    def leaves(self) -> Mapping[EventKind, int]:
        """One decision."""
        approves = self.decision is DecisionKind.APPROVE
        return {EventKind.APPROVED if approves else EventKind.DECLINED: 1}

    def play(self, scene: Scene, id: str) -> None:
        """Decides."""
        asked = DecisionRequest(
            decision=self.decision,
            note=self.note,
            lines=[
                LineDecisionRequest(line=line, decision=DecisionKind.DECLINE, note=note)
                for line, note in self.declined.items()
            ],
        )
        scene.stage.gateway.decide(scene.rma, asked, scene.actor(self.by), id=id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Ends the return for a customer who changed their mind."""

    note: str
    by: Role = Role.AGENT

    def leaves(self) -> Mapping[EventKind, int]:
        """The cancellation."""
        return {EventKind.CANCELLED: 1}

    def play(self, scene: Scene, id: str) -> None:
        """Cancels."""
        scene.stage.gateway.cancel(scene.rma, self.note, scene.actor(self.by), id=id)


# --- the way back and the dock ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scan:
    """The carrier tells where the parcel is."""

    status: CarrierStatus
    detail: str = ""

    def leaves(self) -> Mapping[EventKind, int]:
        """One scan."""
        return {EventKind.SCANNED: 1}

    def play(self, scene: Scene, id: str) -> None:
        """Scans."""
        asked = ScanRequest(
            event_id=id, status=self.status, at=datetime.now(UTC), detail=self.detail
        )
        scene.stage.gateway.scan(scene.rma, asked, CARRIER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """Counts goods in: line → units. `late`: the return has ended before."""

    lines: Mapping[str, int]
    unexpected: tuple[UnexpectedRequest, ...] = ()
    late: bool = False

    def leaves(self) -> Mapping[EventKind, int]:
        """One count, and each thing that nobody announced."""
        if self.late:
            return {EventKind.PARCEL_AFTER_END: 1}
        return {EventKind.RECEIVED: 1, EventKind.UNEXPECTED_ITEM: len(self.unexpected)}

    def play(self, scene: Scene, id: str) -> None:
        """Receives."""
        counted = [CountedLine(line=line, quantity=units) for line, units in self.lines.items()]
        asked = ReceiptRequest(lines=counted, unexpected=list(self.unexpected))
        scene.stage.gateway.receive(scene.rma, asked, scene.actor(Role.WAREHOUSE), id=id)


@dataclass(frozen=True, slots=True)
class Inspect:
    """Grades what came."""

    lines: tuple[InspectionLineRequest, ...]

    def leaves(self) -> Mapping[EventKind, int]:
        """One verdict a line."""
        return {EventKind.INSPECTED: len(self.lines)}

    def play(self, scene: Scene, id: str) -> None:
        """Inspects."""
        asked = InspectionRequest(lines=list(self.lines))
        scene.stage.gateway.inspect(scene.rma, asked, scene.actor(Role.WAREHOUSE), id=id)


# --- tasks and money that need a person ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Ends a task that a person has done."""

    kind: TaskKind
    by: Role
    note: str = ""

    def leaves(self) -> Mapping[EventKind, int]:
        """What the task was for."""
        sent = self.kind is TaskKind.SEND_BACK
        return {EventKind.SENT_BACK if sent else EventKind.TASK_COMPLETED: 1}

    def play(self, scene: Scene, id: str) -> None:
        """Completes it."""
        task = scene.open_task(self.kind)
        scene.stage.gateway.complete_task(task, self.note, scene.actor(self.by), id=id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayByHand:
    """Finance pays a refund that the payment refused in another way."""

    reference: str
    note: str

    def leaves(self) -> Mapping[EventKind, int]:
        """The payment."""
        return {EventKind.REFUND_PAID_BY_HAND: 1}

    def play(self, scene: Scene, id: str) -> None:
        """Records it."""
        scene.stage.gateway.resolve_manually(
            scene.rma,
            scene.failed_refund(),
            ManualMethod.PAID_BY_HAND,
            self.reference,
            self.note,
            scene.actor(Role.FINANCE),
            id=id,
        )


@dataclass(frozen=True, slots=True)
class Wait:
    """Lets Redress do what it does by itself."""

    event: EventKind

    def leaves(self) -> Mapping[EventKind, int]:
        """What is waited for."""
        return {self.event: 1}

    def play(self, scene: Scene, id: str) -> None:
        """Whoever plays a step waits for what it leaves."""


def steps_done(steps: tuple[Step, ...], told: Mapping[EventKind, int]) -> int:
    """How many steps of a story are done, from the first on."""
    left = Counter(told)
    for number, step in enumerate(steps):
        leaves = step.leaves()
        if any(left[kind] < count for kind, count in leaves.items()):
            return number
        left.subtract(leaves)
    return len(steps)

"""How a return of the demo is told: what is asked for, what happens then, and where it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from models.messages import (
    CarrierStatus,
    Deadlines,
    DecisionKind,
    Disposition,
    EventKind,
    Grade,
    Reason,
    Resolution,
    ReturnKind,
    ReturnStatus,
    TaskKind,
)
from web.access import Role
from web.demo.shop import order_number
from web.demo.steps import Decide, Inspect, Receive, Scan, Step, Wait
from web.requests import InspectionLineRequest, LineRequest, ReturnRequest, WantedItem

REFERENCE_PREFIX = "demo/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A return of the demo.

    Attributes:
        number: makes its reference; never used for another one.
        sale: the number of the demo order.
        lines: what the customer asks to send back.
        ends: the status it is left in.
        steps: what happens after the request.
        claimed: a task that somebody has put their name on, and who.
        asked_by: who of the staff asks for the customer; None: the customer.
        hurry: deadline → seconds, where it passes while the demo is loaded.
    """

    number: int
    sale: int
    lines: tuple[LineRequest, ...]
    ends: ReturnStatus
    steps: tuple[Step, ...] = ()
    claimed: tuple[TaskKind, Role] | None = None
    kind: ReturnKind = ReturnKind.RETURN
    asked_by: Role | None = None
    override_reason: str | None = None
    hurry: Mapping[str, int] = field(default_factory=dict)
    # Order line → the SKU that goes out for all that is sent back of it.
    exchange: Mapping[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """The unique name by which a second run finds it."""
        return f"{REFERENCE_PREFIX}{self.number}"

    @property
    def deadlines(self) -> Deadlines:
        """How long it waits. The shop's own settings might end it before it is told."""
        return replace(Deadlines(), **self.hurry)

    @property
    def request(self) -> ReturnRequest:
        """What is asked of the gateway."""
        return ReturnRequest(
            order=order_number(self.sale),
            lines=list(self.lines),
            kind=self.kind,
            resolution=Resolution.EXCHANGE if self.exchange else Resolution.REFUND,
            exchange=[
                WantedItem(line=line.line, sku=self.exchange[line.line], quantity=line.quantity)
                for line in self.lines
                if line.line in self.exchange
            ],
            override_reason=self.override_reason,
            reference=self.reference,
        )


def item(line: str, reason: Reason, comment: str = "", *, units: int = 1) -> LineRequest:
    """Units of an order line that the customer sends back, and why."""
    return LineRequest(line=line, quantity=units, reason=reason, comment=comment)


def approved(
    note: str = "", *, by: Role = Role.AGENT, declined: Mapping[str, str] | None = None
) -> tuple[Step, ...]:
    """Approved, and the label mailed."""
    return (Decide(by=by, note=note, declined=declined or {}), Wait(EventKind.LABEL_MADE))


def declined(note: str, *, by: Role = Role.AGENT) -> tuple[Step, ...]:
    """Declined as a whole."""
    return (Decide(decision=DecisionKind.DECLINE, by=by, note=note),)


MOVING = Scan(CarrierStatus.IN_TRANSIT, "Handed in at the parcel shop")
AT_THE_DOOR = Scan(CarrierStatus.DELIVERED, "Delivered to the warehouse")


def arrived(*, by: Role = Role.AGENT, note: str = "", **lines: int) -> tuple[Step, ...]:
    """Approved, sent and counted at the dock: `line_1=2` for two units of line 1."""
    counted = {name.removeprefix("line_"): units for name, units in lines.items()}
    return (*approved(note, by=by), MOVING, AT_THE_DOOR, Receive(lines=counted))


def verdict(
    line: str,
    note: str,
    *,
    grade: Grade = Grade.A,
    disposition: Disposition = Disposition.RESTOCK,
    units: int = 1,
) -> InspectionLineRequest:
    """Units that are accepted."""
    return InspectionLineRequest(
        line=line, quantity=units, grade=grade, disposition=disposition, note=note
    )


def refusal(line: str, note: str, *, units: int = 1) -> InspectionLineRequest:
    """Units that go back to the customer."""
    return InspectionLineRequest(
        line=line,
        quantity=units,
        grade=Grade.D,
        disposition=Disposition.RETURN_TO_CUSTOMER,
        accepted=False,
        note=note,
    )


def inspected(*verdicts: InspectionLineRequest) -> Inspect:
    """What was found on opening the parcel."""
    return Inspect(verdicts)

"""Where the goods are: on the way, at the dock, inspected, sent out in exchange."""

from models.messages import CarrierStatus, Disposition, EventKind, Grade
from models.timeline.amounts import units
from models.timeline.facts import Facts, Words
from models.timeline.names import DISPOSITIONS, GRADES, SCANS


def _label_made(facts: Facts) -> str:
    carrier = f" with {facts.text('carrier')}" if facts.text("carrier") else ""
    return f"Return label made{carrier}, tracking number {facts.text('tracking')}"


def _scanned(facts: Facts) -> str:
    status = facts.text("status")
    return SCANS[CarrierStatus(status)] if status in SCANS else "The carrier scanned the parcel"


def _received(facts: Facts) -> str:
    rest = facts.number("outstanding")
    tail = f"{units(rest)} still to come" if rest else "everything is here"
    return f"{facts.units().capitalize()} counted at the dock; {tail}"


def _unexpected(facts: Facts) -> str:
    thing = f"{facts.number('quantity')} × {facts.text('sku')}"
    line = facts.text("instead_of")
    if line:
        return (
            f"In the parcel instead of {facts.lookups.items.get(line) or f'line {line}'}: {thing}"
        )
    return f"In the parcel but not announced: {thing}"


def _inspected(facts: Facts) -> str:
    words = [f"{facts.item()}: {facts.units()} inspected"]
    if facts.text("grade") in GRADES:
        words.append(f"grade {GRADES[Grade(facts.text('grade'))]}")
    if facts.text("disposition") in DISPOSITIONS:
        words.append(DISPOSITIONS[Disposition(facts.text("disposition"))])
    words.append("accepted" if facts.number("accepted") else "refused")
    return "; ".join(words)


def _lost_refunded(facts: Facts) -> str:
    by = ", as the policy says" if facts.number("by_policy") else ""
    return f"{facts.units().capitalize()} refunded though the parcel is lost{by}"


def _settled(facts: Facts) -> str:
    words = {
        "paid": "The carrier has paid for the lost parcel",
        "refused": "The carrier does not pay for the lost parcel",
    }
    return words.get(facts.text("outcome"), "The carrier owes nothing: the parcel turned up")


def _exchange_reserved(facts: Facts) -> str:
    due = facts.number("due")
    rest = f"; the customer pays {facts.money('due')} before it goes out" if due > 0 else ""
    return f"{facts.units()} set aside to go out in exchange{rest}"


_NOT_EXCHANGED = {
    "not_paid": "the difference was not paid in time",
    "goods_refused": "nothing that came back was accepted",
    "staff": "refunded instead",
    "changed": "the customer wants something else",
    "return_ended": "the return has ended",
}


def _exchange_cancelled(facts: Facts) -> str:
    return f"The exchange is called off: {_NOT_EXCHANGED.get(facts.text('why'), 'called off')}"


def _exchange_shipped(facts: Facts) -> str:
    return f"Sent out in exchange: {facts.units()}, tracking number {facts.text('tracking')}"


WORDS: Words = {
    EventKind.LABEL_MADE: _label_made,
    EventKind.LABELS_GIVEN_BACK: lambda facts: "The unused label was given back to the carrier",
    EventKind.LABEL_FAILED: lambda facts: f"The label could not be made{facts.because('problem')}",
    EventKind.SCANNED: _scanned,
    EventKind.NO_MOVEMENT: lambda _: "The parcel has not moved for too long",
    EventKind.LOST: lambda _: "The parcel counts as lost",
    EventKind.RECEIVED: _received,
    EventKind.UNEXPECTED_ITEM: _unexpected,
    EventKind.MISSING_WRITTEN_OFF: lambda facts: (
        f"{facts.units().capitalize()} never came; nobody waits any longer"
    ),
    EventKind.PARCEL_AFTER_END: lambda facts: (
        f"A parcel with {facts.units()} came after the return had ended"
    ),
    EventKind.INSPECTED: _inspected,
    EventKind.INSPECTION_OVERDUE: lambda _: "The inspection is overdue",
    EventKind.SEND_BACK_NEEDED: lambda facts: (
        f"Refused and to go back to the customer: {facts.units()}"
    ),
    EventKind.SENT_BACK: lambda _: "The refused goods went back to the customer",
    EventKind.CARRIER_CLAIM_OPENED: lambda _: "The carrier is to pay for the lost parcel",
    EventKind.CARRIER_CLAIM_SETTLED: _settled,
    EventKind.LOST_REFUNDED: _lost_refunded,
    EventKind.CAME_AFTER_ALL: lambda facts: (
        f"{facts.units().capitalize()} that nobody waited for any longer came after all"
    ),
    EventKind.CAME_AFTER_REFUND: lambda facts: (
        f"{facts.units().capitalize()} came after being refunded as lost; nothing is paid again"
    ),
    EventKind.DAMAGED_ON_ARRIVAL: lambda facts: (
        f"{facts.item()}: {facts.units()} arrived damaged; photograph them for the carrier's claim"
    ),
    EventKind.EXCHANGE_RESERVED: _exchange_reserved,
    EventKind.EXCHANGE_PAID: lambda facts: f"The difference of {facts.money()} was paid",
    EventKind.EXCHANGE_SHIPPED: _exchange_shipped,
    EventKind.EXCHANGE_CANCELLED: _exchange_cancelled,
}

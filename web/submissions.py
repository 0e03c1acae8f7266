"""What of a request passes through Temporal, and what waits in the database meanwhile."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from models.messages import EXCHANGING, Refusal, RequestedLine, ReturnKind
from models.store.returns import named, reference_taken
from models.store.sandbox import is_sandbox
from models.tables import Order, Submission
from web.access import Actor, Permission
from web.requests import Forbidden, LineRequest, Refused, ReturnRequest, WantedItem


def requested_lines(request: ReturnRequest) -> list[RequestedLine]:
    """The lines without the customer's words; one of several wanted items is a line for each.

    Raises:
        Refused: the wanted items don't fit the lines.
    """
    return [
        RequestedLine(
            line=line.line,
            quantity=line.quantity if item is None else item.quantity,
            reason=line.reason,
            resolution=line.resolution,
            exchange_sku=None if item is None else item.sku,
        )
        for line, item in _with_items(request)
    ]


def _with_items(request: ReturnRequest) -> list[tuple[LineRequest, WantedItem | None]]:
    exchanged = {
        line.line: 0
        for line in request.lines
        if (line.resolution or request.resolution) in EXCHANGING
    }
    for line in request.lines:
        if line.line in exchanged:
            exchanged[line.line] += line.quantity
    for index, item in enumerate(request.exchange):
        if item.line not in exchanged:
            message = f"Line {item.line} is not exchanged; give it the resolution exchange."
            raise _refused("not_exchanged", message, f"/exchange/{index}/line")
    found: list[tuple[LineRequest, WantedItem | None]] = []
    for line in request.lines:
        items = [item for item in request.exchange if item.line == line.line]
        if not items or line.line not in exchanged:
            found.append((line, None))
            continue
        units, wanted = exchanged[line.line], sum(item.quantity for item in items)
        if wanted != units or sum(each.line == line.line for each in request.lines) > 1:
            message = f"{units} of line {line.line} come back, and {wanted} are wanted for them."
            raise _refused("exchange_quantity", message, "/exchange")
        found.extend((line, item) for item in items)
    return found


def _refused(code: str, message: str, pointer: str) -> Refused:
    return Refused([Refusal(code=code, message=message, pointer=pointer)], code="invalid")


def make_submission(request: ReturnRequest, rma: str, actor: Actor) -> Submission:
    """The words and the contact, for the return's workflow to pick up."""
    contact = request.contact
    return Submission(
        rma=rma,
        order_number=request.order,
        actor=actor.id,
        created_at=datetime.now(UTC),
        body={
            "comments": [line.comment for line, _ in _with_items(request)],
            "contact": contact and {"name": contact.name, "email": contact.email},
            "override_reason": request.override_reason,
            "reference": request.reference,
        },
    )


def check_override(request: ReturnRequest, actor: Actor) -> None:
    """Lets only those set the policy aside who may.

    Raises:
        Forbidden: this caller may not.
    """
    if request.override_reason is not None and not actor.may(Permission.OVERRIDE):
        raise Forbidden(
            "Only staff who may override the policy can set it aside; leave out override.",
            code="override_not_allowed",
        )


def check_reference_free(session: Session, request: ReturnRequest, actor: Actor) -> None:
    """A return's own name is given once; the return that has it is named to who may read it.

    Raises:
        Refused: another return has it.
    """
    other = named(session, request.reference)
    if other is None:
        return
    told = actor.may(Permission.READ) and (not actor.sandbox or is_sandbox(other.order_number))
    raise Refused([reference_taken(other.rma if told else None)])


def check_contact(session: Session, request: ReturnRequest) -> None:
    """A gift's recipient has to be known: nobody else may hear of their return.

    Raises:
        Refused: the contact is missing, or it is the buyer's.
    """
    if request.kind is not ReturnKind.GIFT:
        return
    contact = request.contact
    name, email = (contact.name, contact.email) if contact else (None, None)
    refusals = []
    if not (name or "").strip():
        message = "A gift return needs the name of the person who got the gift."
        refusals.append(Refusal(code="required", message=message, pointer="/contact/name"))
    if not email:
        message = "A gift return needs the e-mail address of the person who got the gift."
        refusals.append(Refusal(code="required", message=message, pointer="/contact/email"))
    order = session.get(Order, request.order)
    buyer = order.customer if order else None
    if email and buyer and buyer.email and buyer.email.casefold() == email.casefold():
        message = "This is the buyer's address; give the one of the person who got the gift."
        refusals.append(Refusal(code="buyers_address", message=message, pointer="/contact/email"))
    if refusals:
        raise Refused(refusals)

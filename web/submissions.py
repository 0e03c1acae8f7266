"""What of a request passes through Temporal, and what waits in the database meanwhile."""

from datetime import UTC, datetime

from models.messages import RequestedLine
from models.tables import Submission
from web.access import Actor, Permission
from web.requests import Forbidden, ReturnRequest


def requested_lines(request: ReturnRequest) -> list[RequestedLine]:
    """The lines without the customer's words."""
    return [
        RequestedLine(
            line=line.line,
            quantity=line.quantity,
            reason=line.reason,
            resolution=line.resolution,
        )
        for line in request.lines
    ]


def make_submission(request: ReturnRequest, rma: str, actor: Actor) -> Submission:
    """The words and the contact, for the return's workflow to pick up."""
    contact = request.contact
    return Submission(
        rma=rma,
        order_number=request.order,
        actor=actor.id,
        created_at=datetime.now(UTC),
        body={
            "comments": [line.comment for line in request.lines],
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

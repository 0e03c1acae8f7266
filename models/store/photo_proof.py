"""Whether a request has the photos without which its policy doesn't believe its reasons."""

from collections.abc import Collection, Iterable
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.rules.policy import Policy
from models.tables import Photo, Return, ReturnLine


class PhotoKind(StrEnum):
    """What a photo was taken for."""

    REQUEST = "request"
    RECEIPT = "receipt"
    INSPECTION = "inspection"


def believed_with_photo(lines: Iterable[ReturnLine], policy: Policy) -> list[ReturnLine]:
    """The lines whose reasons the policy believes with a photo only."""
    return [line for line in lines if policy.on_reason(line.reason).photo]


def unproven(
    lines: Iterable[ReturnLine], shown: Collection[str | None], policy: Policy
) -> list[ReturnLine]:
    """Of those the ones without a photo: of their own, or of the whole request.

    `shown`: the order lines that the request's photos show; None among them: all of it.
    """
    if None in shown:
        return []
    return [
        line for line in believed_with_photo(lines, policy) if line.order_line.line not in shown
    ]


def shown_lines(session: Session, rmas: Collection[str]) -> dict[str, set[str | None]]:
    """What the photos of some requests show, by RMA, as `unproven` takes it."""
    shown: dict[str, set[str | None]] = {rma: set() for rma in rmas}
    query = select(Photo.rma, Photo.line)
    query = query.where(Photo.rma.in_(rmas), Photo.kind == PhotoKind.REQUEST)
    for rma, line in session.execute(query):
        shown[rma].add(line)
    return shown


def lacks_photo(session: Session, row: Return, policy: Policy) -> bool:
    """Whether such a line has no photo yet."""
    if not believed_with_photo(row.lines, policy):
        return False
    return bool(unproven(row.lines, shown_lines(session, [row.rma])[row.rma], policy))

"""Whether a request has the photos without which its policy doesn't believe its reasons."""

from collections.abc import Iterable
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


def lacks_photo(session: Session, row: Return, policy: Policy) -> bool:
    """Whether such a line has no photo yet: one of its own, or one of the whole request."""
    wanted = {line.order_line.line for line in believed_with_photo(row.lines, policy)}
    if not wanted:
        return False
    query = select(Photo.line).where(Photo.rma == row.rma, Photo.kind == PhotoKind.REQUEST)
    shown = set(session.scalars(query))
    return None not in shown and not wanted <= shown

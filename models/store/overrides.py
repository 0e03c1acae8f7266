"""Requests for which staff set the policy aside: what they set aside, who did it, and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import Return

_LATEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideCount:
    """How often a person set one thing aside. `rule`: by name; None: the policy's own words.

    `code`: of the refusal that there would have been; None: there would have been none.
    """

    code: str | None
    rule: str | None
    actor: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Of the latest thousand: the counts, most first, and the returns, newest first."""

    counts: Sequence[OverrideCount]
    returns: Sequence[Return]


def read_overrides(session: Session) -> Overrides:
    """What was set aside lately."""
    rows = session.scalars(
        select(Return)
        .where(Return.override_reason.is_not(None))
        .order_by(Return.created_at.desc(), Return.rma)
        .limit(_LATEST)
    ).all()
    counted: Counter[tuple[str | None, str | None, str]] = Counter()
    for row in rows:
        for each in row.overridden or [{"code": None, "rule": None}]:
            counted[each["code"], each["rule"], row.actor] += 1
    return Overrides(
        counts=[
            OverrideCount(code=code, rule=rule, actor=actor, count=count)
            for (code, rule, actor), count in counted.most_common()
        ],
        returns=rows,
    )

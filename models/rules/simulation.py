"""What another policy would have made of past returns: two outcomes compared, and added up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

CHANGES_SHOWN = 100


class Verdict(StrEnum):
    """What a policy makes of a request by itself."""

    APPROVE = "approve"
    REVIEW = "review"
    # It waits for the customer's photo, and then the policy decides.
    PHOTO = "photo"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one policy makes of one return. `total`: what it would pay; nothing when it denies.

    `rule`: the name of the rule that decided; `words`: why it is denied, or
    which photos are missing.
    """

    verdict: Verdict
    total: int
    rule: str | None = None
    words: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is kept and shown."""
        return {
            "decision": str(self.verdict),
            "total": self.total,
            "rule": self.rule,
            "words": self.words,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedTwice:
    """A past return under both policies. `customer`: the shop's id of the buyer.

    `buyer` tells buyers apart, those without such an id, too.
    """

    rma: str
    order: str
    customer: str | None
    buyer: str
    currency: str
    before: Outcome
    after: Outcome

    @property
    def changed(self) -> bool:
        """Whether the buyer would notice: another decision, or another amount."""
        return (
            self.before.verdict is not self.after.verdict or self.before.total != self.after.total
        )


@dataclass(slots=True)
class Tally:
    """Adds up as many returns as come, and keeps the first that change."""

    returns: int = 0
    changed: int = 0
    decisions: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    changes: list[JudgedTwice] = field(default_factory=list)
    _buyers: set[str] = field(default_factory=set)

    def add(self, judged: Iterable[JudgedTwice]) -> None:
        """Takes more returns."""
        for each in judged:
            self.returns += 1
            for sums, outcome in ((self.before, each.before), (self.after, each.after)):
                sums[each.currency] = sums.get(each.currency, 0) + outcome.total
            if not each.changed:
                continue
            self.changed += 1
            self._buyers.add(each.buyer)
            if each.before.verdict is not each.after.verdict:
                name = f"{each.before.verdict}→{each.after.verdict}"
                self.decisions[name] = self.decisions.get(name, 0) + 1
            if len(self.changes) < CHANGES_SHOWN:
                self.changes.append(each)

    def to_json(self) -> dict[str, Any]:
        """The answer of `POST /policy/simulate`, apart from what is known of the run."""
        return {
            "returns": self.returns,
            "changed": self.changed,
            "customers": len(self._buyers),
            "decisions": dict(sorted(self.decisions.items())),
            "amounts": {
                currency: _difference(self.before, self.after, currency)
                for currency in sorted(self.before)
            },
            "changes": [
                {
                    "rma": each.rma,
                    "order": each.order,
                    "customer": each.customer,
                    "currency": each.currency,
                    "before": each.before.to_json(),
                    "after": each.after.to_json(),
                }
                for each in self.changes
            ],
        }


def _difference(
    before: Mapping[str, int], after: Mapping[str, int], currency: str
) -> dict[str, int]:
    old, new = before[currency], after[currency]
    return {"before": old, "after": new, "difference": new - old}

"""Why goods come back: the usual reasons, and what a shop says of them and of its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.messages import Reason, ReturnKind
from models.rules.terms import Fault

# A code that a shop makes up is written like the usual ones.
LONGEST_CODE = 30
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

FAULTS: Mapping[str, Fault] = {
    Reason.TOO_SMALL: Fault.CUSTOMER,
    Reason.TOO_LARGE: Fault.CUSTOMER,
    Reason.COLOUR: Fault.CUSTOMER,
    Reason.STYLE: Fault.CUSTOMER,
    Reason.NOT_AS_DESCRIBED: Fault.MERCHANT,
    Reason.DEFECTIVE: Fault.MERCHANT,
    # Damage on the way is the shop's to answer for; it may turn to its carrier.
    Reason.DAMAGED_IN_TRANSIT: Fault.MERCHANT,
    Reason.WRONG_ITEM: Fault.MERCHANT,
    Reason.MISSING_PARTS: Fault.MERCHANT,
    Reason.ARRIVED_LATE: Fault.CARRIER,
    Reason.CHANGED_MIND: Fault.CUSTOMER,
    Reason.WITHDRAWAL: Fault.NOBODY,
    Reason.OTHER: Fault.NOBODY,
}

# What customers and staff read, unless the shop calls it otherwise.
LABELS: Mapping[str, str] = {
    Reason.TOO_SMALL: "Too small",
    Reason.TOO_LARGE: "Too large",
    Reason.COLOUR: "Colour",
    Reason.STYLE: "Style",
    Reason.NOT_AS_DESCRIBED: "Not as described",
    Reason.DEFECTIVE: "Defective",
    Reason.DAMAGED_IN_TRANSIT: "Damaged on the way",
    Reason.WRONG_ITEM: "Wrong item",
    Reason.MISSING_PARTS: "Parts missing",
    Reason.ARRIVED_LATE: "Arrived late",
    Reason.CHANGED_MIND: "Changed my mind",
    Reason.WITHDRAWAL: "Withdrawal",
    Reason.OTHER: "Other",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonTerms:
    """What a shop says of a reason.

    Attributes:
        reason: its code.
        fault: who is to blame.
        photo: it is believed with a photo only.
        offered: goods are taken back for it.
        label: what customers and staff read; None: the usual words.
        kinds: the kinds of returns it is offered for; empty: all.
    """

    reason: str
    fault: Fault
    photo: bool = False
    offered: bool = True
    label: str | None = None
    kinds: tuple[ReturnKind, ...] = ()

    @property
    def words(self) -> str:
        """What customers and staff read."""
        return self.label or words_of(self.reason)

    def is_offered(self, kind: ReturnKind | None = None) -> bool:
        """Whether it may be given, for a kind of return or for any. A gift's is a return, too."""
        if not self.offered or kind is None or not self.kinds:
            return self.offered
        return kind in self.kinds or (kind is ReturnKind.GIFT and ReturnKind.RETURN in self.kinds)


def words_of(reason: str) -> str:
    """A reason in words; of a code that nobody explains any more its own words."""
    return LABELS.get(reason) or reason.replace("_", " ").capitalize()


# --- as the policy's document has them ----------------------------------------------------------


def reason_to_json(terms: ReasonTerms) -> dict[str, Any]:
    """What the shop says of a reason, and no label or kinds where it names none."""
    body: dict[str, Any] = {} if terms.label is None else {"label": terms.label}
    body |= {"fault": str(terms.fault), "photo": terms.photo, "offered": terms.offered}
    return body | ({"kinds": [str(kind) for kind in terms.kinds]} if terms.kinds else {})


def reason_from_json(reason: str, body: Mapping[str, Any]) -> ReasonTerms:
    """Reads what `reason_to_json` wrote."""
    return ReasonTerms(
        reason=reason,
        fault=Fault(body["fault"]),
        photo=body["photo"],
        offered=body["offered"],
        label=body.get("label"),
        kinds=tuple(ReturnKind(kind) for kind in body.get("kinds", ())),
    )

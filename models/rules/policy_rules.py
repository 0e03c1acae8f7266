"""Rules of a policy: conditions, what follows from them, and which rule decided (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from models.messages import Resolution, ReturnKind


class RuleDecision(StrEnum):
    """What happens to a request: approved at once, or a person decides."""

    APPROVE = "approve"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """What is known of a customer when they ask: by the shop's id, orders and returns so far.

    Of a guest nothing is known.
    """

    id: str | None = None
    orders: int = 0
    units_ordered: int = 0
    units_returned: int = 0
    returns_in_90_days: int = 0


UNKNOWN = CustomerFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What conditions look at beside the lines. `value`: what all that is asked for had cost."""

    value: int = 0
    customer: CustomerFacts = UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """As it is kept with a return, whose refunds are priced by the same facts."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "RequestFacts":
        """Reads what `to_json` wrote."""
        return cls(value=body["value"], customer=CustomerFacts(**body["customer"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """What conditions look at: one line of a request, and its order.

    `ordered_on`: the day the order was placed, in the shop's time zone.
    """

    kind: ReturnKind
    reason: str
    resolution: Resolution
    category: str | None
    sku: str
    country: str | None
    ordered_on: date
    request: RequestFacts = field(default_factory=RequestFacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Conditions; all that are given must hold. An empty one holds for everything.

    Without `kinds` a rule is for ordinary returns: a claim is the shop's own fault. What is said
    of returns is said of gift returns, too.
    """

    kinds: tuple[ReturnKind, ...] = (ReturnKind.RETURN,)
    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    # Days on which the order was placed, both included.
    ordered_from: date | None = None
    ordered_until: date | None = None
    # The shop's own ids of customers.
    customers: tuple[str, ...] = ()
    orders_at_least: int | None = None
    # Of all units the customer ever ordered, the share that came back, like "0.5".
    return_rate_above: str | None = None
    returns_in_90_days_above: int | None = None
    # What all that is asked for had cost; minor units.
    value_above: int | None = None

    @property
    def looks_at_customer(self) -> bool:
        """Whether it asks who the customer is, or what they did before."""
        return bool(self.customers) or any(
            wanted is not None
            for wanted in (
                self.orders_at_least,
                self.return_rate_above,
                self.returns_in_90_days_above,
            )
        )

    def holds(self, facts: LineFacts) -> bool:
        """Whether a line meets all of them."""
        return (
            self._is_for(facts.kind)
            and _among(facts.category, self.categories)
            and _among(facts.sku, self.skus)
            and _among(facts.country, self.countries)
            and (not self.reasons or facts.reason in self.reasons)
            and (not self.resolutions or facts.resolution in self.resolutions)
            and (self.ordered_from is None or facts.ordered_on >= self.ordered_from)
            and (self.ordered_until is None or facts.ordered_on <= self.ordered_until)
            and (self.value_above is None or facts.request.value > self.value_above)
            and self._holds_for(facts.request.customer)
        )

    def _holds_for(self, customer: CustomerFacts) -> bool:
        returned, ordered = customer.units_returned, customer.units_ordered
        return (
            (not self.customers or customer.id in self.customers)
            and (self.orders_at_least is None or customer.orders >= self.orders_at_least)
            and (
                self.return_rate_above is None
                or returned > ordered * Fraction(self.return_rate_above)
            )
            and (
                self.returns_in_90_days_above is None
                or customer.returns_in_90_days > self.returns_in_90_days_above
            )
        )

    def _is_for(self, kind: ReturnKind) -> bool:
        return kind in self.kinds or (kind is ReturnKind.GIFT and ReturnKind.RETURN in self.kinds)


def _among(value: str | None, wanted: Sequence[str]) -> bool:
    return not wanted or (value or "").casefold() in {each.casefold() for each in wanted}


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What a rule sets; None: it says nothing about it.

    Attributes:
        deny: why such lines can't come back, for the customer to read.
        window_days: instead of the policy's.
        resolutions: what may be asked for.
        return_shipping: minor units of the shop's currency, tax included.
        restocking_percent: like "12.5".
        decision: instead of `auto_approve_up_to`.
        instant_refund: instead of the policy's.
    """

    deny: str | None = None
    window_days: int | None = None
    resolutions: tuple[Resolution, ...] | None = None
    return_shipping: int | None = None
    restocking_percent: str | None = None
    decision: RuleDecision | None = None
    instant_refund: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named rule. Of several that hold, the one with the highest priority decides each thing;
    of equals the first.
    """

    name: str
    priority: int = 0
    when: When = field(default_factory=When)
    then: Then = field(default_factory=Then)


_NUMBERS = ("orders_at_least", "return_rate_above", "returns_in_90_days_above", "value_above")
_SETS = (
    "deny",
    "window_days",
    "resolutions",
    "return_shipping",
    "restocking_percent",
    "decision",
    "instant_refund",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the rules say of one line. `by`: the name of the rule that decided each thing."""

    then: Then = field(default_factory=Then)
    by: Mapping[str, str] = field(default_factory=dict)

    def words(self, what: str) -> str:
        """Which rule decided, to be put behind a sentence's last word; "" for none."""
        name = self.by.get(what)
        return "" if name is None else f" (rule “{name}”)"


# Of a policy without rules.
NO_RULING = Ruling()


def rule_on(rules: Sequence[Rule], facts: LineFacts) -> Ruling:
    """What the rules set for one line, each thing by the first rule that says something of it."""
    holding = sorted(
        (rule for rule in rules if rule.when.holds(facts)), key=lambda rule: -rule.priority
    )
    found: dict[str, Any] = {}
    by: dict[str, str] = {}
    for rule in holding:
        for what in _SETS:
            value = getattr(rule.then, what)
            if value is not None and what not in found:
                found[what], by[what] = value, rule.name
    return Ruling(then=Then(**found), by=by)


def ordered_on(placed_at: datetime, time_zone: str) -> date:
    """The day an order was placed, where the shop is."""
    return placed_at.astimezone(ZoneInfo(time_zone)).date()


# --- as the policy's document has them ----------------------------------------------------------


def rule_to_json(rule: Rule) -> dict[str, Any]:
    """A rule with what it says, and nothing of what it doesn't."""
    when: dict[str, Any] = {"kinds": [str(kind) for kind in rule.when.kinds]}
    for name in ("categories", "skus", "countries", "reasons", "resolutions"):
        if values := getattr(rule.when, name):
            when[name] = [str(value) for value in values]
    for name in ("ordered_from", "ordered_until"):
        if (day := getattr(rule.when, name)) is not None:
            when[name] = day.isoformat()
    if rule.when.customers:
        when["customers"] = list(rule.when.customers)
    for name in _NUMBERS:
        if (wanted := getattr(rule.when, name)) is not None:
            when[name] = wanted
    then: dict[str, Any] = {}
    for name in _SETS:
        value = getattr(rule.then, name)
        if isinstance(value, tuple):
            then[name] = [str(each) for each in value]
        elif value is not None:
            then[name] = str(value) if isinstance(value, StrEnum) else value
    return {"name": rule.name, "priority": rule.priority, "when": when, "then": then}


def rule_from_json(body: Mapping[str, Any]) -> Rule:
    """Reads what `rule_to_json` wrote."""
    when, then = body["when"], body["then"]
    return Rule(
        name=body["name"],
        priority=body["priority"],
        when=When(
            kinds=tuple(ReturnKind(kind) for kind in when["kinds"]),
            categories=tuple(when.get("categories", ())),
            skus=tuple(when.get("skus", ())),
            countries=tuple(when.get("countries", ())),
            reasons=tuple(when.get("reasons", ())),
            resolutions=tuple(Resolution(each) for each in when.get("resolutions", ())),
            ordered_from=_day(when.get("ordered_from")),
            ordered_until=_day(when.get("ordered_until")),
            customers=tuple(when.get("customers", ())),
            **{name: when.get(name) for name in _NUMBERS},
        ),
        then=Then(
            deny=then.get("deny"),
            window_days=then.get("window_days"),
            resolutions=tuple(Resolution(each) for each in then["resolutions"])
            if "resolutions" in then
            else None,
            return_shipping=then.get("return_shipping"),
            restocking_percent=then.get("restocking_percent"),
            decision=RuleDecision(then["decision"]) if "decision" in then else None,
            instant_refund=then.get("instant_refund"),
        ),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)

"""The shop's policy as the API shows and takes it."""

from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields, post_load, pre_load, validates_schema

from models.messages import Grade, Resolution, ReturnKind
from models.rules.grading import FULL, REFUSE
from models.rules.policy import ANCHORS, LostParcel, Policy
from models.rules.policy_rules import Rule, RuleDecision, Then, When
from models.rules.reasons import FAULTS
from models.rules.tenders import TenderOrder
from models.rules.terms import OutboundShipping, Promotions, Waiver
from web.api.schemas.fields import (
    Body,
    Choice,
    Day,
    DecimalText,
    Flag,
    Items,
    Money,
    Object,
    Text,
    TimeZone,
    WholeNumber,
    refuse,
)
from web.api.schemas.policy_parts import DeadlinesSchema
from web.api.schemas.reasons import ReasonCode, Reasons
from web.errors import Coded

_DEFAULT = Policy()
_LONGEST_WINDOW = 3650
_READ_ONLY = ("version", "created_at", "actor")


class Anchor(StrEnum):
    """From when the window counts; when it is unknown, from the one before."""

    PLACED, SHIPPED, DELIVERED = ANCHORS


class WindowSchema(Body):
    """How long goods may come back."""

    days = WholeNumber(at_least=0, at_most=_LONGEST_WINDOW, load_default=_DEFAULT.window_days)
    anchor = Choice(Anchor, load_default=Anchor(_DEFAULT.window_anchor))


class GradeShare(DecimalText):
    """A percentage, or `refuse`."""

    def __init__(self) -> None:
        super().__init__(at_most=100, or_word=REFUSE, load_default=FULL)


class GradesSchema(Body):
    """What share of the goods is paid for accepted units of a grade, or that they are refused."""

    A = GradeShare()
    B = GradeShare()
    C = GradeShare()
    D = GradeShare()


class FeesSchema(Body):
    """What the customer pays for a return."""

    return_shipping = Money(load_default=_DEFAULT.return_shipping)
    restocking_percent = DecimalText(at_most=100, load_default=_DEFAULT.restocking_percent)


class WithdrawalSchema(Body):
    """The statutory right to withdraw; 0 days: there is none."""

    days = WholeNumber(at_least=0, at_most=_LONGEST_WINDOW, load_default=_DEFAULT.withdrawal_days)
    excluded_categories = Items(Text(longest=100, shortest=1), load_default=list)


class WhenSchema(Body):
    """Conditions of a rule; all that are given must hold."""

    kinds = Items(Choice(ReturnKind), at_least=1, load_default=lambda: [ReturnKind.RETURN])
    categories = Items(Text(longest=100, shortest=1), load_default=list)
    skus = Items(Text(longest=100, shortest=1), load_default=list)
    countries = Items(Text(longest=60, shortest=1), load_default=list)
    reasons = Items(ReasonCode(), load_default=list)
    resolutions = Items(Choice(Resolution), load_default=list)
    ordered_from = Day(load_default=None)
    ordered_until = Day(load_default=None)
    customers = Items(Text(longest=200, shortest=1), load_default=list)
    orders_at_least = WholeNumber(at_least=1, at_most=10**6, load_default=None, allow_none=True)
    return_rate_above = DecimalText(at_most=1, load_default=None, allow_none=True)
    returns_in_90_days_above = WholeNumber(
        at_least=0, at_most=10**6, load_default=None, allow_none=True
    )
    value_above = Money(load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> When:
        """As the rules take it."""
        made: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return When(**made)


class ThenSchema(Body):
    """What a rule sets; what it leaves out, it says nothing about."""

    deny = Text(longest=300, shortest=1, load_default=None)
    window_days = WholeNumber(
        at_least=0, at_most=_LONGEST_WINDOW, allow_none=True, load_default=None
    )
    resolutions = Items(Choice(Resolution), load_default=None)
    return_shipping = Money(load_default=None, allow_none=True)
    restocking_percent = DecimalText(at_most=100, load_default=None, allow_none=True)
    decision = Choice(RuleDecision, load_default=None)
    instant_refund = Flag(load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Then:
        """As the rules take it."""
        allowed = data.pop("resolutions")
        then = Then(resolutions=None if allowed is None else tuple(allowed), **data)
        if then == Then():
            message = " says nothing; set deny, window_days, resolutions, a fee or a decision."
            raise refuse("empty_rule", message)
        return then


class RuleSchema(Body):
    """A named rule; of several that hold, the highest priority decides each thing."""

    name = Text(longest=80, shortest=1, required=True)
    priority = WholeNumber(at_least=-1000, at_most=1000, load_default=0)
    when = Object(WhenSchema, load_default=When)
    then = Object(ThenSchema, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Rule:
        """As the rules take it."""
        return Rule(**data)


class PolicySchema(Body):
    """The rules, each with its default. Amounts are minor units of the shop's currency."""

    window = Object(WindowSchema, load_default=lambda: WindowSchema().load({}))
    auto_approve_up_to = Money(load_default=_DEFAULT.auto_approve_up_to)
    second_approval_above = Money(load_default=None)
    promotions = Choice(Promotions, load_default=_DEFAULT.promotions)
    tender_order = Choice(TenderOrder, load_default=_DEFAULT.tender_order)
    outbound_shipping = Choice(OutboundShipping, load_default=_DEFAULT.outbound_shipping)
    fees = Object(FeesSchema, load_default=lambda: FeesSchema().load({}))
    fee_waived_for = Items(Choice(Waiver), load_default=lambda: list(_DEFAULT.fee_waived_for))
    keep_item_up_to = Money(load_default=_DEFAULT.keep_item_up_to)
    keep_item_percent = DecimalText(at_most=100, load_default=_DEFAULT.keep_item_percent)
    instant_refund = Flag(load_default=_DEFAULT.instant_refund)
    advance_exchange = Flag(load_default=_DEFAULT.advance_exchange)
    lost_parcel = Choice(LostParcel, load_default=_DEFAULT.lost_parcel)
    grades = Object(GradesSchema, load_default=lambda: GradesSchema().load({}))
    store_credit_bonus_percent = DecimalText(
        at_most=100, load_default=_DEFAULT.store_credit_bonus_percent
    )
    store_credit_valid_days = WholeNumber(
        at_least=1, at_most=_LONGEST_WINDOW, allow_none=True, load_default=None
    )
    withdrawal = Object(WithdrawalSchema, load_default=lambda: WithdrawalSchema().load({}))
    time_zone = TimeZone(longest=60, load_default=_DEFAULT.time_zone)
    rules = Items(Object(RuleSchema), load_default=list)
    reasons = Reasons(load_default=tuple)
    deadlines = Object(DeadlinesSchema, load_default=dict)
    version = fields.Integer(dump_only=True)
    created_at = fields.AwareDateTime(dump_only=True, allow_none=True)
    actor = fields.String(dump_only=True, allow_none=True)

    @pre_load
    def drop_read_only(self, data: Any, **_: Any) -> Any:
        """What GET gave may be PUT back as it is."""
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if name not in _READ_ONLY}

    @validates_schema
    def check_names(self, data: dict[str, Any], **_: Any) -> None:
        """A name tells which rule decided, so that it stands for one."""
        seen: set[str] = set()
        for place, rule in enumerate(data.get("rules", ())):
            if rule.name in seen:
                message = Coded(" is another rule's name already.", "twice")
                raise ValidationError({"rules": {place: {"name": [message]}}})
            seen.add(rule.name)

    @validates_schema
    def check_reasons(self, data: dict[str, Any], **_: Any) -> None:
        """A rule about a reason that nobody can give would never hold."""
        known = {*FAULTS, *(terms.reason for terms in data.get("reasons", ()))}
        errors = {
            place: {
                "when": {
                    "reasons": {
                        index: [Coded(f" is no reason of this policy: {reason}.", "unknown_reason")]
                        for index, reason in enumerate(rule.when.reasons)
                        if reason not in known
                    }
                }
            }
            for place, rule in enumerate(data.get("rules", ()))
            if not known.issuperset(rule.when.reasons)
        }
        if errors:
            raise ValidationError({"rules": errors})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Policy:
        """As the rules take it; the version is given when it is stored."""
        window, fees, withdrawal = data["window"], data["fees"], data["withdrawal"]
        return Policy(
            window_days=window["days"],
            window_anchor=window["anchor"].value,
            auto_approve_up_to=data["auto_approve_up_to"],
            keep_item_up_to=data["keep_item_up_to"],
            keep_item_percent=data["keep_item_percent"],
            instant_refund=data["instant_refund"],
            lost_parcel=data["lost_parcel"],
            grades={Grade(name): share for name, share in data["grades"].items()},
            advance_exchange=data["advance_exchange"],
            second_approval_above=data["second_approval_above"],
            promotions=data["promotions"],
            tender_order=data["tender_order"],
            outbound_shipping=data["outbound_shipping"],
            return_shipping=fees["return_shipping"],
            restocking_percent=fees["restocking_percent"],
            # Each once, however often it was sent.
            fee_waived_for=tuple(dict.fromkeys(data["fee_waived_for"])),
            store_credit_bonus_percent=data["store_credit_bonus_percent"],
            store_credit_valid_days=data["store_credit_valid_days"],
            withdrawal_days=withdrawal["days"],
            withdrawal_excluded=tuple(dict.fromkeys(withdrawal["excluded_categories"])),
            time_zone=data["time_zone"],
            rules=tuple(data["rules"]),
            reasons=data["reasons"],
            deadlines=tuple(data["deadlines"].items()),
        )


def represent_policy(policy: Policy) -> dict[str, Any]:
    """The document of `GET /policy` without its read-only fields, in the contract's order."""
    schema = PolicySchema()
    known = policy.to_json()
    return {name: known[name] for name in schema.fields if name not in _READ_ONLY}

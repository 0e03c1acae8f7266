"""Reasons of the shop's own: who knows them, for what they are offered, what they are called."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.messages import Reason, Refusal, Resolution, ReturnKind
from models.rules.eligibility import AskedLine, judge
from models.rules.policy import Policy
from models.rules.reasons import CODE, FAULTS, LABELS, ReasonTerms, words_of
from models.rules.terms import Fault
from web.api.schemas.policy import PolicySchema

ZIP = ReasonTerms(reason="zip_broke", fault=Fault.MERCHANT, label="The zip broke")
STYLE = ReasonTerms(reason=Reason.STYLE, fault=Fault.CUSTOMER, label="Not my style")
SHOP = Policy(reasons=(STYLE, ZIP))
LINE = AskedLine(
    pointer="/lines/0", line="1", quantity=1, resolution=Resolution.REFUND, free_units=9
)


def judged(
    reason: str | None,
    policy: Policy = SHOP,
    *,
    kind: ReturnKind = ReturnKind.RETURN,
    resolution: Resolution = Resolution.REFUND,
    override: bool = False,
) -> list[Refusal]:
    return judge(
        [replace(LINE, reason=reason, resolution=resolution)],
        kind=kind,
        policy=policy,
        at=datetime(2026, 11, 20, tzinfo=UTC),
        override=override,
    )


def test_every_usual_reason_has_a_fault_and_words_and_is_a_code() -> None:
    assert set(FAULTS) == set(LABELS) == set(Reason)
    assert all(CODE.fullmatch(reason) for reason in Reason)


@pytest.mark.parametrize("text", ["", "_a", "a_", "a__b", "A", "1a", "ä", "a b", "a-b", "a\n"])
def test_what_is_no_code(text: str) -> None:
    assert CODE.fullmatch(text) is None


def test_a_code_has_at_most_thirty_letters() -> None:
    said = {"label": "Its own", "fault": "nobody"}
    assert not PolicySchema().validate({"reasons": {"a" * 30: said}})
    assert PolicySchema().validate({"reasons": {"a" * 31: said}})


def test_known_are_the_usual_reasons_and_the_shops_own_each_once() -> None:
    assert SHOP.known_reasons == (*Reason, "zip_broke")
    assert Policy().known_reasons == tuple(Reason)
    assert [each.words for each in SHOP.offered_reasons()][-2:] == ["Other", "The zip broke"]
    assert "Not my style" in [each.words for each in SHOP.offered_reasons()]


@pytest.mark.parametrize("kind", [ReturnKind.RETURN, ReturnKind.CLAIM, ReturnKind.WITHDRAWAL])
@pytest.mark.parametrize("override", [False, True])
def test_a_reason_that_the_shop_does_not_know_is_refused_whoever_asks(
    kind: ReturnKind, override: bool
) -> None:
    for reason in (None, "zip_broke", *Reason):
        assert judged(reason, kind=kind, override=override) == []
    [refusal] = judged("zip_brok", kind=kind, override=override)
    assert (refusal.code, refusal.pointer) == ("unknown_reason", "/lines/0/reason")
    listed = ", ".join([*Reason, "zip_broke"])
    assert refusal.message == f"This shop has no reason zip_brok; give one of {listed}."


def test_a_reason_is_refused_where_it_is_not_offered() -> None:
    closed = Policy(reasons=(replace(ZIP, offered=False, kinds=(ReturnKind.RETURN,)),))
    [refusal] = judged("zip_broke", closed)
    assert (refusal.code, refusal.pointer) == ("reason_not_offered", "/lines/0/reason")
    words = "This shop takes nothing back for the reason “The zip broke”; give the one that fits"
    assert refusal.message == f"{words} best."
    assert judged("zip_broke", closed, override=True) == []
    assert judged("zip_broke", closed, kind=ReturnKind.WITHDRAWAL) == []
    assert "zip_broke" not in [each.reason for each in closed.offered_reasons()]


@pytest.mark.parametrize(
    ("kinds", "offered"),
    [
        ((), {ReturnKind.RETURN, ReturnKind.CLAIM, ReturnKind.GIFT}),
        ((ReturnKind.CLAIM,), {ReturnKind.CLAIM}),
        ((ReturnKind.GIFT,), {ReturnKind.GIFT}),
        # A gift's return is a return.
        ((ReturnKind.RETURN,), {ReturnKind.RETURN, ReturnKind.GIFT}),
        ((ReturnKind.RETURN, ReturnKind.CLAIM), set(ReturnKind) - {ReturnKind.WITHDRAWAL}),
    ],
)
def test_a_reason_is_offered_for_its_kinds(
    kinds: tuple[ReturnKind, ...], offered: set[ReturnKind]
) -> None:
    policy = Policy(reasons=(replace(ZIP, kinds=kinds),))
    for kind in (ReturnKind.RETURN, ReturnKind.CLAIM, ReturnKind.GIFT):
        found = judged("zip_broke", policy, kind=kind, resolution=Resolution.STORE_CREDIT)
        assert (found == []) == (kind in offered)
        assert ("zip_broke" in [e.reason for e in policy.offered_reasons(kind)]) == (
            kind in offered
        )
        if found:
            only = " or ".join(kinds)
            assert found[0].code == "reason_not_offered"
            assert f"The reason “The zip broke” is for a {only} only; ask for" in found[0].message
    assert policy.offered_reasons()[-1].reason == "zip_broke"


def test_a_reason_that_was_dropped_is_nobodys_fault_and_can_be_read() -> None:
    dropped = Policy().on_reason("zip_broke")
    assert (dropped.fault, dropped.photo, dropped.words) == (Fault.NOBODY, False, "Zip broke")
    assert words_of(Reason.CHANGED_MIND) == "Changed my mind"


def test_reasons_are_the_same_after_a_trip_through_the_document() -> None:
    odd = replace(ZIP, reason="odd", photo=True, offered=False, kinds=(ReturnKind.CLAIM,))
    plain = ReasonTerms(reason=Reason.COLOUR, fault=Fault.CARRIER)
    policy = Policy(reasons=(ZIP, STYLE, odd, plain))
    body = policy.to_json()
    assert Policy.from_json(body, 1) == policy
    assert body["reasons"]["colour"] == {"fault": "carrier", "photo": False, "offered": True}
    # As versions were stored before there were labels and kinds.
    assert Policy.from_json({"reasons": {"colour": body["reasons"]["colour"]}}, 1).reasons == (
        plain,
    )

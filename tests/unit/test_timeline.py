"""The timeline in words."""

import pytest

from models.messages import CarrierStatus, Disposition, EventKind, Grade, TaskKind, Template
from models.timeline import Lookups, money, sentence, units, who

FACTS: dict[str, object] = {
    "units": 2,
    "total": 12000,
    "amount": 5670,
    "currency": "GBP",
    "override": 0,
    "by_policy": 0,
    "line": "1",
    "tracking": "RD1",
    "carrier": "Sandbox Post",
    "problem": "no such postcode",
    "status": CarrierStatus.DELIVERED,
    "event": "e-1",
    "outstanding": 1,
    "sku": "TEE",
    "quantity": 3,
    "grade": Grade.B,
    "disposition": Disposition.REFURBISH,
    "accepted": 1,
    "short": 0,
    "refund": "R-1/refund/1",
    "failure": "charge_disputed",
    "method": "paid_by_hand",
    "template": Template.REFUNDED,
    "message": "m-1",
    "task": "t-1",
    "kind": TaskKind.SEND_BACK,
    "what": "decision",
    "why": "it was cancelled",
}


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_of_event_has_words(kind: EventKind) -> None:
    words = sentence(kind, FACTS)
    spelt_out = kind.replace("_", " ").capitalize()
    assert words
    assert words != spelt_out
    assert not words.endswith(".")
    assert "_" not in words


@pytest.mark.parametrize("kind", list(EventKind))
def test_an_event_without_its_facts_still_has_words(kind: EventKind) -> None:
    assert sentence(kind, {})


def test_a_failure_reads_as_words_and_keeps_the_ids_it_names() -> None:
    facts = {"amount": 100, "currency": "GBP", "failure": "expired_card"}
    assert sentence(EventKind.REFUND_FAILED, facts).endswith("failed: expired card")
    facts["failure"] = "Disputed with their bank (dp_4b45)."
    assert sentence(EventKind.REFUND_FAILED, facts).endswith("with their bank (dp_4b45)")


def test_what_the_customer_owes_is_no_worth_below_nothing() -> None:
    facts = {"units": 1, "total": -1250, "currency": "GBP"}
    for kind in (EventKind.REQUESTED, EventKind.CHANGED):
        assert "the customer owes £12.50" in sentence(kind, facts)


@pytest.mark.parametrize(
    ("total", "words"),
    [
        (0, "Return of 1 unit requested, 1 × DRESS-M in exchange"),
        (-1250, "Return of 1 unit requested, 1 × DRESS-M in exchange, the customer owes £12.50"),
        (1000, "Return of 1 unit requested, £10.00 back and 1 × DRESS-M in exchange"),
    ],
)
def test_a_request_for_an_exchange_names_what_goes_out(total: int, words: str) -> None:
    facts = {"units": 1, "total": total, "currency": "GBP", "instead": "1 × DRESS-M"}
    assert sentence(EventKind.REQUESTED, facts) == words
    changed = words.replace("Return of", "Return changed:").replace("requested", "now")
    assert sentence(EventKind.CHANGED, facts) == changed


def test_a_kind_from_a_newer_version_is_spelt_out() -> None:
    assert sentence("photo_added", {"count": 2}) == "Photo added"


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        (EventKind.REQUESTED, {"override": 1}, "; the policy was set aside"),
        (EventKind.APPROVED, {"by_policy": 1}, "Approved at once by the policy: 2 units"),
        (EventKind.RECEIVED, {"outstanding": 0}, "2 units counted at the dock; everything is here"),
        (EventKind.RECEIVED, {}, "2 units counted at the dock; 1 unit still to come"),
        (EventKind.REFUND_GRANTED, {"short": 400}, "£4.00 of the quote can no longer be refunded"),
        (EventKind.REFUND_GRANTED, {"ahead": 1, "amount": 0}, "What went out in exchange is given"),
        (EventKind.REFUND_FAILED, {}, "Refund of £56.70 failed: charge disputed"),
        (EventKind.LINE_DECLINED, {}, "Linen shirt: 2 units declined"),
        (
            EventKind.INSPECTED,
            {"accepted": 0},
            "Linen shirt: 2 units inspected; grade B, opened; to be refurbished; refused",
        ),
        (EventKind.REFUND_SUCCEEDED, {}, "Refund of £56.70 paid to the card"),
        (EventKind.SCANNED, {"status": "teleported"}, "The carrier scanned the parcel"),
    ],
)
def test_the_facts_stand_in_the_sentence(
    kind: EventKind, data: dict[str, object], words: str
) -> None:
    lookups = Lookups(items={"1": "Linen shirt"}, payments={"R-1/refund/1": "card"})
    assert words in sentence(kind, {**FACTS, **data}, lookups)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (5670, "GBP", "£56.70"),
        (-1000, "GBP", "-£10.00"),
        (12800, "JPY", "JP¥12,800"),
        (1250, "KWD", "KWD\N{NO-BREAK SPACE}1.250"),
        (100, "IQD", "IQD\N{NO-BREAK SPACE}0.100"),
        (123456789, "EUR", "€1,234,567.89"),
    ],
)
def test_money_has_its_currencys_own_decimals(amount: int, currency: str, text: str) -> None:
    assert money(amount, currency) == text


def test_one_unit_is_singular() -> None:
    assert units(1) == "1 unit"
    assert units(74215) == "74,215 units"


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        ("user:3", "Mara Holt"),
        ("user:4", "Someone who has left"),
        ("service:ab12cd", "Web shop"),
        ("service:gone", "A service"),
        ("customer", "Customer"),
        ("policy", "Policy"),
        ("carrier", "Carrier"),
        ("redress", "Redress"),
    ],
)
def test_everyone_who_acts_has_a_name(actor: str, name: str) -> None:
    assert who(actor, {"user:3": "Mara Holt", "service:ab12cd": "Web shop"}) == name

"""The shop's policy: read, put in force, and kept version by version."""

from typing import Any

import pytest

from models.messages import Grade
from models.rules.policy import LostParcel, Policy
from models.rules.tenders import TenderOrder
from models.rules.terms import OutboundShipping, Promotions, Waiver
from models.store.policies import current_policy
from models.tables import PolicyVersion
from tests.web.api_app import Api, pointers, problem

DEFAULTS: dict[str, Any] = {
    "window": {"days": 30, "anchor": "delivered"},
    "auto_approve_up_to": 0,
    "second_approval_above": None,
    "promotions": "keep_share",
    "tender_order": "card_first",
    "outbound_shipping": "never",
    "fees": {"return_shipping": 0, "restocking_percent": "0"},
    "fee_waived_for": ["merchant_fault", "exchange"],
    "keep_item_up_to": 0,
    "keep_item_percent": "100",
    "instant_refund": False,
    "advance_exchange": False,
    "lost_parcel": "ask",
    "grades": {"A": "100", "B": "100", "C": "100", "D": "100"},
    "store_credit_bonus_percent": "0",
    "store_credit_valid_days": None,
    "withdrawal": {"days": 14, "excluded_categories": []},
    "time_zone": "UTC",
    "rules": [],
    "reasons": {},
    "deadlines": {},
}
RULE: dict[str, Any] = {
    "name": "Christmas",
    "priority": 10,
    "when": {
        "kinds": ["return", "claim"],
        "categories": ["Tees"],
        "countries": ["DE"],
        "ordered_from": "2026-11-15",
        "ordered_until": "2026-12-24",
    },
    "then": {"window_days": 60, "return_shipping": 0, "decision": "approve"},
}
READ_ONLY = ["version", "created_at", "actor"]


def in_force(api: Api) -> Policy:
    with api.database.read() as session:
        return current_policy(session)


def test_a_shop_starts_with_the_defaults_as_version_1(api: Api) -> None:
    body = api.get("/policy").get_json()
    assert list(body) == [*DEFAULTS, *READ_ONLY]
    assert body == {**DEFAULTS, "version": 1, "created_at": None, "actor": None}


def test_what_get_gives_may_be_put_back_and_changes_nothing(api: Api) -> None:
    first = api.get("/policy").get_json()
    assert api.put("/policy", first).get_json() == first
    changed = api.put("/policy", {**first, "auto_approve_up_to": 5000}).get_json()
    assert changed["version"] == 2
    assert api.put("/policy", changed).get_json() == changed
    assert api.get("/policy").get_json() == changed


def test_a_policy_put_in_force_is_what_the_rules_read(api: Api) -> None:
    body = {
        "window": {"days": 14, "anchor": "shipped"},
        "auto_approve_up_to": 10000,
        "second_approval_above": 50000,
        "keep_item_up_to": 700,
        "keep_item_percent": "60",
        "instant_refund": True,
        "lost_parcel": "refund",
        "grades": {"C": "50", "D": "refuse"},
        "promotions": "reprice_kept",
        "tender_order": "ratio",
        "outbound_shipping": "full_return",
        "fees": {"return_shipping": 495, "restocking_percent": "12.5"},
        "fee_waived_for": ["merchant_fault", "store_credit", "merchant_fault"],
        "store_credit_bonus_percent": "10",
        "store_credit_valid_days": 365,
        "withdrawal": {"days": 30, "excluded_categories": ["made to order"]},
        "time_zone": "Europe/London",
    }
    response = api.put("/policy", body)
    assert response.status_code == 200
    assert response.get_json()["actor"].startswith("service:")
    assert in_force(api) == Policy(
        version=2,
        window_days=14,
        window_anchor="shipped",
        auto_approve_up_to=10000,
        second_approval_above=50000,
        promotions=Promotions.REPRICE_KEPT,
        tender_order=TenderOrder.RATIO,
        outbound_shipping=OutboundShipping.FULL_RETURN,
        return_shipping=495,
        restocking_percent="12.5",
        fee_waived_for=(Waiver.MERCHANT_FAULT, Waiver.STORE_CREDIT),
        keep_item_up_to=700,
        keep_item_percent="60",
        instant_refund=True,
        lost_parcel=LostParcel.REFUND,
        grades={Grade.A: "100", Grade.B: "100", Grade.C: "50", Grade.D: "refuse"},
        store_credit_bonus_percent="10",
        store_credit_valid_days=365,
        withdrawal_days=30,
        withdrawal_excluded=("made to order",),
        time_zone="Europe/London",
    )
    # What is left out gets its default, not the value before.
    assert api.put("/policy", {}).get_json()["auto_approve_up_to"] == 0
    assert in_force(api) == Policy(version=3)


def test_reasons_deadlines_and_risks_are_kept(api: Api) -> None:
    risky: dict[str, Any] = {
        "name": "Often",
        "priority": 0,
        "when": {
            "kinds": ["return"],
            "customers": ["c-1"],
            "orders_at_least": 3,
            "return_rate_above": "0.5",
            "returns_in_90_days_above": 4,
            "value_above": 0,
        },
        "then": {"decision": "review"},
    }
    given: dict[str, Any] = {
        "reasons": {"defective": {"photo": True}, "style": {"fault": "nobody", "offered": False}},
        "deadlines": {"decision_due": "12h", "parcel_deadline": "5s"},
        "rules": [risky],
    }
    body = api.put("/policy", given).get_json()
    assert body["reasons"] == {
        "defective": {"fault": "merchant", "photo": True, "offered": True},
        "style": {"fault": "nobody", "photo": False, "offered": False},
    }
    assert (body["deadlines"], body["rules"]) == (given["deadlines"], [risky])
    assert api.put("/policy", body).get_json() == body
    assert in_force(api).deadlines == (("decision_due", "12h"), ("parcel_deadline", "5s"))


def test_rules_are_kept_as_they_were_sent_and_may_be_put_back(api: Api) -> None:
    deny = {"name": "Swimwear", "then": {"deny": "Hygiene forbids it."}}
    body = api.put("/policy", {"rules": [RULE, deny]}).get_json()
    assert body["rules"][0] == RULE
    assert body["rules"][1] == {
        "name": "Swimwear",
        "priority": 0,
        "when": {"kinds": ["return"]},
        "then": {"deny": "Hygiene forbids it."},
    }
    assert api.put("/policy", body).get_json() == body
    assert [rule.name for rule in in_force(api).rules] == ["Christmas", "Swimwear"]
    assert api.get("/policy/versions").get_json()["data"][0]["rules"] == body["rules"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"window": {"days": -1}}, "/window/days"),
        ({"window": {"days": "30"}}, "/window/days"),
        ({"window": {"anchor": "paid"}}, "/window/anchor"),
        ({"window": 30}, "/window"),
        ({"auto_approve_up_to": 1.5}, "/auto_approve_up_to"),
        ({"auto_approve_up_to": None}, "/auto_approve_up_to"),
        ({"second_approval_above": "none"}, "/second_approval_above"),
        ({"tender_order": "cash_first"}, "/tender_order"),
        ({"time_zone": "Europe/Atlantis"}, "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"time_zone": "/etc/passwd"}, "/time_zone"),
        ({"time_zone": "a\0"}, "/time_zone"),
        ({"promotions": "reprice"}, "/promotions"),
        ({"instant_refund": 0}, "/instant_refund"),
        ({"lost_parcel": "keep"}, "/lost_parcel"),
        ({"grades": {"C": "101"}}, "/grades/C"),
        ({"grades": {"C": "half"}}, "/grades/C"),
        ({"grades": {"E": "50"}}, "/grades/E"),
        ({"fees": {"return_shipping": -1}}, "/fees/return_shipping"),
        ({"fees": {"restocking_percent": "101"}}, "/fees/restocking_percent"),
        ({"outbound_shipping": "always"}, "/outbound_shipping"),
        ({"fee_waived_for": ["nobody"]}, "/fee_waived_for/0"),
        ({"store_credit_bonus_percent": 10}, "/store_credit_bonus_percent"),
        ({"store_credit_valid_days": 0}, "/store_credit_valid_days"),
        ({"fees": {"restocking_percent": 0}}, "/fees/restocking_percent"),
        ({"rules": [{"name": "x"}]}, "/rules/0/then"),
        ({"rules": [{"name": "x", "then": {}}]}, "/rules/0/then"),
        ({"rules": [{"name": "", "then": {"deny": "No"}}]}, "/rules/0/name"),
        ({"rules": [{"name": "x", "then": {"refuse": "No"}}]}, "/rules/0/then/refuse"),
        ({"rules": [{"name": "x", "then": {"decision": "deny"}}]}, "/rules/0/then/decision"),
        (
            {"rules": [{"name": "x", "when": {"kinds": []}, "then": {"deny": "No"}}]},
            "/rules/0/when/kinds",
        ),
        (
            {"rules": [{"name": "x", "when": {"ordered_from": "1.5."}, "then": {"deny": "No"}}]},
            "/rules/0/when/ordered_from",
        ),
        ({"rules": [RULE, RULE]}, "/rules/1/name"),
        ({"rules": None}, "/rules"),
        ({"reasons": {"tired": 1}}, "/reasons/tired"),
        ({"reasons": {"style": {"fault": "us"}}}, "/reasons/style/fault"),
        ({"reasons": {"style": {"photo": 1}}}, "/reasons/style/photo"),
        ({"deadlines": {"decision_due": 2}}, "/deadlines/decision_due"),
        ({"deadlines": {"decision_due": "2 days"}}, "/deadlines/decision_due"),
        ({"deadlines": {"lunch": "1h"}}, "/deadlines/lunch"),
        (
            {"rules": [{"name": "x", "when": {"return_rate_above": 1}, "then": {"deny": "No"}}]},
            "/rules/0/when/return_rate_above",
        ),
        (
            {"rules": [{"name": "x", "when": {"orders_at_least": 0}, "then": {"deny": "No"}}]},
            "/rules/0/when/orders_at_least",
        ),
        ({"windows": {}}, "/windows"),
    ],
)
def test_a_policy_that_would_not_be_followed_is_refused(
    sqlite_api: Api, change: dict[str, object], pointer: str
) -> None:
    assert set(pointers(sqlite_api.put("/policy", {**DEFAULTS, **change}))) == {pointer}
    assert in_force(sqlite_api) == Policy()


def test_putting_nothing_at_all_does_not_set_everything_back(sqlite_api: Api) -> None:
    sqlite_api.put("/policy", {"auto_approve_up_to": 100})
    assert problem(sqlite_api.call("PUT", "/policy"), 400)["code"] == "missing_body"
    assert in_force(sqlite_api).auto_approve_up_to == 100


def test_versions_are_listed_newest_first_page_by_page(api: Api) -> None:
    for amount in (100, 200, 300):
        api.put("/policy", {"auto_approve_up_to": amount})
    seen, query = [], "?limit=2"
    while query:
        page = api.get(f"/policy/versions{query}").get_json()
        seen += page["data"]
        query = f"?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert [(found["version"], found["auto_approve_up_to"]) for found in seen] == [
        (4, 300),
        (3, 200),
        (2, 100),
        (1, 0),
    ]
    assert seen == api.get("/policy/versions").get_json()["data"]


def test_a_stored_first_version_is_listed_once(sqlite_api: Api) -> None:
    sqlite_api.put("/policy", {"auto_approve_up_to": 100})
    with sqlite_api.database.write() as session:
        second = session.get_one(PolicyVersion, 2)
        session.add(PolicyVersion(version=1, body={}, actor="demo", created_at=second.created_at))
    versions = sqlite_api.get("/policy/versions").get_json()["data"]
    assert [(found["version"], found["actor"]) for found in versions][1:] == [(1, "demo")]

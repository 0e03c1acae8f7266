"""Reasons that a shop makes up or calls by its own words, from the policy to a return's page."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from models.database import Database
from models.messages import Reason, ReturnKind
from models.rules.policy import Policy
from models.rules.policy_rules import Rule, RuleDecision, Then, When
from models.rules.reasons import ReasonTerms
from models.rules.terms import Fault
from models.store.policies import policy_at
from models.store.pricing import earlier_fault
from models.tables import Event, ReturnLine
from models.timeline import Lookups, sentence
from tests.conftest import MakeDatabase
from tests.web.api_app import Api, pointers, problem
from tests.web.past_returns import PLACED, ask, order
from tests.web.staff_app import Desk
from tests.web.test_api_money import Shop
from tests.web.test_policy_requests import assessed, put, row
from tests.web.test_simulations import DAY, run
from web.access import Role
from web.cli import redress
from web.policy_yaml import PolicyTextError, read_policy, write_policy

ZIP = ReasonTerms(reason="zip_broke", fault=Fault.MERCHANT, photo=True, label="The zip broke")
DOCUMENT: dict[str, Any] = {
    "reasons": {
        "zip_broke": {"label": "The zip broke", "fault": "merchant", "photo": True},
        "style": {"label": "Not my style"},
        "colour": {"offered": False},
        "smells": {"label": "It smells", "fault": "nobody", "kinds": ["claim"]},
    },
    "fees": {"return_shipping": 400},
}


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    made = Shop(database, tmp_path)
    made.order([{"quantity": 2, "unit_price": 5000, "tax": 0}], [10000])
    return made


def wanted(reason: str | None, kind: str = "return") -> dict[str, Any]:
    line = {"line": "1", "quantity": 1} | ({} if reason is None else {"reason": reason})
    return {"order": "1001", "kind": kind, "lines": [line]}


# --- the document ---------------------------------------------------------------------------------


def test_a_shops_own_reasons_are_kept_and_may_be_put_back(shop: Shop) -> None:
    body = shop.put("/policy", DOCUMENT).get_json()
    assert body["reasons"] == {
        "zip_broke": {
            "label": "The zip broke",
            "fault": "merchant",
            "photo": True,
            "offered": True,
        },
        "style": {"label": "Not my style", "fault": "customer", "photo": False, "offered": True},
        "colour": {"fault": "customer", "photo": False, "offered": False},
        "smells": {
            "label": "It smells",
            "fault": "nobody",
            "photo": False,
            "offered": True,
            "kinds": ["claim"],
        },
    }
    assert shop.put("/policy", body).get_json() == body
    policy = Policy(reasons=(ZIP,))
    assert Policy.from_json(policy.to_json(), 1) == policy
    assert read_policy(write_policy(policy)) == policy


@pytest.mark.parametrize(
    ("reasons", "pointer", "code"),
    [
        ({"tired": {"fault": "nobody"}}, "/reasons/tired/label", "required"),
        ({"tired": {"label": "Tired"}}, "/reasons/tired/fault", "required"),
        ({"Tired": {"label": "Tired", "fault": "nobody"}}, "/reasons/Tired", "reason"),
        ({"_": {"label": "Tired", "fault": "nobody"}}, "/reasons/_", "reason"),
        ({"tired_": {"label": "Tired", "fault": "nobody"}}, "/reasons/tired_", "reason"),
        ({"very " * 9: {}}, f"/reasons/{'very ' * 9}", "too_long"),
        ({"tired": {"label": " ", "fault": "nobody"}}, "/reasons/tired/label", "too_short"),
        ({"tired": {"label": "T\nT", "fault": "nobody"}}, "/reasons/tired/label", "label"),
        ({"tired": {"label": "T" * 81, "fault": "nobody"}}, "/reasons/tired/label", "too_long"),
        ({"tired": {"label": "Tired", "fault": "us"}}, "/reasons/tired/fault", "choice"),
        ({"style": {"kinds": ["loan"]}}, "/reasons/style/kinds/0", "choice"),
        # Two reasons that read alike can't be told apart.
        ({"tired": {"label": "OTHER", "fault": "nobody"}}, "/reasons/tired/label", "twice"),
        ({"style": {"label": "Other"}}, "/reasons/style/label", "twice"),
    ],
)
def test_what_is_wrong_with_a_reason_is_told_at_its_place(
    sqlite_api: Api, reasons: dict[str, Any], pointer: str, code: str
) -> None:
    assert pointers(sqlite_api.put("/policy", {"reasons": reasons})) == {pointer: code}


def test_a_shop_has_at_most_a_hundred_reasons_in_its_document(sqlite_api: Api) -> None:
    many = {f"r{no}": {"label": f"No. {no}", "fault": "nobody"} for no in range(101)}
    assert pointers(sqlite_api.put("/policy", {"reasons": many})) == {"/reasons": "too_many"}
    del many["r100"]
    assert sqlite_api.put("/policy", {"reasons": many}).status_code == 200


def test_names_may_be_swapped(sqlite_api: Api) -> None:
    swapped = {"style": {"label": "Colour"}, "colour": {"label": "Style"}}
    assert sqlite_api.put("/policy", {"reasons": swapped}).status_code == 200


def test_a_rule_about_a_reason_that_nobody_can_give_is_refused(sqlite_api: Api) -> None:
    rule = {"name": "Zips", "when": {"reasons": ["style", "zip_broke"]}, "then": {"deny": "No"}}
    refused = sqlite_api.put("/policy", {"rules": [rule]})
    assert pointers(refused) == {"/rules/0/when/reasons/1": "unknown_reason"}
    assert "no reason of this policy: zip_broke" in problem(refused, 422)["detail"]
    assert sqlite_api.put("/policy", DOCUMENT | {"rules": [rule]}).status_code == 200


def test_the_command_line_names_the_line_of_what_is_missing(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", str(make_database("sqlite").url))
    monkeypatch.setenv("REDRESS_DATA_DIR", str(tmp_path))
    file = tmp_path / "policy.yaml"
    file.write_text("reasons:\n  too_smal:\n    photo: true\n")
    result = CliRunner().invoke(redress, ["policy", "check", str(file)])
    assert result.exit_code == 1
    assert "(/reasons/too_smal/label): label is missing: a reason of your own" in result.output
    assert "Check the spelling of the code if it is a usual one." in result.output
    with pytest.raises(PolicyTextError, match="must be the code of a reason, like too_small"):
        read_policy("rules: [{name: x, when: {reasons: [Zip broke]}, then: {deny: No}}]")


# --- a request ------------------------------------------------------------------------------------


def test_a_request_gives_a_reason_that_the_shop_knows(shop: Shop) -> None:
    refused = shop.post("/quotes", wanted("zip_broke"))
    assert pointers(refused) == {"/lines/0/reason": "unknown_reason"}
    assert "no reason zip_broke; give one of too_small, too_large," in refused.get_json()["detail"]
    assert shop.put("/policy", DOCUMENT).status_code == 200
    # The shop's fault costs nothing; a reason that is nobody's does.
    assert shop.quote(reason="zip_broke")["total"] == 5000
    assert shop.quote(reason="style")["total"] == 4600
    refused = shop.post("/quotes", wanted("zip_brok"))
    assert "zip_broke, smells." in problem(refused, 422)["detail"]
    # Neither staff who override nor a withdrawal can give one that means nothing.
    override = {"override": {"reason": "A good customer"}}
    assert pointers(shop.post("/quotes", wanted("zip_brok") | override))
    assert pointers(shop.post("/quotes", wanted("zip_brok", "withdrawal")))
    assert shop.post("/quotes", wanted(None, "withdrawal")).status_code == 200


def test_a_reason_is_offered_for_its_kinds(shop: Shop) -> None:
    shop.put("/policy", DOCUMENT)
    assert shop.post("/quotes", wanted("smells", "claim")).status_code == 200
    refused = shop.post("/quotes", wanted("smells"))
    assert pointers(refused) == {"/lines/0/reason": "reason_not_offered"}
    assert "The reason “It smells” is for a claim only" in problem(refused, 422)["detail"]
    refused = shop.post("/quotes", wanted("colour"))
    assert "takes nothing back for the reason “Colour”" in problem(refused, 422)["detail"]
    assert shop.post("/quotes", wanted("smells", "withdrawal")).status_code == 200


@pytest.mark.parametrize("reason", ["Zip broke", "ada@example.com", "a" * 31, "", 7, None])
def test_what_is_no_code_gets_no_further(sqlite_api: Api, reason: object) -> None:
    lines = [{"line": "1", "quantity": 1, "reason": reason}]
    refused = sqlite_api.post("/returns", {"order": "1001", "lines": lines})
    assert list(pointers(refused)) == ["/lines/0/reason"]
    assert sqlite_api.gateway.calls == []


# --- a return -------------------------------------------------------------------------------------


def test_a_return_keeps_the_words_of_the_policy_it_began_with(shop: Shop) -> None:
    database = shop.database
    put(database, Policy(reasons=(ZIP,)))
    order(database, "O-1")
    ask(database, "O-1", "R-1", at=PLACED + DAY, reason="zip_broke")
    put(database, Policy(reasons=(ReasonTerms(reason="style", fault=Fault.NOBODY, label="Meh"),)))
    ask(database, "O-1", "R-2", at=PLACED + DAY)
    lines = [shop.get(f"/returns/{rma}").get_json()["lines"][0] for rma in ("R-1", "R-2")]
    assert [(line["reason"], line["reason_label"]) for line in lines] == [
        ("zip_broke", "The zip broke"),
        ("style", "Meh"),
    ]
    # It is judged as it began, too, and still found.
    assert assessed(database, "R-1").photo_needed
    for reason, found in (("zip_broke", ["R-1"]), ("style", ["R-2"])):
        listed = shop.get(f"/returns?reason={reason}").get_json()["data"]
        assert [each["rma"] for each in listed] == found
    refused = shop.get("/returns?reason=zip_brok")
    assert pointers(refused) == {"/reason": "unknown_reason"}
    assert "zip_broke" in problem(refused, 422)["detail"]
    with database.read() as session:
        events = session.scalars(select(Event).where(Event.rma == "R-1")).all()
        told = [sentence(event.kind, event.data, Lookups()) for event in events]
        # A reason that was dropped is still the shop's fault when later returns are priced.
        now = policy_at(session, 3)
        fault = earlier_fault(session, now, ReturnKind.RETURN, "zip_broke", began_with=2)
    assert told == ["Return of 1 unit requested, worth £50.00, for “The zip broke”"]
    assert fault is Fault.MERCHANT
    assert now.on_reason("zip_broke").fault is Fault.NOBODY


def test_lines_from_before_there_were_labels_have_the_usual_words(database: Database) -> None:
    order(database, "O-1")
    ask(database, "O-1", "R-1", at=PLACED + DAY, reason=Reason.NOT_AS_DESCRIBED)
    with database.read() as session:
        [line] = session.scalars(select(ReturnLine)).all()
        assert (line.reason_label, line.why) == (None, "Not as described")
    assert ReasonTerms(reason="zip_broke", fault=Fault.NOBODY).words == "Zip broke"


def test_a_rule_and_a_simulation_know_a_shops_own_reasons(database: Database) -> None:
    at_once = Rule(
        name="Zips at once",
        when=When(reasons=("smells",)),
        then=Then(decision=RuleDecision.APPROVE),
    )
    smells = ReasonTerms(reason="smells", fault=Fault.CUSTOMER, label="It smells")
    mine = Policy(reasons=(smells,), rules=(at_once,), return_shipping=400)
    put(database, mine)
    order(database, "O-1")
    ask(database, "O-1", "R-1", at=PLACED + DAY, reason="smells")
    assert assessed(database, "R-1").rule == "Zips at once"
    assert row(database, "R-1").quote_total == 4600
    # A draft that makes it the shop's fault, and one that forgets it.
    ours = ReasonTerms(reason="smells", fault=Fault.MERCHANT, label="It smells")
    told = run(database, Policy(reasons=(ours,), return_shipping=400), version=2)
    assert told["amounts"]["GBP"] == {"before": 4600, "after": 5000, "difference": 400}
    told = run(database, Policy(), version=2)
    assert told["decisions"] == {"approve→deny": 1}
    assert "This shop has no reason smells" in told["changes"][0]["after"]["words"]


# --- the pages ------------------------------------------------------------------------------------


def test_staff_choose_from_the_shops_reasons_and_find_by_them(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    desk = Desk(make_database("sqlite"), tmp_path)
    closed = ReasonTerms(reason="colour", fault=Fault.CUSTOMER, offered=False)
    style = ReasonTerms(reason="style", fault=Fault.CUSTOMER, label="Not <my> style")
    put(desk.database, Policy(reasons=(ZIP, closed, style)))
    order(desk.database, "O-1")
    ask(desk.database, "O-1", "R-1", at=PLACED + DAY, reason="zip_broke")
    agent = desk.browser(Role.AGENT)
    form = agent.get("/returns/new?order=O-1").text
    assert '<option value="zip_broke">The zip broke</option>' in form
    assert '<option value="style">Not &lt;my&gt; style</option>' in form
    # Who asks may set the policy aside.
    assert '<option value="colour">Colour (not offered)</option>' in form
    put(desk.database, Policy())
    page = agent.get("/returns/R-1").text
    assert "The zip broke" in page
    assert "the policy wants one for" in page
    assert '<option value="zip_broke" selected>The zip broke</option>' in page
    assert '<option value="zip_broke">' not in agent.get("/returns/new?order=O-1").text
    found = agent.get("/returns?reason=zip_broke").text
    assert '<option value="zip_broke" selected>The zip broke</option>' in found
    assert "/returns/R-1" in found
    assert agent.get("/returns?reason=zip_brok").status_code == 400

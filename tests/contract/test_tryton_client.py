"""Tryton's REST API, the real one in a process of its own: what our client makes of its answers."""

import sqlite3
from datetime import date
from decimal import Decimal

import pytest

from activities.providers.tryton.client import Tryton, TrytonRefused, TrytonUnclear
from activities.providers.tryton.values import dump, load
from tests.tryton.process import DATABASE, TrytonProcess
from tests.tryton.shop import CUSTOMER, KEY, ORDER, SKU


@pytest.fixture
def client(tryton: TrytonProcess) -> Tryton:
    return Tryton(tryton.address, KEY, company=1)


def test_an_order_is_found_with_what_belongs_to_it(client: Tryton) -> None:
    (found,) = client.search(
        "sale.sale",
        [["reference", "=", ORDER]],
        ["party.name", "currency.code", "lines.product.code"],
    )

    assert found["party"]["name"] == CUSTOMER
    assert found["currency"]["code"] == "GBP"
    assert [line["product"]["code"] for line in found["lines"]] == [SKU]


def test_a_record_is_made_changed_and_deleted(client: Tryton) -> None:
    made = client.create("party.party", {"name": "Somebody"}, ["name"])
    assert made["name"] == "Somebody"

    changed = client.write("party.party", made["id"], {"name": "Somebody else"}, ["name"])
    assert changed["name"] == "Somebody else"

    client.delete("party.party", made["id"])
    assert client.search("party.party", [["id", "=", made["id"]]], ["name"]) == []


def test_pages_come_in_the_order_that_was_asked_for(client: Tryton) -> None:
    asked = {"limit": 2, "order": [("code", "ASC")]}
    first = client.search("currency.currency", [], ["code"], **asked)
    second = client.search("currency.currency", [], ["code"], offset=2, **asked)

    assert [found["code"] for found in [*first, *second]] == ["EUR", "GBP", "JPY", "KWD"]


def test_what_tryton_refuses_is_told_in_its_words(client: Tryton) -> None:
    with pytest.raises(TrytonRefused) as refused:
        client.create("account.invoice", {"type": "out"})

    assert "required" in refused.value.message
    assert refused.value.status == 400


def test_a_wrong_key_is_refused(tryton: TrytonProcess) -> None:
    with pytest.raises(TrytonRefused, match="REDRESS_ERP_KEY"):
        Tryton(tryton.address, "another key").search("party.party", [], ["name"])


def test_a_database_that_is_not_there_is_refused(tryton: TrytonProcess) -> None:
    with pytest.raises(TrytonRefused, match="REDRESS_ERP_URL"):
        Tryton(f"{tryton.address}-two", KEY).search("party.party", [], ["name"])


def test_a_server_that_is_killed_is_unclear_until_it_is_back(
    client: Tryton, tryton: TrytonProcess
) -> None:
    made = client.create("party.party", {"name": "Before"})
    tryton.kill()

    with pytest.raises(TrytonUnclear):
        client.search("party.party", [["id", "=", made["id"]]], ["name"])

    tryton.start()
    (found,) = client.search("party.party", [["id", "=", made["id"]]], ["name"])
    assert found["name"] == "Before"


def test_a_lock_that_another_holds_is_unclear_and_nothing_is_made(
    client: Tryton, tryton: TrytonProcess
) -> None:
    client.search("party.party", [], ["name"])
    other = sqlite3.connect(tryton.directory / f"{DATABASE}.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(TrytonUnclear, match="503"):
        client.create("party.party", {"name": "Twice?"})

    other.execute("ROLLBACK")
    other.close()
    assert client.search("party.party", [["name", "=", "Twice?"]], ["name"]) == []


def test_values_come_back_as_they_went() -> None:
    told = {"amount": Decimal("-80.00"), "on": date(2026, 11, 2), "lines": [["create", [{}]]]}

    assert load(dump(told)) == told
    with pytest.raises(TypeError):
        dump(object())

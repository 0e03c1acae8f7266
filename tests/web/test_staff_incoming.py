"""The managers' pages of what was reported to the shop, and of what the CRM refused."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from models.messages import CarrierStatus, RefundStatus, ReturnStatus
from models.store.crm import set_aside
from models.store.incoming import Place, list_incoming, list_untold
from models.tables import Dispute, ProviderEvent, Scan
from tests.conftest import MakeDatabase
from tests.web.staff_app import Browser, Desk, counted_queries
from tests.web.staff_history import add_refund
from tests.web.staff_rows import NOW, add_return
from web.access import Role


@pytest.fixture(params=["sqlite", "postgres"])
def desk(make_database: MakeDatabase, tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    return Desk(make_database(request.param), tmp_path)


@pytest.fixture
def manager(desk: Desk) -> Browser:
    return desk.browser(Role.MANAGER)


def came(desk: Desk, event: str, about: str = "", **more: object) -> None:
    row = {"provider": "sandbox", "type": "refund.updated", "taken": True, "received_at": NOW}
    with desk.database.write() as session:
        session.add(ProviderEvent(event=event, about=about, **{**row, **more}))


def test_each_event_points_to_what_it_led_to(desk: Desk, manager: Browser) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.RESOLVING)
        refund = add_refund(session, row, RefundStatus.SUCCEEDED)
        refund.provider_reference = "re_1"
        payment = row.order.payments[0]
        session.add(
            Dispute(
                provider="sandbox",
                dispute="dp_1",
                payment_id=payment.id,
                status="open",
                refundable=False,
                amount=1000,
                currency="GBP",
                held=0,
                opened_at=NOW,
            )
        )
        scan = Scan(rma=row.rma, event="evt_scan", status=CarrierStatus.IN_TRANSIT, at=NOW)
        session.add(scan)
        rma, order, refund_id = row.rma, row.order_number, refund.id
    came(desk, "evt_1", "re_1")
    came(desk, "evt_2", "dp_1", type="charge.dispute.created")
    came(desk, "evt_scan", "trk_1", provider="easypost", type="tracker.updated")
    came(desk, "evt_4", "cus_1", type="customer.updated", taken=False)
    # Another provider may call its things the same.
    came(desk, "evt_5", "re_1", provider="stripe")

    page = manager.get("/webhooks/incoming").text

    rows = {
        found[0]: found[1]
        for found in re.findall(
            r"<small class=\"d-block number wrap\">([^<]*)</small></th>(.*?)</tr>", page, re.S
        )
    }
    assert rma in page
    assert f"refund {refund_id}" in page
    assert f'order <span class="number">{order}</span>' in rows["dp_1"]
    assert "dispute, open" in rows["dp_1"]
    assert rma in rows["trk_1"]
    assert "scan, in_transit" in rows["trk_1"]
    assert "Ignored" in rows["cus_1"]
    only = manager.get("/webhooks/incoming?provider=stripe").text
    assert "Nothing to point to" in only
    assert rma not in only


def test_the_list_is_narrowed_and_goes_on_page_by_page(desk: Desk, manager: Browser) -> None:
    for number in range(120):
        at = NOW - timedelta(minutes=number // 3)
        came(desk, f"evt_{number:03}", received_at=at, taken=number % 2 == 0)
    assert "evt_007" in manager.get("/webhooks/incoming?about=evt_007").text
    assert "evt_008" not in manager.get("/webhooks/incoming?about=evt_007").text
    assert "Nothing matches" in manager.get("/webhooks/incoming?provider=easypost").text
    for query, count in (("", 120), ("?state=taken", 60), ("?state=ignored", 60)):
        seen, path = [], f"/webhooks/incoming{query}"
        while path:
            page = manager.get(path).text
            seen += re.findall(r'wrap">(evt_\d{3})<', page)
            link = re.search(r'rel="next" href="([^"]+)"', page)
            path = link[1].replace("&amp;", "&") if link else ""
        assert len(seen) == len(set(seen)) == count
    for bad in ("x", "2026~", "2026-01-01~a"):
        assert (
            manager.get(
                "/webhooks/incoming",
            ).status_code
            == 200
        )
        assert manager.get(f"/webhooks/incoming?before={bad}").status_code == 404


def test_a_page_takes_few_queries(desk: Desk) -> None:
    for number in range(30):
        came(desk, f"evt_{number}", f"re_{number}")
    with counted_queries(desk.database) as queries, desk.database.read() as session:
        assert len(list_incoming(session, limit=50)) == 30
    assert len([each for each in queries if each.startswith("SELECT")]) <= 5


def test_what_the_crm_refused_is_listed_with_its_reason(desk: Desk, manager: Browser) -> None:
    assert "The CRM has taken everything" in manager.get("/webhooks/untold").text
    with desk.database.write() as session:
        for number in range(1, 61):
            row = add_return(session, number, ReturnStatus.CLOSED)
            set_aside(session, row.rma, f"No customer <{number}>.", NOW)
        rma = row.rma
    page = manager.get("/webhooks/untold").text
    assert "No customer &lt;" in page
    assert len(re.findall("No customer", page)) == 50
    link = re.search(r'rel="next" href="([^"]+)"', page)
    assert link is not None
    assert len(re.findall("No customer", manager.get(link[1]).text)) == 10
    one = manager.get(f"/webhooks/untold?rma={rma.lower()}").text
    assert "No customer &lt;60&gt;." in one
    assert "No customer &lt;59&gt;." not in one
    with desk.database.read() as session:
        assert list_untold(session, limit=5, before=Place(at=NOW - timedelta(days=1), id="")) == []


@pytest.mark.parametrize("path", ["/webhooks/incoming", "/webhooks/untold"])
def test_only_who_may_see_webhooks_sees_them(desk: Desk, path: str) -> None:
    assert desk.browser(Role.FINANCE).get(path).status_code == 403
    assert (
        f'href="{path}"'
        in desk.browser(Role.MANAGER, email="m2@shop.example").get("/webhooks").text
    )

"""A call on an exchange right after its approval: the workflow of it may not have begun."""

from pathlib import Path
from typing import Any, cast

import pytest

import web.exchange_gateway
from models.database import Database
from models.messages import ReturnState, ReturnStatus
from models.settings import load_settings
from tests.web.staff_history import add_exchange
from tests.web.staff_rows import add_return
from web.access import Actor
from web.delivery import Delivery, WorkflowEnded
from web.exchange_gateway import ExchangeGateway
from web.requests import Conflict
from web.temporal import TemporalBridge

AGENT = Actor(id="user:1", name="Agent", permissions=frozenset())


class Slow:
    """Delivers once the exchange has begun, which takes some calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def deliver(self, to: str, message: Any) -> ReturnState:
        """Says that there is no such workflow until it has begun."""
        if self.left:
            self.left -= 1
            raise WorkflowEnded
        return ReturnState(rma="R-1", status=ReturnStatus.AWAITING_PARCEL)


def gateway_to(delivery: Slow, database: Database, tmp_path: Path) -> ExchangeGateway:
    made = ExchangeGateway(load_settings(tmp_path), database, cast("TemporalBridge", None))
    made._delivery = cast("Delivery", delivery)
    return made


def add_exchanged(database: Database, status: ReturnStatus) -> str:
    with database.write() as session:
        row = add_return(session, 1, status)
        add_exchange(session, row, difference=0, variant={"size": "M"})
        return row.rma


def test_a_call_that_is_ahead_of_the_exchange_waits_for_it(
    database: Database, tmp_path: Path
) -> None:
    rma = add_exchanged(database, ReturnStatus.AWAITING_PARCEL)
    delivery = Slow(3)
    answer = gateway_to(delivery, database, tmp_path).ship_exchange(rma, "1Z9", AGENT)
    assert answer.settled
    assert delivery.left == 0


def test_an_exchange_that_does_not_begin_says_to_try_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.exchange_gateway, "BEGINS_WITHIN_SECONDS", 0.1)
    rma = add_exchanged(database, ReturnStatus.AWAITING_PARCEL)
    with pytest.raises(Conflict, match="still being prepared") as refused:
        gateway_to(Slow(1000), database, tmp_path).cancel_exchange(rma, "", AGENT)
    assert refused.value.code == "not_recorded"


def test_an_exchange_of_a_return_that_ended_is_refused_at_once(
    database: Database, tmp_path: Path
) -> None:
    rma = add_exchanged(database, ReturnStatus.CANCELLED)
    delivery = Slow(5)
    with pytest.raises(Conflict) as refused:
        gateway_to(delivery, database, tmp_path).pay_exchange(rma, "till-1", 1, AGENT)
    assert refused.value.code == "already_ended"
    assert delivery.left == 4

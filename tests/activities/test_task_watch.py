"""Tasks that wait too long: people are reminded once, then the managers are told once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from temporalio.exceptions import ApplicationError

from activities.providers.mail.protocol import MailRefused, MailUnclear
from activities.task_watch import TaskWatch
from models.database import Database
from models.messages import EventKind, ReturnStatus, TaskKind
from models.settings import Settings
from models.tables import Event, Message, StaffMail, Task, User
from tests.activities.postbox import Postbox, both
from tests.web.staff_history import add_task
from tests.web.staff_rows import NOW, add_return, add_user
from web.access import Role
from worker import staff

Watch = Callable[..., int]
OWNER, ANN, WES, MIA = "owner@x.example", "ann@x.example", "wes@x.example", "mia@x.example"


@pytest.fixture
def people(database: Database) -> dict[str, int]:
    """Two agents, one of the warehouse and a manager; address to number."""
    roles = {OWNER: Role.AGENT, ANN: Role.AGENT, WES: Role.WAREHOUSE, MIA: Role.MANAGER}
    with database.write() as session:
        return {
            email: add_user(session, role, name=email[:3].title(), email=email).id
            for email, role in roles.items()
        }


@pytest.fixture
def watch(database: Database, postbox: Postbox, settings: Settings) -> Watch:
    activity = TaskWatch(database, postbox, settings, staff())

    def run(**later: float) -> int:
        return activity.watch_tasks((NOW + timedelta(**later)).isoformat())

    return run


def add_due(
    session: Session, number: int, kind: TaskKind = TaskKind.DECIDE, owner: int | None = None
) -> str:
    """A task that is due now."""
    row = add_return(session, number, ReturnStatus.REQUESTED, customer="Ada Okafor")
    task = add_task(session, row, kind, due_in=timedelta(0))
    if owner is not None:
        task.owner_id, task.status = owner, "claimed"
    return row.rma


def told(postbox: Postbox) -> dict[str, str]:
    """Address to plain words, of mails that came since this was asked last."""
    found = {mail.recipient: both(mail)[0] for mail in postbox.sent}
    assert len(found) == len(postbox.sent), "one mail per person"
    postbox.sent.clear()
    return found


def test_who_claimed_it_is_reminded_else_all_whose_work_it_is(
    database: Database, people: dict[str, int], watch: Watch, postbox: Postbox
) -> None:
    with database.write() as session:
        claimed = add_due(session, 1, owner=people[OWNER])
        free = add_due(session, 2)
        inspect = add_due(session, 3, TaskKind.INSPECT)
        add_task(session, add_return(session, 4, ReturnStatus.REQUESTED), TaskKind.DECIDE)
    assert watch(minutes=-1) == 0
    assert watch(minutes=1) == 4
    mails = told(postbox)
    assert set(mails) == {OWNER, ANN, WES, MIA}
    assert claimed in mails[OWNER]
    assert free in mails[OWNER]
    assert claimed not in mails[ANN]
    assert "1 task is overdue" in mails[ANN]
    assert "Decide on the request" in mails[ANN]
    assert f"http://127.0.0.1:8080/returns/{free}" in mails[ANN]
    assert inspect in mails[WES]
    assert free not in mails[WES]
    assert {free, inspect} <= {rma for rma in (claimed, free, inspect) if rma in mails[MIA]}
    assert "Okafor" not in " ".join(mails.values())
    assert watch(minutes=2) == 0, "each is told once"


def test_a_day_later_the_managers_are_told_once(
    database: Database, people: dict[str, int], watch: Watch, postbox: Postbox
) -> None:
    with database.write() as session:
        rma = add_due(session, 1, owner=people[OWNER])
    watch(minutes=1)
    assert set(told(postbox)) == {OWNER}
    assert watch(hours=23) == 0
    assert watch(hours=24) == 1
    assert "far too long" in told(postbox)[MIA]
    assert watch(hours=25) == 0
    with database.read() as session:
        task = session.scalars(select(Task).where(Task.rma == rma)).one()
        assert task.reminded_at == NOW + timedelta(minutes=1)
        assert task.escalated_at == NOW + timedelta(hours=24)
        events = session.scalars(select(Event.kind).where(Event.rma == rma)).all()
        assert events.count(EventKind.TASK_ESCALATED) == 1
        assert session.scalars(select(Message)).all() == [], "customers' mails are kept apart"


def test_tasks_that_are_done_and_people_who_left_hear_nothing(
    database: Database, people: dict[str, int], watch: Watch, postbox: Postbox
) -> None:
    with database.write() as session:
        done = add_due(session, 1)
        session.scalars(select(Task).where(Task.rma == done)).one().status = "done"
        add_due(session, 2, owner=people[OWNER])
        session.get_one(User, people[OWNER]).disabled_at = NOW
    watch(minutes=1)
    mails = told(postbox)
    assert set(mails) == {ANN, MIA}, "the owner has left, so all are asked whose work it is"
    assert done not in " ".join(mails.values())


def test_what_the_mail_server_did_not_take_is_sent_later_and_only_that(
    database: Database, people: dict[str, int], watch: Watch, postbox: Postbox
) -> None:
    with database.write() as session:
        add_due(session, 1)
    postbox.problems = [MailUnclear("no answer"), MailRefused("no such mailbox")]
    with pytest.raises(ApplicationError, match="no answer") as caught:
        watch(minutes=1)
    assert caught.value.type == "mail_unclear"
    assert set(told(postbox)) == {MIA}
    assert watch(minutes=16) == 1
    assert set(told(postbox)) == {OWNER}
    with database.read() as session:
        refused = session.scalars(select(StaffMail).where(StaffMail.sent_at.is_(None))).all()
        assert [(row.user_id, row.problem) for row in refused] == [(people[ANN], "no such mailbox")]
    assert watch(minutes=31) == 0


def test_a_task_about_an_order_without_a_return_leads_to_its_page(
    database: Database, people: dict[str, int], watch: Watch, postbox: Postbox
) -> None:
    with database.write() as session:
        order = add_return(session, 1, ReturnStatus.CLOSED).order_number
        session.add(
            Task(
                id="task-1",
                order_number=order,
                kind=TaskKind.DISPUTE,
                status="open",
                due_at=NOW,
                opened_at=NOW,
            )
        )

    watch(minutes=1)

    [words] = told(postbox).values()
    assert f"order {order}" in words
    assert "/tasks/task-1" in words

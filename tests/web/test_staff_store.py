"""The queries behind the staff pages mean the same on SQLite and PostgreSQL."""

from datetime import timedelta

from models.database import Database
from models.messages import EventKind, RefundStatus, ReturnStatus, TaskKind
from models.store.desk import count_inbox, find_task_kind, name_actors, read_inbox
from models.store.desk_page import read_label, read_mail, read_return
from models.tables import ApiKey
from tests.web.staff_history import add_label, add_mail, add_refund, add_task
from tests.web.staff_rows import NOW, add_event, add_return, add_user
from web.access import Role


def test_the_inbox_counts_sorts_and_turns_pages(database: Database) -> None:
    with database.write() as session:
        user = add_user(session, Role.MANAGER)
        for number, (kind, hours) in enumerate(
            [
                (TaskKind.DECIDE, 5),
                (TaskKind.DECIDE, -1),
                (TaskKind.INSPECT, None),
                (TaskKind.INSPECT, None),
                (TaskKind.REFUND_FAILED, 2),
            ],
            start=1,
        ):
            row = add_return(session, number, ReturnStatus.RECEIVED)
            refund = None
            if kind == TaskKind.REFUND_FAILED:
                refund = add_refund(session, row, RefundStatus.FAILED)
                refund.amount = 7
            add_task(
                session,
                row,
                kind,
                due_in=None if hours is None else timedelta(hours=hours),
                owner=user if number == 1 else None,
                refund=refund,
            )
        user_id = user.id
    with database.read() as session:
        counts = count_inbox(session, user_id=user_id, now=NOW)
        assert counts.kinds == {
            TaskKind.DECIDE: 2,
            TaskKind.INSPECT: 2,
            TaskKind.REFUND_FAILED: 1,
        }
        assert counts.overdue[TaskKind.DECIDE] == 1
        assert counts.overdue[TaskKind.INSPECT] == 0
        assert counts.mine == 1
        seen, after = [], None
        while True:
            page = read_inbox(session, after=after, limit=2)
            seen += [(row.task.kind, row.owner, row.amount) for row in page.rows]
            after = page.after
            if after is None:
                break
        assert seen == [
            ("decide", None, 5670),
            ("refund_failed", None, 7),
            ("decide", "Mara Holt", 5670),
            ("inspect", None, 5670),
            ("inspect", None, 5670),
        ]
        mine = read_inbox(session, owner_id=user_id)
        assert [row.task.owner_id for row in mine.rows] == [user_id]


def test_a_page_reads_all_that_belongs_to_one_return_and_nothing_else(database: Database) -> None:
    with database.write() as session:
        user = add_user(session, Role.AGENT)
        session.add(
            ApiKey(
                id="ab12cd",
                name="Web shop",
                secret_hash="x",
                scopes=[],
                account="ab12cd",
                created_at=NOW,
            )
        )
        rows = [add_return(session, number, ReturnStatus.RESOLVED) for number in (1, 2)]
        for row in rows:
            add_refund(session, row, RefundStatus.SUCCEEDED)
            add_task(session, row, TaskKind.SEND_BACK)
            add_task(session, row, TaskKind.INSPECT).status = "done"
            add_label(session, row)
            add_mail(session, row, "refunded", "Your refund", "<p>Hello</p>")
            add_event(session, row, EventKind.CANCELLED, f"user:{user.id}", note="Why not")
            add_event(session, row, EventKind.CANCELLED, "service:ab12cd")
        rma, other = rows[0].rma, rows[1].rma
        names = {f"user:{user.id}": "Mara Holt", "service:ab12cd": "Web shop"}
    with database.read() as session:
        page = read_return(session, rma)
        assert page is not None
        for found in (page.tasks, page.grants, page.refunds, page.labels, page.mails):
            assert [row.rma for row in found] == [rma]
        assert [(row.rma, len(row.lines)) for row in page.entries] == [(rma, 3), (rma, 2)]
        assert len(page.events) == 5
        assert page.names == names
        assert page.first_approver is None
        label = read_label(session, rma)
        assert label is not None
        assert label.pdf.startswith(b"%PDF")
        mail = read_mail(session, rma, page.mails[0].key)
        assert mail is not None
        assert mail.html == "<p>Hello</p>"
        assert read_mail(session, other, page.mails[0].key) is None
        assert find_task_kind(session, rma, page.tasks[0].id) == TaskKind.SEND_BACK
        assert find_task_kind(session, other, page.tasks[0].id) is None
        assert read_return(session, "R-0000-0000") is None
        assert name_actors(session, ["user:x", "service:", "customer", "user:999"]) == {}

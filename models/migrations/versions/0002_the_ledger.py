"""The ledger, store credit and reconciliation"""

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEPT = ("journal_entries", "journal_lines", "credit_memos")
_ENTRIES = sa.table(
    "journal_entries",
    sa.column("id", sa.Integer),
    sa.column("source", sa.String),
    sa.column("rma", sa.String),
    sa.column("order_number", sa.String),
    sa.column("at", sa.DateTime),
    sa.column("currency", sa.String),
    sa.column("memo", sa.String),
    sa.column("recorded_at", sa.DateTime),
    sa.column("previous_hash", sa.String),
    sa.column("hash", sa.String),
)
_LINES = sa.table(
    "journal_lines",
    sa.column("entry_id", sa.Integer),
    sa.column("position", sa.Integer),
    sa.column("account", sa.String),
    sa.column("debit", sa.BigInteger),
    sa.column("credit", sa.BigInteger),
)


def upgrade() -> None:
    op.create_table(
        "account_codes",
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_account_codes")),
    )
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_entry", sa.Integer(), nullable=False),
        sa.Column("last_hash", sa.String(length=64), nullable=False),
        sa.Column("last_memo", sa.Integer(), nullable=False),
        sa.Column("closed_until", sa.Date(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    with op.batch_alter_table("reconciliations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reconciliations_started_at"), ["started_at"], unique=False
        )

    op.create_table(
        "differences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reconciliation_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rma", sa.String(length=20), nullable=True),
        sa.Column("order_number", sa.String(length=100), nullable=True),
        sa.Column("refund", sa.String(length=60), nullable=True),
        sa.Column("provider", sa.String(length=40), nullable=True),
        sa.Column("provider_reference", sa.String(length=200), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"],
            ["reconciliations.id"],
            name=op.f("fk_differences_reconciliation_id_reconciliations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_differences")),
    )
    with op.batch_alter_table("differences", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_differences_reconciliation_id"), ["reconciliation_id"], unique=False
        )

    op.create_table(
        "store_credits",
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("rma", sa.String(length=20), nullable=True),
        sa.Column("order_number", sa.String(length=100), nullable=True),
        sa.Column("source", sa.String(length=160), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "balance >= 0 AND balance <= amount", name=op.f("ck_store_credits_balance")
        ),
        sa.ForeignKeyConstraint(
            ["order_number"], ["orders.number"], name=op.f("fk_store_credits_order_number_orders")
        ),
        sa.ForeignKeyConstraint(
            ["rma"], ["returns.rma"], name=op.f("fk_store_credits_rma_returns")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_store_credits")),
        sa.UniqueConstraint("source", name=op.f("uq_store_credits_source")),
    )
    with op.batch_alter_table("store_credits", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_store_credits_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_store_credits_order_number"), ["order_number"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_store_credits_rma"), ["rma"], unique=False)

    op.create_table(
        "credit_memos",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("granted_refund_id", sa.String(length=80), nullable=False),
        sa.Column("rma", sa.String(length=20), nullable=True),
        sa.Column("order_number", sa.String(length=100), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("issued_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["granted_refund_id"],
            ["granted_refunds.id"],
            name=op.f("fk_credit_memos_granted_refund_id_granted_refunds"),
        ),
        sa.ForeignKeyConstraint(
            ["order_number"], ["orders.number"], name=op.f("fk_credit_memos_order_number_orders")
        ),
        sa.ForeignKeyConstraint(["rma"], ["returns.rma"], name=op.f("fk_credit_memos_rma_returns")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_credit_memos")),
        sa.UniqueConstraint("granted_refund_id", name=op.f("uq_credit_memos_granted_refund_id")),
    )
    with op.batch_alter_table("credit_memos", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credit_memos_issued_at"), ["issued_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_credit_memos_order_number"), ["order_number"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_credit_memos_rma"), ["rma"], unique=False)

    op.create_table(
        "credit_movements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=160), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["code"], ["store_credits.code"], name=op.f("fk_credit_movements_code_store_credits")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_movements")),
        sa.UniqueConstraint(
            "code", "kind", "reference", name=op.f("uq_credit_movements_code_kind_reference")
        ),
    )
    with op.batch_alter_table("credit_movements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credit_movements_code"), ["code"], unique=False)

    op.create_table(
        "grant_lines",
        sa.Column("granted_refund_id", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("line", sa.String(length=100), nullable=True),
        sa.Column("return_line", sa.Integer(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["granted_refund_id"],
            ["granted_refunds.id"],
            name=op.f("fk_grant_lines_granted_refund_id_granted_refunds"),
        ),
        sa.PrimaryKeyConstraint("granted_refund_id", "position", name=op.f("pk_grant_lines")),
    )
    op.create_table(
        "tender_uses",
        sa.Column("granted_refund_id", sa.String(length=80), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_tender_uses_amount")),
        sa.ForeignKeyConstraint(
            ["granted_refund_id"],
            ["granted_refunds.id"],
            name=op.f("fk_tender_uses_granted_refund_id_granted_refunds"),
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_tender_uses_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("granted_refund_id", "payment_id", name=op.f("pk_tender_uses")),
    )
    with op.batch_alter_table("granted_refunds", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.String(length=12), nullable=False, server_default="return")
        )
        batch_op.add_column(
            sa.Column("method", sa.String(length=12), nullable=False, server_default="refund")
        )
        batch_op.add_column(
            sa.Column("order_number", sa.String(length=100), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("bonus", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("accepted", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("note_id", sa.String(length=36), nullable=True))
        batch_op.alter_column(
            "id",
            existing_type=sa.VARCHAR(length=60),
            type_=sa.String(length=80),
            existing_nullable=False,
        )
        batch_op.alter_column("rma", existing_type=sa.VARCHAR(length=20), nullable=True)
        batch_op.create_index(
            batch_op.f("ix_granted_refunds_order_number"), ["order_number"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_granted_refunds_note_id_notes"), "notes", ["note_id"], ["id"]
        )

    with op.batch_alter_table("journal_entries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("order_number", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("reverses", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "recorded_at", sa.DateTime(), nullable=False, server_default="1970-01-01 00:00:00"
            )
        )
        batch_op.add_column(
            sa.Column("previous_hash", sa.String(length=64), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("hash", sa.String(length=64), nullable=False, server_default="")
        )
        batch_op.alter_column(
            "source",
            existing_type=sa.VARCHAR(length=120),
            type_=sa.String(length=160),
            existing_nullable=False,
        )
        batch_op.alter_column("rma", existing_type=sa.VARCHAR(length=20), nullable=True)
        batch_op.create_index(batch_op.f("ix_journal_entries_at"), ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_journal_entries_order_number"), ["order_number"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_journal_entries_reverses_journal_entries"),
            "journal_entries",
            ["reverses"],
            ["id"],
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_journal_entries_order_number_orders"),
            "orders",
            ["order_number"],
            ["number"],
        )

    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("shipping_refunded", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("promotion_reversed", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch_op.create_check_constraint(
            op.f("ck_orders_shipping_refunded"),
            "shipping_refunded >= 0 AND shipping_refunded <= shipping_amount + shipping_tax",
        )

    with op.batch_alter_table("quote_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tax", sa.BigInteger(), nullable=False, server_default="0"))

    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("order_number", sa.String(length=100), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("workflow", sa.String(length=200), nullable=True))
        batch_op.alter_column(
            "granted_refund_id",
            existing_type=sa.VARCHAR(length=60),
            type_=sa.String(length=80),
            existing_nullable=False,
        )
        batch_op.alter_column("rma", existing_type=sa.VARCHAR(length=20), nullable=True)
        batch_op.create_index(batch_op.f("ix_refunds_order_number"), ["order_number"], unique=False)

    _move_data()
    # Only now every row names its order.
    with op.batch_alter_table("granted_refunds", schema=None) as batch_op:
        batch_op.create_foreign_key(
            batch_op.f("fk_granted_refunds_order_number_orders"),
            "orders",
            ["order_number"],
            ["number"],
        )
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.create_foreign_key(
            batch_op.f("fk_refunds_order_number_orders"), "orders", ["order_number"], ["number"]
        )
        batch_op.drop_column("tax")
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.drop_column("granted_tax")
    for table in _KEPT:
        _refuse_changes(table)


def _refuse_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} only grows; book a reversal'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION '% only grows; book a reversal', TG_TABLE_NAME; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_refuses_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _accept_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_refuses_{change}")
    else:
        op.execute(f"DROP TRIGGER {table}_refuses_changes ON {table}")


def _move_data() -> None:
    """Gives what was granted and booked before its order, its lines, its number and its hash."""
    op.execute("UPDATE quote_lines SET tax = amount WHERE kind = 'tax'")
    op.execute(
        "UPDATE granted_refunds SET order_number ="
        " (SELECT order_number FROM returns WHERE returns.rma = granted_refunds.rma)"
    )
    op.execute(
        "UPDATE refunds SET workflow = 'return/' || rma, order_number ="
        " (SELECT order_number FROM returns WHERE returns.rma = refunds.rma)"
    )
    op.execute(
        "INSERT INTO grant_lines (granted_refund_id, position, kind, amount, tax, explanation)"
        " SELECT id, 1, 'goods', amount + short - tax, 0, 'Goods' FROM granted_refunds"
    )
    op.execute(
        "INSERT INTO grant_lines (granted_refund_id, position, kind, amount, tax, explanation)"
        " SELECT id, 2, 'tax', tax, tax, 'Tax paid on them' FROM granted_refunds WHERE tax > 0"
    )
    bind = op.get_bind()
    lines = bind.execute(sa.text("SELECT rma, granted FROM return_lines ORDER BY rma, no")).all()
    accepted: dict[str, list[int]] = {}
    for rma, granted in lines:
        accepted.setdefault(rma, []).append(granted)
    for (rma,) in bind.execute(sa.text("SELECT DISTINCT rma FROM granted_refunds")).all():
        bind.execute(
            sa.text("UPDATE granted_refunds SET accepted = :accepted WHERE rma = :rma"),
            {"accepted": json.dumps(accepted[rma]), "rma": rma},
        )
    _book_again(bind)


def _book_again(bind: sa.Connection) -> None:
    """Numbers the entries without gaps, chains them, and books what is granted but not paid."""
    old = bind.execute(sa.select(_ENTRIES).order_by(_ENTRIES.c.id)).mappings().all()
    sides: dict[int, list[tuple[str, int, int]]] = {}
    for row in bind.execute(
        sa.select(_LINES).order_by(_LINES.c.entry_id, _LINES.c.position)
    ).mappings():
        sides.setdefault(row["entry_id"], []).append((row["account"], row["debit"], row["credit"]))
    returns = bind.execute(sa.text("SELECT rma, order_number FROM returns"))
    orders = {row.rma: row.order_number for row in returns}
    entries = [
        (row["source"], row["rma"], row["at"], row["currency"], row["memo"], sides[row["id"]])
        for row in old
    ]
    # What a person still has to settle was granted, too: short, for want of payments.
    unpaid = bind.execute(
        sa.text(
            "SELECT granted, rma, currency, SUM(amount), SUM(tax) FROM ("
            " SELECT granted_refund_id AS granted, rma, currency, amount, tax FROM refunds"
            " WHERE status <> 'succeeded' AND replaced_by IS NULL AND paid_by IS NULL"
            " UNION ALL SELECT id, rma, currency, short, 0 FROM granted_refunds WHERE short > 0"
            " AND EXISTS (SELECT 1 FROM tasks WHERE tasks.rma = granted_refunds.rma"
            " AND tasks.kind = 'refund_short' AND tasks.status <> 'done')"
            ") AS owed GROUP BY granted, rma, currency ORDER BY granted"
        )
    ).all()
    now = datetime.now(UTC).replace(tzinfo=None)
    for grant, rma, currency, amount, tax in unpaid:
        postings = [("sales_returns", int(amount - tax), 0), ("tax_payable", int(tax), 0)]
        postings = [posting for posting in postings if posting[1]]
        postings.append(("refunds_payable", 0, int(amount)))
        entries.append((f"grant/{grant}", rma, now, currency, f"Grant {grant}", postings))
    bind.execute(_LINES.delete())
    bind.execute(_ENTRIES.delete())
    last = "0" * 64
    for number, (source, rma, at, currency, memo, lines) in enumerate(entries, start=1):
        order = orders[rma]
        facts = [number, source, rma, order, _time(at), _time(now), currency, memo, None]
        content = json.dumps([*facts, [list(line) for line in lines], last], separators=(",", ":"))
        entry = {"id": number, "source": source, "rma": rma, "order_number": order, "at": at}
        entry |= {"currency": currency, "memo": memo, "recorded_at": now, "previous_hash": last}
        last = hashlib.sha256(content.encode()).hexdigest()
        bind.execute(_ENTRIES.insert().values(**entry, hash=last))
        for position, (account, debit, credit) in enumerate(lines, start=1):
            bind.execute(
                _LINES.insert().values(
                    entry_id=number, position=position, account=account, debit=debit, credit=credit
                )
            )
    bind.execute(
        sa.text(
            "INSERT INTO ledger_head (id, last_entry, last_hash, last_memo)"
            " VALUES (1, :number, :hash, 0)"
        ),
        {"number": len(entries), "hash": last},
    )


def _time(at: datetime) -> str:
    return at.replace(tzinfo=UTC).isoformat(timespec="microseconds")


def downgrade() -> None:
    for table in _KEPT:
        _accept_changes(table)
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("granted_tax", sa.BIGINT(), nullable=False, server_default="0")
        )

    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tax", sa.BIGINT(), nullable=False, server_default="0"))
        batch_op.drop_constraint(batch_op.f("fk_refunds_order_number_orders"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_refunds_order_number"))
        batch_op.alter_column("rma", existing_type=sa.VARCHAR(length=20), nullable=False)
        batch_op.alter_column(
            "granted_refund_id",
            existing_type=sa.String(length=80),
            type_=sa.VARCHAR(length=60),
            existing_nullable=False,
        )
        batch_op.drop_column("workflow")
        batch_op.drop_column("order_number")

    with op.batch_alter_table("quote_lines", schema=None) as batch_op:
        batch_op.drop_column("tax")

    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_orders_shipping_refunded"), type_="check")
        batch_op.drop_column("promotion_reversed")
        batch_op.drop_column("shipping_refunded")

    with op.batch_alter_table("journal_entries", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_journal_entries_order_number_orders"), type_="foreignkey"
        )
        batch_op.drop_constraint(
            batch_op.f("fk_journal_entries_reverses_journal_entries"), type_="foreignkey"
        )
        batch_op.drop_index(batch_op.f("ix_journal_entries_order_number"))
        batch_op.drop_index(batch_op.f("ix_journal_entries_at"))
        batch_op.alter_column("rma", existing_type=sa.VARCHAR(length=20), nullable=False)
        batch_op.alter_column(
            "source",
            existing_type=sa.String(length=160),
            type_=sa.VARCHAR(length=120),
            existing_nullable=False,
        )
        batch_op.drop_column("hash")
        batch_op.drop_column("previous_hash")
        batch_op.drop_column("recorded_at")
        batch_op.drop_column("reverses")
        batch_op.drop_column("order_number")

    with op.batch_alter_table("granted_refunds", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_granted_refunds_note_id_notes"), type_="foreignkey")
        batch_op.drop_constraint(
            batch_op.f("fk_granted_refunds_order_number_orders"), type_="foreignkey"
        )
        batch_op.drop_index(batch_op.f("ix_granted_refunds_order_number"))
        batch_op.alter_column("rma", existing_type=sa.VARCHAR(length=20), nullable=False)
        batch_op.alter_column(
            "id",
            existing_type=sa.String(length=80),
            type_=sa.VARCHAR(length=60),
            existing_nullable=False,
        )
        batch_op.drop_column("note_id")
        batch_op.drop_column("accepted")
        batch_op.drop_column("bonus")
        batch_op.drop_column("order_number")
        batch_op.drop_column("method")
        batch_op.drop_column("kind")

    op.drop_table("tender_uses")
    op.drop_table("grant_lines")
    with op.batch_alter_table("credit_movements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credit_movements_code"))

    op.drop_table("credit_movements")
    with op.batch_alter_table("credit_memos", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credit_memos_rma"))
        batch_op.drop_index(batch_op.f("ix_credit_memos_order_number"))
        batch_op.drop_index(batch_op.f("ix_credit_memos_issued_at"))

    op.drop_table("credit_memos")
    with op.batch_alter_table("store_credits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_store_credits_rma"))
        batch_op.drop_index(batch_op.f("ix_store_credits_order_number"))
        batch_op.drop_index(batch_op.f("ix_store_credits_expires_at"))

    op.drop_table("store_credits")
    with op.batch_alter_table("differences", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_differences_reconciliation_id"))

    op.drop_table("differences")
    with op.batch_alter_table("reconciliations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reconciliations_started_at"))

    op.drop_table("reconciliations")
    op.drop_table("ledger_head")
    op.drop_table("account_codes")

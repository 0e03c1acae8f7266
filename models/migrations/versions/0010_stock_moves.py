"""Stock moves, also of what was inspected before"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moves = op.create_table(
        "stock_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("rma", sa.String(20), nullable=False),
        sa.Column("line", sa.String(100), nullable=False),
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(1), nullable=False),
        sa.Column("disposition", sa.String(20), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_stock_moves_quantity")),
        sa.ForeignKeyConstraint(["rma"], ["returns.rma"], name=op.f("fk_stock_moves_rma_returns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_moves")),
        sa.UniqueConstraint("key", name=op.f("uq_stock_moves_key")),
    )
    for column in ("rma", "sku", "disposition", "at"):
        op.create_index(op.f(f"ix_stock_moves_{column}"), "stock_moves", [column])

    connection = op.get_bind()
    inspected = connection.execute(
        sa.text(
            "SELECT e.rma, e.key, e.at, e.actor, e.data, r.order_number"
            " FROM events e JOIN returns r ON r.rma = e.rma"
            " WHERE e.kind = 'inspected' ORDER BY e.id"
        ).columns(at=sa.DateTime())
    ).all()
    skus = {}
    for rma, key, at, actor, data, order in inspected:
        facts = json.loads(data) if isinstance(data, str) else data
        place = (order, facts["line"])
        if place not in skus:
            skus[place] = connection.scalar(
                sa.text("SELECT sku FROM order_lines WHERE order_number = :order AND line = :line"),
                {"order": order, "line": facts["line"]},
            )
        accepted = bool(facts["accepted"])
        connection.execute(
            moves.insert().values(
                key=f"{rma}/{key}",
                rma=rma,
                line=facts["line"],
                sku=skus[place],
                quantity=facts["units"],
                grade=facts["grade"],
                disposition=facts["disposition"] if accepted else "return_to_customer",
                accepted=accepted,
                actor=actor,
                at=at,
            )
        )


def downgrade() -> None:
    op.drop_table("stock_moves")

"""Parcels that are lost, and returns that are opened again"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("returns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("workflow", sa.String(length=60), nullable=True))
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("forgone", sa.Integer(), nullable=False, server_default="0"))
        batch_op.drop_constraint(op.f("ck_return_lines_inspected"), type_="check")
        batch_op.drop_constraint(op.f("ck_return_lines_kept"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_return_lines_inspected"), "accepted + rejected <= received + kept + forgone"
        )
        batch_op.create_check_constraint(
            op.f("ck_return_lines_kept"), "received + missing + kept + forgone <= approved"
        )

    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.alter_column("forgone", existing_type=sa.Integer(), server_default=None)
    op.create_table(
        "carrier_claims",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("rma", sa.String(length=20), nullable=False),
        sa.Column("carrier", sa.String(length=40), nullable=False),
        sa.Column("tracking", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rma"], ["returns.rma"], name=op.f("fk_carrier_claims_rma_returns")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_claims")),
    )
    with op.batch_alter_table("carrier_claims", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_carrier_claims_rma"), ["rma"])


def downgrade() -> None:
    with op.batch_alter_table("carrier_claims", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_carrier_claims_rma"))
    op.drop_table("carrier_claims")
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_return_lines_inspected"), type_="check")
        batch_op.drop_constraint(op.f("ck_return_lines_kept"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_return_lines_inspected"), "accepted + rejected <= received + kept"
        )
        batch_op.create_check_constraint(
            op.f("ck_return_lines_kept"), "received + missing + kept <= approved"
        )
        batch_op.drop_column("forgone")
    with op.batch_alter_table("returns", schema=None) as batch_op:
        batch_op.drop_column("workflow")

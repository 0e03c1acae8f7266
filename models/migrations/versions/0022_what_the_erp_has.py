"""What the ERP has of returns, and tasks about what it has not"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erp_links",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_erp_links")),
    )
    op.create_table(
        "erp_documents",
        sa.Column("reference", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("memo", sa.Integer(), nullable=True),
        sa.Column("rma", sa.String(length=20), nullable=True),
        sa.Column("order_number", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("ids", sa.JSON(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["memo"], ["credit_memos.number"], name=op.f("fk_erp_documents_memo_credit_memos")
        ),
        sa.ForeignKeyConstraint(
            ["order_number"], ["orders.number"], name=op.f("fk_erp_documents_order_number_orders")
        ),
        sa.ForeignKeyConstraint(
            ["rma"], ["returns.rma"], name=op.f("fk_erp_documents_rma_returns")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_erp_documents")),
        sa.UniqueConstraint("memo", name=op.f("uq_erp_documents_memo")),
    )
    with op.batch_alter_table("erp_documents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_erp_documents_at"), ["at"])
        batch_op.create_index(batch_op.f("ix_erp_documents_rma"), ["rma"])
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reference", sa.String(length=160), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_column("reference")
    op.drop_table("erp_documents")
    op.drop_table("erp_links")

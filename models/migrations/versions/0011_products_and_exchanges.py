"""Products and exchanges"""

import sqlalchemy as sa
from alembic import op

import models.tables.base

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "products",
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("product", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("variant", sa.JSON(), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("tax_rate", sa.String(length=20), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("supplier", sa.String(length=200), nullable=True),
        sa.Column("image_url", sa.String(length=1000), nullable=True),
        sa.Column("updated_at", models.tables.base.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "reserved >= 0 AND (stock IS NULL OR reserved <= stock)",
            name=op.f("ck_products_reserved"),
        ),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_products")),
    )
    op.create_index(op.f("ix_products_product"), "products", ["product"])
    op.create_table(
        "exchanges",
        sa.Column("rma", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("difference", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("paid_tax", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("tracking", sa.String(length=60), nullable=True),
        sa.Column("shipped_at", models.tables.base.UtcDateTime(), nullable=True),
        sa.Column("cancelled_at", models.tables.base.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_exchanges_payment_id_payments")
        ),
        sa.ForeignKeyConstraint(["rma"], ["returns.rma"], name=op.f("fk_exchanges_rma_returns")),
        sa.PrimaryKeyConstraint("rma", name=op.f("pk_exchanges")),
    )
    op.create_table(
        "exchange_lines",
        sa.Column("rma", sa.String(length=20), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.String(length=20), nullable=False),
        sa.Column("same_product", sa.Boolean(), nullable=False),
        sa.Column("order_line_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_line_id"],
            ["order_lines.id"],
            name=op.f("fk_exchange_lines_order_line_id_order_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["rma"], ["exchanges.rma"], name=op.f("fk_exchange_lines_rma_exchanges")
        ),
        sa.ForeignKeyConstraint(
            ["sku"], ["products.sku"], name=op.f("fk_exchange_lines_sku_products")
        ),
        sa.PrimaryKeyConstraint("rma", "no", name=op.f("pk_exchange_lines")),
    )
    op.add_column("order_lines", sa.Column("origin", sa.String(length=20), nullable=True))
    op.add_column("payments", sa.Column("origin", sa.String(length=20), nullable=True))


def downgrade() -> None:
    op.drop_column("payments", "origin")
    op.drop_column("order_lines", "origin")
    op.drop_table("exchange_lines")
    op.drop_table("exchanges")
    op.drop_index(op.f("ix_products_product"), table_name="products")
    op.drop_table("products")

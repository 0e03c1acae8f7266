"""Where parcels come from, and what carriers were told of and paid"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shipping_address", sa.JSON(), nullable=True))
    with op.batch_alter_table("returns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sender_address", sa.JSON(), nullable=True))
    with op.batch_alter_table("labels", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shipment", sa.String(length=60), nullable=True))
        batch_op.add_column(sa.Column("cost", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("currency", sa.String(length=3), nullable=True))
        batch_op.add_column(sa.Column("given_back_at", sa.DateTime(), nullable=True))
    op.create_table(
        "prepared_parcels",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("rma", sa.String(length=20), nullable=False),
        sa.Column("shipment", sa.String(length=60), nullable=False),
        sa.Column("prepared_at", sa.DateTime(), nullable=False),
        sa.Column("refused_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rma"], ["returns.rma"], name=op.f("fk_prepared_parcels_rma_returns")
        ),
        sa.PrimaryKeyConstraint("key", "no", name=op.f("pk_prepared_parcels")),
    )
    with op.batch_alter_table("prepared_parcels", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prepared_parcels_rma"), ["rma"])


def downgrade() -> None:
    with op.batch_alter_table("prepared_parcels", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prepared_parcels_rma"))
    op.drop_table("prepared_parcels")
    with op.batch_alter_table("labels", schema=None) as batch_op:
        batch_op.drop_column("given_back_at")
        batch_op.drop_column("currency")
        batch_op.drop_column("cost")
        batch_op.drop_column("shipment")
    with op.batch_alter_table("returns", schema=None) as batch_op:
        batch_op.drop_column("sender_address")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_column("shipping_address")

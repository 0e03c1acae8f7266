"""Parcels without a known return"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parcels",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("rma", sa.String(20), nullable=True),
        sa.Column("tracking", sa.String(60), nullable=True),
        sa.Column("order_number", sa.String(100), nullable=True),
        sa.Column("name", sa.String(200), nullable=True),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("closed_by", sa.String(80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcels")),
    )
    op.create_index(op.f("ix_parcels_tracking"), "parcels", ["tracking"])
    op.create_index("ix_parcels_status_created_at", "parcels", ["status", "created_at"])
    op.create_table(
        "parcel_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parcel_id", sa.String(36), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("rma", sa.String(20), nullable=True),
        sa.Column("line", sa.String(100), nullable=True),
        sa.Column("received_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_parcel_items_quantity")),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcels.id"], name=op.f("fk_parcel_items_parcel_id_parcels")
        ),
        sa.ForeignKeyConstraint(["rma"], ["returns.rma"], name=op.f("fk_parcel_items_rma_returns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_items")),
        sa.UniqueConstraint(
            "parcel_id", "no", "part", name=op.f("uq_parcel_items_parcel_id_no_part")
        ),
    )
    op.create_index(op.f("ix_parcel_items_rma"), "parcel_items", ["rma"])
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("parcel_id", sa.String(36), nullable=True))
        batch_op.alter_column("rma", existing_type=sa.String(20), nullable=True)
        batch_op.create_foreign_key(
            op.f("fk_tasks_parcel_id_parcels"), "parcels", ["parcel_id"], ["id"]
        )
        batch_op.create_index(op.f("ix_tasks_parcel_id"), ["parcel_id"])


def downgrade() -> None:
    # Tasks about parcels have no place in the older tables.
    op.execute("DELETE FROM tasks WHERE rma IS NULL")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_tasks_parcel_id"))
        batch_op.drop_constraint(op.f("fk_tasks_parcel_id_parcels"), type_="foreignkey")
        batch_op.alter_column("rma", existing_type=sa.String(20), nullable=False)
        batch_op.drop_column("parcel_id")
    op.drop_table("parcel_items")
    op.drop_table("parcels")

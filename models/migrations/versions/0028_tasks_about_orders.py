"""Tasks about orders without a return"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("order_number", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("note_id", sa.String(length=36), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_tasks_order_number_orders"), "orders", ["order_number"], ["number"]
        )
        batch_op.create_foreign_key(op.f("fk_tasks_note_id_notes"), "notes", ["note_id"], ["id"])
        batch_op.create_index(op.f("ix_tasks_order_number"), ["order_number"])


def downgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_tasks_order_number"))
        batch_op.drop_constraint(op.f("fk_tasks_note_id_notes"), type_="foreignkey")
        batch_op.drop_constraint(op.f("fk_tasks_order_number_orders"), type_="foreignkey")
        batch_op.drop_column("note_id")
        batch_op.drop_column("order_number")

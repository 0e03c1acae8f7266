"""Goods that customers keep"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kept", sa.Integer(), nullable=False, server_default="0"))
        batch_op.drop_constraint(op.f("ck_return_lines_inspected"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_return_lines_inspected"), "accepted + rejected <= received + kept"
        )
        batch_op.create_check_constraint(
            op.f("ck_return_lines_kept"), "received + missing + kept <= approved"
        )

    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.alter_column("kept", existing_type=sa.Integer(), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_return_lines_kept"), type_="check")
        batch_op.drop_constraint(op.f("ck_return_lines_inspected"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_return_lines_inspected"), "accepted + rejected <= received"
        )
        batch_op.drop_column("kept")

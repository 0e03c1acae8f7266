"""Money ahead of the goods"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ahead", sa.Integer(), nullable=False, server_default="0"))
        batch_op.drop_constraint(op.f("ck_return_lines_refunded"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_return_lines_refunded"), "refunded <= accepted + ahead"
        )
        batch_op.create_check_constraint(op.f("ck_return_lines_ahead"), "ahead <= approved")

    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.alter_column("ahead", existing_type=sa.Integer(), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_return_lines_ahead"), type_="check")
        batch_op.drop_constraint(op.f("ck_return_lines_refunded"), type_="check")
        batch_op.create_check_constraint(op.f("ck_return_lines_refunded"), "refunded <= accepted")
        batch_op.drop_column("ahead")

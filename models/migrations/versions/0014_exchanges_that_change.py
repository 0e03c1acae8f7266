"""Exchanges that change"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("exchanges", sa.Column("round", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("exchanges") as table:
        table.alter_column("round", server_default=None)


def downgrade() -> None:
    op.drop_column("exchanges", "round")

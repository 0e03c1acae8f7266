"""Since when the ERP is told what goes out in exchanges"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("erp_links", schema=None) as batch_op:
        batch_op.add_column(sa.Column("exchanges_since", sa.DateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("erp_links", schema=None) as batch_op:
        batch_op.drop_column("exchanges_since")

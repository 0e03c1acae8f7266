"""What webhooks were about, and whether they meant anything"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("provider_events", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("about", sa.String(length=200), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("taken", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch_op.create_index(batch_op.f("ix_provider_events_received_at"), ["received_at"])
    with op.batch_alter_table("provider_events", schema=None) as batch_op:
        batch_op.alter_column("about", existing_type=sa.String(length=200), server_default=None)
        batch_op.alter_column("taken", existing_type=sa.Boolean(), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("provider_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_provider_events_received_at"))
        batch_op.drop_column("taken")
        batch_op.drop_column("about")

"""Keys in pairs, and calls counted"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.add_column(sa.Column("account", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("version", sa.String(length=10), nullable=True))
    op.execute("UPDATE api_keys SET account = id, version = '2026-11-01'")
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.alter_column("account", existing_type=sa.String(length=16), nullable=False)
        batch_op.create_index(batch_op.f("ix_api_keys_account"), ["account"])
    op.create_table(
        "rate_limits",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("full_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rate_limits")),
    )
    with op.batch_alter_table("rate_limits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rate_limits_full_at"), ["full_at"])


def downgrade() -> None:
    with op.batch_alter_table("rate_limits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rate_limits_full_at"))
    op.drop_table("rate_limits")
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_keys_account"))
        batch_op.drop_column("version")
        batch_op.drop_column("account")

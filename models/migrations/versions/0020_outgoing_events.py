"""Events for other systems"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outgoing_events",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("rma", sa.String(length=20), nullable=True),
        sa.Column("stream", sa.String(length=120), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outgoing_events")),
        sa.UniqueConstraint("id", name=op.f("uq_outgoing_events_id")),
        sa.UniqueConstraint("stream", "sequence", name=op.f("uq_outgoing_events_stream_sequence")),
    )
    with op.batch_alter_table("outgoing_events", schema=None) as batch_op:
        batch_op.create_index("ix_outgoing_events_rma_number", ["rma", "number"])
        batch_op.create_index("ix_outgoing_events_type_number", ["type", "number"])
    op.create_table(
        "outgoing_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_outgoing_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_head")),
    )


def downgrade() -> None:
    op.drop_table("outgoing_head")
    op.drop_table("outgoing_events")

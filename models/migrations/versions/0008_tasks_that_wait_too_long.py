"""Tasks that wait too long"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reminded_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("escalated_at", sa.DateTime(), nullable=True))
    op.create_table(
        "staff_mails",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_staff_mails_user_id_users")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_staff_mails")),
    )
    with op.batch_alter_table("staff_mails", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_mails_user_id"), ["user_id"])


def downgrade() -> None:
    with op.batch_alter_table("staff_mails", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_mails_user_id"))
    op.drop_table("staff_mails")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_column("escalated_at")
        batch_op.drop_column("reminded_at")

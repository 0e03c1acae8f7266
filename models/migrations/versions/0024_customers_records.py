"""What the customers' records were not told"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "untold_cases",
        sa.Column("rma", sa.String(length=20), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("rma", name=op.f("pk_untold_cases")),
    )


def downgrade() -> None:
    op.drop_table("untold_cases")

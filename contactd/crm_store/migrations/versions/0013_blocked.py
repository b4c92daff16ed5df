"""Keep the senders that are blocked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_blocked"
down_revision = "0012_drafts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "blocked",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value_norm", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "value_norm", name=op.f("pk_blocked")),
    )

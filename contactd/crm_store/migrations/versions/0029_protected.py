"""Keep the red list: senders who are never blocked, may go first, and may be called by nobody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029_protected"
down_revision = "0028_star_views"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "protected",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value_norm", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("uncalled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "value_norm", name=op.f("pk_protected")),
    )

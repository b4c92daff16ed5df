"""Give channels a place for what they keep of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_channel_state"
down_revision = "0005_waiting"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "channel_state",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "name", name=op.f("pk_channel_state")),
    )

"""Let a conversation that was joined with another lead there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027_texts"
down_revision = "0024_reports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("thread", sa.Column("joined_into", sa.Text(), nullable=True))
    op.create_index(op.f("ix_thread_joined_into"), "thread", ["joined_into"], unique=False)

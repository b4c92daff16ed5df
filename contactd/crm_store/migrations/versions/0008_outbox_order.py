"""Give the outbox destinations, authors and a moment its life counts from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_outbox_order"
down_revision = "0007_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("outbox", sa.Column("destination", sa.Text(), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("agent", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("due_at", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("noted_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_outbox_agent", "outbox", ["agent", "created_at"], unique=False)
    op.create_index("ix_outbox_destination", "outbox", ["channel", "destination", "id"], unique=False)

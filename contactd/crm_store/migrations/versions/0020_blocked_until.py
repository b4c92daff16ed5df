"""Keep why a sender is blocked, and until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020_blocked_until"
down_revision = "0019_knowledge"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("blocked", sa.Column("until", sa.BigInteger(), nullable=True))
    op.add_column("blocked", sa.Column("reason", sa.Text(), nullable=False, server_default=""))

"""Say whose sender has no part in the conversation referred to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_unverified"
down_revision = "0001_slice"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("interaction", sa.Column("unverified", sa.Boolean(), server_default=sa.false(), nullable=False))

"""Let small HTML lie in its message's row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_html_inline"
down_revision = "0002_unverified"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("message", sa.Column("body_html", sa.Text(), nullable=True))

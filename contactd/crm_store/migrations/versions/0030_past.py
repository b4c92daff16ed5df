"""Keep what a row of an import became where that is no customer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030_past"
down_revision = "0029_protected"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("import_row", sa.Column("object_id", sa.Text(), nullable=True))

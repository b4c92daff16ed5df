"""Keep whether a leaver's account had ended before, and the segments whose customers somebody sees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025_rights"
down_revision = "0024_reports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("handover", sa.Column("was_disabled", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "agent_segment",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_segment_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", "segment", name=op.f("pk_agent_segment")),
    )

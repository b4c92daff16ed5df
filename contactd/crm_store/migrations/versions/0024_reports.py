"""Find stays, offers and the times of agents by when they were."""

from __future__ import annotations

from alembic import op

revision = "0024_reports"
down_revision = "0023_tasks_fields"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_index("ix_interaction_segment_entered_at", "interaction_segment", ["entered_at"])
    op.create_index("ix_offer_offered_at", "offer", ["offered_at"])
    op.create_index("ix_agent_state_log_to_at", "agent_state_log", ["to_at"])

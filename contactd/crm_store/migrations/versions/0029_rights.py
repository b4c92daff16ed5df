"""Keep whether a leaver's account had ended before, whose customers of a segment somebody sees, and who proved who they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029_rights"
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
    op.create_table(
        "verification",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], name=op.f("fk_verification_interaction_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_verification_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
    )
    op.create_index(op.f("ix_verification_interaction_id"), "verification", ["interaction_id"], unique=False)
    op.create_index(op.f("ix_verification_party_id"), "verification", ["party_id"], unique=False)

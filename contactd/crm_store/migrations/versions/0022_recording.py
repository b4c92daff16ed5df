"""Keep recordings of calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022_recording"
down_revision = "0021_commerce"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "recording",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("notice_at", sa.BigInteger(), nullable=True),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("gaps", sa.Text(), nullable=False),
        sa.Column("redactions", sa.Text(), nullable=False),
        sa.Column("peaks", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("length_ms", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("sealed_key", sa.Text(), nullable=True),
        sa.Column("kept_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("hold", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], name=op.f("fk_recording_interaction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("name", name=op.f("uq_recording_name")),
    )
    op.create_index(op.f("ix_recording_interaction_id"), "recording", ["interaction_id"])
    op.create_index("ix_recording_state", "recording", ["state", "expires_at"])

"""Give contacts a draft and its earlier versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_drafts"
down_revision = "0011_cases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "draft",
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("editor_agent", sa.Text(), nullable=False),
        sa.Column("editor_until", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], name=op.f("fk_draft_interaction_id")),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_draft")),
    )
    op.create_table(
        "draft_version",
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], name=op.f("fk_draft_version_interaction_id")),
        sa.PrimaryKeyConstraint("interaction_id", "version", name=op.f("pk_draft_version")),
        sqlite_with_rowid=False,
    )

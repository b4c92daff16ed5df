"""Keep what was asked of customers to be sure of them, and whether it was answered rightly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031b_identity"
down_revision = "0031_quality"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "verification",
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], name=op.f("fk_verification_interaction_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_verification_party_id")),
        sa.PrimaryKeyConstraint("interaction_id", "party_id", "question", name=op.f("pk_verification")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_verification_party", "verification", ["party_id", "at"], unique=False)

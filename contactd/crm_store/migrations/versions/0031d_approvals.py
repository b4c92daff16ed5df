"""Keep what one person asks another to allow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031d_approvals"
down_revision = "0031c_announcements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "approval",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_approval_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    op.create_index("ix_approval_asked", "approval", ["asked_at", "id"], unique=False)
    op.create_index("ix_approval_by", "approval", ["asked_by", "state"], unique=False)
    op.create_index(op.f("ix_approval_case_id"), "approval", ["case_id"], unique=False)
    op.create_index(op.f("ix_approval_party_id"), "approval", ["party_id"], unique=False)

"""Keep how lines stand, what an item in line has met with, and which agents get nothing new."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_waiting"
down_revision = "0004_fates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "line_routing",
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("next_change", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("line", name=op.f("pk_line_routing")),
    )
    op.add_column("interaction_routing", sa.Column("course", sa.Text(), server_default="{}", nullable=False))
    op.add_column("agent_routing", sa.Column("draining", sa.Boolean(), server_default=sa.false(), nullable=False))

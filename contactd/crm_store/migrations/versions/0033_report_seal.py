"""Keep sealed months of reports, and who was in which team when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033_report_seal"
down_revision = "0032_campaigns"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "report_seal",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("definition", sa.Integer(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_seal")),
        sa.UniqueConstraint("month", "zone", name="uq_report_seal_month"),
    )
    op.create_table(
        "agent_team",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        sa.Column("team", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_team_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", "from_at", name=op.f("pk_agent_team")),
    )
    # Who is in a team now has been since they came, as far as anybody knows.
    op.execute(
        "INSERT INTO agent_team (agent_id, from_at, team) SELECT id, created_at, team FROM agent WHERE team IS NOT NULL"
    )

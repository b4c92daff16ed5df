"""Keep which contract covers a case, who is called in which campaign; find customers by owner and team."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032_campaigns"
down_revision = "0031d_approvals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("case", sa.Column("contract_id", sa.Text(), nullable=True))
    op.create_index(op.f("ix_case_contract_id"), "case", ["contract_id"], unique=False)
    op.create_table(
        "campaign_member",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("last_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["record.id"], name=op.f("fk_campaign_member_campaign_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_campaign_member_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_member")),
        sa.UniqueConstraint("campaign_id", "party_id", name=op.f("uq_campaign_member_campaign_id_party_id")),
    )
    for name in ("owner", "team"):
        column = f"{name}_id"
        op.create_index(
            f"ix_party_{name}",
            "party",
            [column, "updated_at"],
            unique=False,
            sqlite_where=sa.text(f"{column} IS NOT NULL"),
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index(op.f("ix_campaign_member_party_id"), "campaign_member", ["party_id"], unique=False)
    op.create_index("ix_campaign_member_next", "campaign_member", ["campaign_id", "state", "next_at"], unique=False)

"""Claims that were denied, merges, duplicates, and work on customers that is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_customers"
down_revision = "0006_channel_state"
branch_labels = None
depends_on = None

ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "due",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "ref", name=op.f("pk_due")),
    )
    op.create_table(
        "dup_candidate",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("a", sa.Text(), nullable=False),
        sa.Column("b", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["a"], ["party.id"], name=op.f("fk_dup_candidate_a")),
        sa.ForeignKeyConstraint(["b"], ["party.id"], name=op.f("fk_dup_candidate_b")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dup_candidate")),
        sa.UniqueConstraint("a", "b", name=op.f("uq_dup_candidate_a_b")),
    )
    op.create_index(op.f("ix_dup_candidate_b"), "dup_candidate", ["b"], unique=False)
    op.create_index("ix_dup_candidate_state", "dup_candidate", ["state", "at"], unique=False)
    op.create_table(
        "match_key",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_match_key_party_id")),
        sa.PrimaryKeyConstraint("party_id", "rule", "value", name=op.f("pk_match_key")),
    )
    op.create_index("ix_match_key_value", "match_key", ["rule", "value"], unique=False)
    op.create_table(
        "merge_op",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("survivor", sa.Text(), nullable=False),
        sa.Column("losers", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("pointers", sa.Text(), nullable=False),
        sa.Column("claims", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("kept", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["survivor"], ["party.id"], name=op.f("fk_merge_op_survivor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_op")),
    )
    op.create_index(op.f("ix_merge_op_survivor"), "merge_op", ["survivor"], unique=False)
    op.create_table(
        "merge_member",
        sa.Column("op_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["op_id"], ["merge_op.id"], name=op.f("fk_merge_member_op_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_merge_member_party_id")),
        sa.PrimaryKeyConstraint("op_id", "party_id", name=op.f("pk_merge_member")),
    )
    op.create_index(op.f("ix_merge_member_party_id"), "merge_member", ["party_id"], unique=False)
    op.add_column("contact_claim", sa.Column("denied_at", sa.BigInteger(), nullable=True))
    op.add_column("contact_claim", sa.Column("denied_by", sa.Text(), nullable=True))

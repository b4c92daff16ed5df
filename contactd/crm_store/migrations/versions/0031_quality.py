"""Keep scorecards, the draws of contacts to be assessed, and the assessments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031_quality"
down_revision = "0030_past"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "qa_form",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qa_form")),
    )
    op.create_table(
        "qa_form_version",
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["qa_form.id"], name=op.f("fk_qa_form_version_form_id")),
        sa.PrimaryKeyConstraint("form_id", "version", name=op.f("pk_qa_form_version")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "qa_rule",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("least_s", sa.Integer(), nullable=False),
        sa.Column("most_percent", sa.Integer(), nullable=True),
        sa.Column("complaint", sa.Boolean(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["qa_form.id"], name=op.f("fk_qa_rule_form_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qa_rule")),
    )
    op.create_table(
        "qa_draw",
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("agents", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["qa_rule.id"], name=op.f("fk_qa_draw_rule_id")),
        sa.PrimaryKeyConstraint("rule_id", "week", name=op.f("pk_qa_draw")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "qa_review",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("contact_at", sa.BigInteger(), nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("calibrates", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("assessor", sa.Text(), nullable=True),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("failed", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("objection", sa.Text(), nullable=False),
        sa.Column("objected_at", sa.BigInteger(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("first_score", sa.Integer(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["qa_form.id"], name=op.f("fk_qa_review_form_id")),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], name=op.f("fk_qa_review_interaction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qa_review")),
    )
    op.create_index("ix_qa_review_agent", "qa_review", ["agent", "made_at"], unique=False)
    op.create_index(op.f("ix_qa_review_calibrates"), "qa_review", ["calibrates"], unique=False)
    op.create_index("ix_qa_review_contact", "qa_review", ["contact_at"], unique=False)
    op.create_index(op.f("ix_qa_review_interaction_id"), "qa_review", ["interaction_id"], unique=False)
    op.create_index("ix_qa_review_made", "qa_review", ["made_at", "id"], unique=False)

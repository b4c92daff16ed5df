"""Keep tasks, templates of cases, who took over from whom, fields a house adds, and by what customers are filtered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023_tasks_fields"
down_revision = "0022_recording"
branch_labels = None
depends_on = None

ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "field_def",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("searchable", sa.Boolean(), nullable=False),
        sa.Column("filterable", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_def")),
        sa.UniqueConstraint("entity", "key", name=op.f("uq_field_def_entity_key")),
    )
    op.create_table(
        "handover",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("leaver", sa.Text(), nullable=False),
        sa.Column("heir", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("kept", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["heir"], ["agent.id"], name=op.f("fk_handover_heir")),
        sa.ForeignKeyConstraint(["leaver"], ["agent.id"], name=op.f("fk_handover_leaver")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index(op.f("ix_handover_leaver"), "handover", ["leaver"], unique=False)
    op.create_table(
        "party_facet",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", ORDERED, nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_party_facet_party_id")),
        sa.PrimaryKeyConstraint("party_id", "kind", "value", name=op.f("pk_party_facet")),
    )
    op.create_index("ix_party_facet_value", "party_facet", ["kind", "value", "party_id"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("about_id", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=True),
        sa.Column("in_line", sa.Boolean(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_task_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(op.f("ix_task_about_id"), "task", ["about_id"], unique=False)
    op.create_index(op.f("ix_task_case_id"), "task", ["case_id"], unique=False)
    op.create_index("ix_task_due", "task", ["state", "due_at"], unique=False)
    op.create_index(op.f("ix_task_in_line"), "task", ["in_line"], unique=False)
    op.create_index(op.f("ix_task_interaction_id"), "task", ["interaction_id"], unique=False)
    op.create_index(op.f("ix_task_owner"), "task", ["owner"], unique=False)
    op.create_index(op.f("ix_task_party_id"), "task", ["party_id"], unique=False)
    op.create_table(
        "handover_item",
        sa.Column("handover_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"], name=op.f("fk_handover_item_handover_id")),
        sa.PrimaryKeyConstraint("handover_id", "kind", "ref_id", name=op.f("pk_handover_item")),
    )
    op.add_column("case", sa.Column("template", sa.Text(), nullable=True))
    op.add_column("case_watcher", sa.Column("seen_seq", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_interaction_topic_case_id"), "interaction_topic", ["case_id"], unique=False)
    op.add_column("party", sa.Column("credit_level", sa.Integer(), nullable=True))
    op.add_column("party", sa.Column("credit_flag", sa.Text(), nullable=True))
    op.add_column("party", sa.Column("preferences", sa.Text(), nullable=True))

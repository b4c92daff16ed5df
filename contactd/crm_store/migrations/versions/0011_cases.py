"""Work on cases: events, watchers, links, clocks; promises."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_cases"
down_revision = "0010_exchange"
branch_labels = None
depends_on = None

ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "promise",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("interaction_id", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=True),
        sa.Column("warned_at", sa.BigInteger(), nullable=True),
        sa.Column("kept_at", sa.BigInteger(), nullable=True),
        sa.Column("broken_reason", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_promise_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
    )
    op.create_index(op.f("ix_promise_case_id"), "promise", ["case_id"], unique=False)
    op.create_index(op.f("ix_promise_owner"), "promise", ["owner"], unique=False)
    op.create_index(op.f("ix_promise_party_id"), "promise", ["party_id"], unique=False)
    op.create_table(
        "case_event",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_event_case_id")),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_case_event")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "case_link",
        sa.Column("from_case", sa.Text(), nullable=False),
        sa.Column("to_case", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["from_case"], ["case.id"], name=op.f("fk_case_link_from_case")),
        sa.ForeignKeyConstraint(["to_case"], ["case.id"], name=op.f("fk_case_link_to_case")),
        sa.PrimaryKeyConstraint("from_case", "to_case", "kind", name=op.f("pk_case_link")),
    )
    op.create_index(op.f("ix_case_link_to_case"), "case_link", ["to_case"], unique=False)
    op.create_table(
        "case_watcher",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_case_watcher_agent_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_watcher_case_id")),
        sa.PrimaryKeyConstraint("case_id", "agent_id", name=op.f("pk_case_watcher")),
    )
    op.create_table(
        "sla_timer",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=True),
        sa.Column("span_ms", sa.BigInteger(), nullable=False),
        sa.Column("spent_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("met_at", sa.BigInteger(), nullable=True),
        sa.Column("breached_at", sa.BigInteger(), nullable=True),
        sa.Column("pauses", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_sla_timer_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_timer")),
        sa.UniqueConstraint("case_id", "target", name=op.f("uq_sla_timer_case_id_target")),
    )
    op.create_index(
        "ix_sla_timer_due",
        "sla_timer",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("breached_at IS NULL"),
        postgresql_where=sa.text("breached_at IS NULL"),
    )
    op.add_column("case", sa.Column("body", sa.Text(), server_default="", nullable=False))
    op.add_column("case", sa.Column("stage", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("escalation", sa.Integer(), server_default="0", nullable=False))
    op.add_column("case", sa.Column("outside_ref", sa.Text(), server_default="", nullable=False))
    op.add_column("case", sa.Column("parent_id", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("checklist", sa.Text(), server_default="[]", nullable=False))
    op.add_column("case", sa.Column("resolved_at", sa.BigInteger(), nullable=True))
    op.add_column("case", sa.Column("resolved_by", sa.Text(), nullable=True))
    op.create_index(op.f("ix_case_parent_id"), "case", ["parent_id"], unique=False)
    op.create_index("ix_case_state", "case", ["state", "created_at", "id"], unique=False)

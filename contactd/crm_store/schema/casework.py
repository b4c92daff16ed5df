"""Work on cases: what happened, who follows it, what it is linked with, its clocks, and what was promised."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import belongs, count, document, key, metadata, moment, words

case_event = Table(
    "case_event",
    metadata,
    Column("case_id", Text, ForeignKey("case.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    Column("type", Text, nullable=False),
    Column("actor", Text),
    words("text"),
    document("data", empty={}),
    sqlite_with_rowid=False,
)
"""Append-only: what happened to a case, notes included."""

case_watcher = Table(
    "case_watcher",
    metadata,
    Column("case_id", Text, ForeignKey("case.id"), primary_key=True),
    Column("agent_id", Text, ForeignKey("agent.id"), primary_key=True),
    Column("seen_seq", Integer),
)
"""Who follows a case, and up to which event they have seen it (null: up to none)."""

case_link = Table(
    "case_link",
    metadata,
    Column("from_case", Text, ForeignKey("case.id"), primary_key=True),
    Column("to_case", Text, ForeignKey("case.id"), primary_key=True, index=True),
    Column("kind", Text, primary_key=True),
)

sla_timer = Table(
    "sla_timer",
    metadata,
    key(),
    belongs("case_id", "case.id", index=False),
    Column("target", Text, nullable=False),
    Column("calendar", Text),
    Column("span_ms", BigInteger, nullable=False),
    Column("spent_ms", BigInteger, nullable=False, default=0),
    moment("started_at"),
    moment("since", optional=True),
    moment("due_at", optional=True),
    moment("met_at", optional=True),
    moment("breached_at", optional=True),
    document("pauses", empty=[]),
    UniqueConstraint("case_id", "target"),
)
"""A clock of a case: `since` is set while it runs; `pauses` is [[from, to, reason] …] in milliseconds."""

Index(
    "ix_sla_timer_due",
    sla_timer.c.due_at,
    sqlite_where=sla_timer.c.breached_at.is_(None),
    postgresql_where=sla_timer.c.breached_at.is_(None),
)

promise = Table(
    "promise",
    metadata,
    key(),
    belongs("party_id", "party.id", optional=True),
    Column("case_id", Text, index=True),
    Column("interaction_id", Text),
    words("text"),
    moment("due_at"),
    Column("owner", Text, nullable=False, index=True),
    moment("made_at"),
    Column("made_by", Text),
    moment("warned_at", optional=True),
    moment("kept_at", optional=True),
    words("broken_reason", optional=True),
    moment("ended_at", optional=True),
)
"""What somebody said we would do by when ("call back by three"): over when kept, or broken with a reason."""

task = Table(
    "task",
    metadata,
    key(),
    Column("kind", Text, nullable=False),
    words("subject"),
    words("body"),
    belongs("party_id", "party.id", optional=True),
    Column("case_id", Text, index=True),
    Column("step", Text),
    Column("about_id", Text, index=True),
    Column("owner", Text, index=True),
    Column("line", Text),
    count("priority"),
    moment("due_at"),
    Column("state", Text, nullable=False, default="waiting"),
    count("round"),
    Column("interaction_id", Text, index=True),
    Column("in_line", Boolean, nullable=False, default=False, index=True),
    words("result"),
    moment("created_at"),
    Column("created_by", Text),
    moment("ended_at", optional=True),
    Column("ended_by", Text),
)
"""Work nobody sent: a due step of a case, a follow-up, an approval, a look at what could not be read (`about_id`).

`state` is waiting (for its time), queued (it is `interaction_id` in the queue), done or dropped.  `in_line`: what became of that
interaction is still to be looked after.  `round` counts how often it came into the queue.
"""

Index("ix_task_due", task.c.state, task.c.due_at)

"""The work: interactions with their segments, events and topics, conversations (threads), and cases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import (
    Moment,
    Words,
    belongs,
    count,
    document,
    duration,
    key,
    metadata,
    moment,
    words,
)

thread = Table(
    "thread",
    metadata,
    key(),
    Column("channel", Text, nullable=False),
    words("subject"),
    Column("line", Text),
    belongs("party_id", "party.id", optional=True, index=False),
    belongs("contact_point_id", "contact_point.id", optional=True, index=False),
    Column("case_id", Text),
    Column("last_agent", Text),
    moment("created_at"),
    moment("last_at"),
    Column("joined_into", Text, index=True),
    sqlite_with_rowid=False,
)
"""A conversation: a mail thread, a chat relation.  It has at most one open turn (an interaction).

`joined_into`: the conversation its turn was joined with, to which an answer under its old token goes.
"""

interaction = Table(
    "interaction",
    metadata,
    key(),
    Column("channel", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("adapter", Text, nullable=False),
    Column("external_key", Words, nullable=False),
    Column("line", Text),
    words("line_text"),
    Column("agent", Text),
    words("agent_text"),
    Column("state", Text, nullable=False),
    moment("state_since"),
    Column("outcome", Text),
    Column("ended_by", Text),
    count("priority"),
    document("skills", empty=[]),
    Column("lang", Text),
    count("vip"),
    belongs("contact_point_id", "contact_point.id", optional=True),
    words("raw_from"),
    words("raw_to"),
    words("from_name"),
    belongs("party_id", "party.id", optional=True, index=False),
    Column("org_party_id", Text),
    Column("on_behalf_of", Text),
    Column("resolve_state", Text, nullable=False, default="unknown"),
    Column("unverified", Boolean, nullable=False, default=False),
    Column("case_id", Text),
    Column("parent_id", Text),
    Column("thread_id", Text),
    words("subject"),
    words("summary"),
    moment("started_at"),
    moment("queued_at", optional=True),
    moment("answered_at", optional=True),
    moment("ended_at", optional=True),
    duration("wait_ms"),
    duration("talk_ms"),
    duration("hold_ms"),
    duration("wrap_ms"),
    Column("wrapup_until", Moment),
    Column("parked_until", Moment),
    Column("disposition", Text),
    Column("live", Boolean, nullable=False, default=False),
    Column("auto", Text),
    Column("policy_version", Integer),
    Column("routed_by", Text, nullable=False, default="contactd"),
    document("custom", empty={}),
    Column("quarantine_reason", Text),
    moment("created_at"),
    moment("updated_at"),
    Column("row_version", Integer, nullable=False, default=1),
    UniqueConstraint("adapter", "external_key"),
)
"""One piece of work.  `agent` and `line` are ours; `agent_text` and `line_text` an outside system's own names.

`unverified`: its sender holds a reference to a conversation (that of `parent_id`) without taking part in it.
"""


def _where(name: str, column: Column[Any], *more: Column[Any]) -> None:
    """Index rows in which `column` is set: most interactions have none, and a comparison with it implies the condition."""
    Index(name, column, *more, sqlite_where=column.is_not(None), postgresql_where=column.is_not(None))


_where("ix_interaction_party", interaction.c.party_id, interaction.c.started_at, interaction.c.id)
Index("ix_interaction_started", interaction.c.started_at, interaction.c.id)
Index("ix_interaction_thread", interaction.c.thread_id, interaction.c.started_at)
_where("ix_interaction_org", interaction.c.org_party_id, interaction.c.started_at, interaction.c.id)
_where("ix_interaction_case_id", interaction.c.case_id)
_where("ix_interaction_ended", interaction.c.ended_at, interaction.c.id)
# Not a partial index: SQLite uses one only for a query that repeats its condition word for word.
Index("ix_interaction_state", interaction.c.state, interaction.c.agent)

interaction_event = Table(
    "interaction_event",
    metadata,
    Column("interaction_id", Text, ForeignKey("interaction.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    Column("type", Text, nullable=False),
    Column("actor", Text),
    document("data", empty={}),
    sqlite_with_rowid=False,
)
"""Append-only: what happened to an interaction, in order; the source of every figure."""

interaction_segment = Table(
    "interaction_segment",
    metadata,
    Column("interaction_id", Text, ForeignKey("interaction.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("line", Text),
    Column("reason", Text, nullable=False),
    moment("entered_at"),
    moment("offered_at", optional=True),
    moment("answered_at", optional=True),
    moment("ended_at", optional=True),
    Column("agent", Text),
    duration("ring_ms"),
    duration("wait_ms"),
    duration("talk_ms"),
    duration("hold_ms"),
    duration("consult_ms"),
    duration("wrap_ms"),
    moment("active_since", optional=True),
    moment("held_since", optional=True),
    moment("wrap_since", optional=True),
    Column("outcome", Text),
    Column("disposition", Text),
    sqlite_with_rowid=False,
)
"""One stay of an interaction in one line, from 1; `…_since` is set while that clock runs."""
Index("ix_interaction_segment_entered_at", interaction_segment.c.entered_at)

interaction_participant = Table(
    "interaction_participant",
    metadata,
    Column("interaction_id", Text, ForeignKey("interaction.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("role", Text, nullable=False),
    belongs("contact_point_id", "contact_point.id", optional=True),
    belongs("party_id", "party.id", optional=True),
    Column("agent_id", Text),
    words("name"),
    words("address"),
)
"""Who else took part: from, to, cc, agent, supervisor."""

interaction_topic = Table(
    "interaction_topic",
    metadata,
    Column("interaction_id", Text, ForeignKey("interaction.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("case_id", Text, index=True),
    Column("disposition", Text, nullable=False),
    words("note"),
    Column("is_primary", Boolean, nullable=False, default=False),
    moment("at"),
    Column("actor", Text),
)

case_ = Table(
    "case",
    metadata,
    key(),
    Column("no", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False, default="inquiry"),
    Column("state", Text, nullable=False, default="new"),
    count("priority"),
    count("severity"),
    words("subject"),
    belongs("party_id", "party.id", optional=True),
    Column("org_party_id", Text),
    Column("topic_id", Text),
    Column("cause_code", Text),
    words("remedy"),
    words("body"),
    Column("stage", Text),
    count("escalation"),
    words("outside_ref"),
    Column("parent_id", Text, index=True),
    document("checklist", empty=[]),
    Column("template", Text),
    moment("resolved_at", optional=True),
    Column("resolved_by", Text),
    Column("assignee", Text, index=True),
    Column("team_id", Text),
    Column("segment_id", Text),
    Column("source_interaction_id", Text),
    Column("contract_id", Text, index=True),
    count("reopened_n"),
    document("custom", empty={}),
    moment("created_at"),
    Column("created_by", Text),
    moment("updated_at"),
    Column("updated_by", Text),
    moment("closed_at", optional=True),
    moment("deleted_at", optional=True),
    Column("row_version", Integer, nullable=False, default=1),
)
"""What the trade calls a ticket (the name `case` is a Python and an SQL keyword: hence the underscore)."""

Index("ix_case_state", case_.c.state, case_.c.created_at, case_.c.id)

number_seq = Table(
    "number_seq",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Running numbers people read: cases, parties."""

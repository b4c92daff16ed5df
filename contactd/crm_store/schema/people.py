"""Who works here: agents (every user is one) with skills and lines, sessions, tokens; names of lines and skills."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, false

from contactd.crm_store.schema.types import Moment, belongs, count, document, key, metadata, moment, words

line = Table(
    "line",
    metadata,
    Column("name", Text, primary_key=True),
    document("label", empty={}),
    moment("created_at"),
    moment("retired_at", optional=True),
)
"""Lines that ever were in a published policy: reports need their labels after they are gone."""

skill = Table(
    "skill",
    metadata,
    Column("name", Text, primary_key=True),
    document("label", empty={}),
    moment("created_at"),
    moment("retired_at", optional=True),
)

team = Table(
    "team",
    metadata,
    key(),
    Column("parent_id", Text),
    words("name"),
    moment("created_at"),
    moment("deleted_at", optional=True),
)

agent = Table(
    "agent",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),
    words("display_name"),
    Column("role", Text, nullable=False, default="agent"),
    Column("password_hash", Text),
    moment("password_at", optional=True),
    document("languages", empty=[]),
    Column("device", Text, index=True),
    Column("team", Text),
    document("capacity", empty={}),
    Column("disabled", Boolean, nullable=False, default=False),
    moment("created_at"),
    Column("created_by", Text),
    moment("updated_at"),
    Column("updated_by", Text),
    Column("row_version", Integer, nullable=False, default=1),
)
"""Every user: `role` agent, supervisor or admin; `capacity` is channel → units that override the policy."""

agent_team = Table(
    "agent_team",
    metadata,
    Column("agent_id", Text, ForeignKey("agent.id"), primary_key=True),
    Column("from_at", Moment, primary_key=True),
    moment("until_at", optional=True),
    Column("team", Text, nullable=False),
)
"""Who was in which team from when until when (none: still), so that figures of a team count who was in it then."""

agent_skill = Table(
    "agent_skill",
    metadata,
    Column("agent_id", Text, ForeignKey("agent.id"), primary_key=True),
    Column("skill", Text, primary_key=True),
    Column("level", Integer, nullable=False),
)

agent_line = Table(
    "agent_line",
    metadata,
    Column("agent_id", Text, ForeignKey("agent.id"), primary_key=True),
    Column("line", Text, primary_key=True),
)
"""Membership; the line `*` means every line."""

agent_segment = Table(
    "agent_segment",
    metadata,
    Column("agent_id", Text, ForeignKey("agent.id"), primary_key=True),
    Column("segment", Text, primary_key=True),
)
"""Customers of which segments somebody sees whose scope is `segment` (`party.segment_id`)."""

session = Table(
    "session",
    metadata,
    Column("id_hash", Text, primary_key=True),
    belongs("agent_id", "agent.id"),
    moment("created_at"),
    moment("seen_at"),
    moment("expires_at"),
    moment("ended_at", optional=True),
    words("ip"),
    words("user_agent"),
)
"""A log-in; `id_hash` is the SHA-256 of the cookie, which itself is never stored."""

api_token = Table(
    "api_token",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),
    Column("token_hash", Text, nullable=False, unique=True),
    document("scopes", empty=[]),
    belongs("agent_id", "agent.id", optional=True),
    moment("created_at"),
    Column("created_by", Text),
    moment("used_at", optional=True),
    moment("expires_at", optional=True),
    moment("revoked_at", optional=True),
)

login_failure = Table(
    "login_failure",
    metadata,
    Column("subject", Text, primary_key=True),
    count("failures"),
    moment("last_at"),
    moment("blocked_until", optional=True),
)
"""Failed log-ins by account (`name:…`) or address (`ip:…`): a restart does not reset the delay."""

Index("ix_session_expires", session.c.expires_at)

handover = Table(
    "handover",
    metadata,
    key(),
    belongs("leaver", "agent.id"),
    belongs("heir", "agent.id", index=False),
    words("reason"),
    moment("at"),
    Column("by", Text),
    moment("undone_at", optional=True),
    Column("undone_by", Text),
    document("kept", empty=[]),
    Column("was_disabled", Boolean, nullable=False, default=False, server_default=false()),
)
"""Somebody left, and what they held was given to `heir`.

`kept`: what an undoing left, as somebody had given it on since.  `was_disabled`: the account had ended before; an undoing does not
let it hold again.
"""

handover_item = Table(
    "handover_item",
    metadata,
    Column("handover_id", Text, ForeignKey("handover.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("ref_id", Text, primary_key=True),
)
"""One thing that changed hands: a customer, case, promise, task, draft, record, letter, or contact in hand."""

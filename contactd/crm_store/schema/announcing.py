"""Announcements to the people here, and who has read them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text

from contactd.crm_store.schema.types import document, key, metadata, moment, words

announcement = Table(
    "announcement",
    metadata,
    key(),
    words("title"),
    words("body"),
    document("audience", empty={}),
    moment("begins_at"),
    moment("ends_at", optional=True),
    Column("must", Boolean, nullable=False, default=False),
    moment("created_at"),
    Column("created_by", Text, nullable=False),
    moment("withdrawn_at", optional=True),
    Column("withdrawn_by", Text),
)
"""Its words never change, so that having read it means something; `must`: who has not read it does not become ready.

`audience` is {roles, lines, teams}: who is meant is in one of each list that is not empty.
"""

Index("ix_announcement_begins", announcement.c.begins_at, announcement.c.id)

announcement_read = Table(
    "announcement_read",
    metadata,
    Column("announcement_id", Text, ForeignKey("announcement.id"), primary_key=True),
    Column("agent_id", Text, ForeignKey("agent.id"), primary_key=True),
    moment("at"),
    sqlite_with_rowid=False,
)
"""Append-only: who said that they have read it, and when."""

"""What one person asks another to allow."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from contactd.crm_store.schema.types import belongs, key, metadata, moment, words

approval = Table(
    "approval",
    metadata,
    key(),
    Column("kind", Text, nullable=False),
    belongs("party_id", "party.id", optional=True),
    Column("case_id", Text, index=True),
    Column("level", Integer),
    words("reason"),
    Column("state", Text, nullable=False, default="asked"),
    Column("asked_by", Text, nullable=False),
    moment("asked_at"),
    moment("until"),
    Column("decided_by", Text),
    moment("decided_at", optional=True),
    words("decision"),
)
"""`kind` says what: see `approval_rows.KINDS`; asked, granted or refused; after `until` it can be neither decided nor used."""

Index("ix_approval_asked", approval.c.asked_at, approval.c.id)
Index("ix_approval_by", approval.c.asked_by, approval.c.state)

"""Business with customers: one typed record for every kind (`core/commerce.py`), and what happened to each."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import belongs, document, key, metadata, moment, words

record = Table(
    "record",
    metadata,
    key(),
    Column("kind", Text, nullable=False),
    Column("no", Text, nullable=False, unique=True),
    words("title"),
    belongs("party_id", "party.id", optional=True, index=False),
    Column("parent_id", Text, index=True),
    Column("stage", Text, nullable=False),
    Column("owner", Text),
    Column("amount", BigInteger),
    Column("currency", Text),
    moment("begins_at", optional=True),
    moment("ends_at", optional=True),
    document("fields", empty={}),
    Column("source", Text),
    words("external_key", optional=True),
    words("url"),
    moment("as_of", optional=True),
    moment("created_at"),
    Column("created_by", Text),
    moment("updated_at"),
    Column("updated_by", Text),
    moment("deleted_at", optional=True),
    Column("row_version", Integer, nullable=False, default=1),
    UniqueConstraint("source", "kind", "external_key"),
)
"""One record.  `source`: the system it is mirrored from (`as_of`: as it stood there then); NULL = it is kept here.

`amount` counts the currency's smallest unit.
"""

Index("ix_record_party", record.c.party_id, record.c.kind, record.c.updated_at)
Index("ix_record_external_key", record.c.external_key)
Index("ix_record_kind", record.c.kind, record.c.updated_at, record.c.id)

record_event = Table(
    "record_event",
    metadata,
    Column("record_id", Text, ForeignKey("record.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    Column("type", Text, nullable=False),
    Column("actor", Text),
    words("text"),
    document("data", empty={}),
    sqlite_with_rowid=False,
)
"""Append-only: what happened to a record, its stages included."""

campaign_member = Table(
    "campaign_member",
    metadata,
    key(),
    belongs("campaign_id", "record.id", index=False),
    belongs("party_id", "party.id"),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False, default=0),
    moment("next_at"),
    words("outcome"),
    moment("added_at"),
    Column("added_by", Text),
    moment("last_at", optional=True),
    Column("last_by", Text),
    UniqueConstraint("campaign_id", "party_id"),
)
"""A customer to be called in a campaign; `state` is of `core/campaigning.py`, `reason` says why one is left out.

`next_at` is when they may be called next; `attempts` counts the calls that were tried.
"""

Index("ix_campaign_member_next", campaign_member.c.campaign_id, campaign_member.c.state, campaign_member.c.next_at)

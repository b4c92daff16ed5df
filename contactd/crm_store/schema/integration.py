"""What other systems hear of: changes in their order, and the webhooks that carry them out."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Table, Text

from contactd.crm_store.schema.types import count, document, key, metadata, moment, words

change = Table(
    "change",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    moment("at"),
    document("data", empty={}),
    Column("once", Text, unique=True),
)
"""Append-only: something changed.  Ids and words of our own only; what it is now is asked for.  `once`: told a single time."""

webhook = Table(
    "webhook",
    metadata,
    key(),
    words("url"),
    document("kinds", empty=[]),
    Column("secret", Text, nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("cursor", BigInteger, nullable=False),
    count("failures"),
    moment("next_at"),
    moment("lease_until", optional=True),
    words("last_error"),
    moment("delivered_at", optional=True),
    moment("created_at"),
    Column("created_by", Text, nullable=False),
)
"""Where changes go, and how far it has heard: everything up to `cursor`."""

webhook_dead = Table(
    "webhook_dead",
    metadata,
    Column("webhook_id", Text, ForeignKey("webhook.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("tries", Integer, nullable=False),
    words("error"),
    moment("at"),
    sqlite_with_rowid=False,
)
"""A change that could not be delivered; a replay tells it again."""

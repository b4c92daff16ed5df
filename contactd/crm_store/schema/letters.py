"""Letters in bulk: one answer to many who wait, and how far it is."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from contactd.crm_store.schema.types import Words, key, metadata, moment, words

bulk_batch = Table(
    "bulk_batch",
    metadata,
    key(),
    Column("actor", Text, nullable=False),
    Column("body", Words, nullable=False),
    Column("state", Text, nullable=False),
    moment("made_at"),
    moment("begins_at"),
    moment("ended_at", optional=True),
)
"""One answer to many: waiting, going, done or undone.  `begins_at`: until then it is as if nothing had been said."""

bulk_item = Table(
    "bulk_item",
    metadata,
    Column("batch_id", Text, ForeignKey("bulk_batch.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("interaction_id", Text, ForeignKey("interaction.id"), nullable=False),
    Column("state", Text, nullable=False),
    words("reason"),
    sqlite_with_rowid=False,
)
"""One contact of a batch: waiting, taken (out of its line), answered, done, skipped (`reason` says why), or undone."""

Index("ix_bulk_batch_actor", bulk_batch.c.actor, bulk_batch.c.made_at)
Index("ix_bulk_batch_state", bulk_batch.c.state, bulk_batch.c.begins_at)

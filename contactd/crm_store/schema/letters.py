"""Letters in bulk, with how far they are; and texts that are written once and used often."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from contactd.crm_store.schema.types import Words, document, key, metadata, moment, words

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

text_block = Table(
    "text_block",
    metadata,
    key(),
    Column("owner", Text, index=True),
    Column("name", Words, nullable=False),
    document("text", empty={}),
    document("lines", empty=[]),
    Column("row_version", Integer, nullable=False),
    moment("updated_at"),
    moment("retired_at", optional=True),
)
"""A text people put into what they write: an agent's own, or everybody's (`owner` null); `text` is language → words."""

text_version = Table(
    "text_version",
    metadata,
    Column("block_id", Text, ForeignKey("text_block.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("agent", Text, nullable=False),
    moment("at"),
    Column("name", Words, nullable=False),
    document("text", empty={}),
    document("lines", empty=[]),
    sqlite_with_rowid=False,
)
"""How a text stood, from each version on."""

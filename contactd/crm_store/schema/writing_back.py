"""What is to change in other systems, on its way there."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text

from contactd.crm_store.schema.types import belongs, count, document, key, metadata, moment, words

writeback = Table(
    "writeback",
    metadata,
    key(),
    Column("connector", Text, nullable=False),
    Column("kind", Text, nullable=False),
    belongs("party_id", "party.id"),
    Column("case_id", Text, index=True),
    Column("interaction_id", Text),
    document("payload", empty={}),
    Column("state", Text, nullable=False, default="draft"),
    Column("author", Text, nullable=False),
    Column("reviewer", Text),
    words("note"),
    Column("body", LargeBinary),
    count("attempts"),
    moment("next_at", optional=True),
    moment("lease_until", optional=True),
    words("last_error"),
    words("number"),
    words("url"),
    moment("created_at"),
    moment("updated_at"),
    moment("sent_at", optional=True),
    moment("ended_at", optional=True),
    Column("row_version", Integer, nullable=False, default=1),
)
"""A draft of an order, a return or an address for the system behind a connector; states: `core.writeback.MOVES`.

`id` is the key it is sent under, however often; `body` is what is sent, fixed when it is let go; `sent_at` is when it may first
have arrived; `number` is what the other system calls it; `note` is what the reviewer said.
"""

Index("ix_writeback_due", writeback.c.state, writeback.c.next_at)
Index("ix_writeback_created", writeback.c.created_at, writeback.c.id)

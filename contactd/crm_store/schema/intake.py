"""The door: receipts (append-only proof of what came in) and the raw bytes.

They carry no foreign key on purpose: the other records are audited against them, so nothing may tie their fates.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import Words, count, document, key, metadata, moment, words

receipt = Table(
    "receipt",
    metadata,
    key(),
    Column("channel", Text, nullable=False),
    Column("adapter", Text, nullable=False),
    Column("external_key", Words, nullable=False),
    Column("digest", Text, nullable=False),
    moment("at"),
    Column("interaction_id", Text, nullable=False, index=True),
    Column("duplicate_of", Text),
    Column("joined", Boolean, nullable=False, default=False),
    UniqueConstraint("adapter", "external_key"),
    sqlite_with_rowid=False,
)
"""One thing that came in; `duplicate_of` names the receipt it repeats, `joined` = into an open conversation."""

raw = Table(
    "raw",
    metadata,
    Column("receipt_id", Text, primary_key=True),
    Column("interaction_id", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("inline", LargeBinary),
    Column("blob", Text),
    Column("digest", Text, nullable=False),
    words("media_type"),
    document("envelope", empty={}),
    count("deaths"),
    Column("key_id", Text),
)
"""The bytes as they came: `inline` up to 256 KB, else the name of a blob; `deaths` counts workers that died on them."""

channel_state = Table(
    "channel_state",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("name", Words, primary_key=True),
    document("value", empty={}),
    moment("at"),
)
"""What channels keep of their own: how far an outside mailbox was read, and the like."""

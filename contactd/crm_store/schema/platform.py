"""The house's own records: nodes, the audit log, and keys of repeated requests."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from contactd.crm_store.schema.types import document, metadata, moment, words

node = Table(
    "node",
    metadata,
    Column("name", Text, primary_key=True),
    moment("seen_at"),
)
"""Each contactd that writes here and its last sign of life (a durable write, made by `Store.ping`)."""

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    moment("at"),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object_kind", Text, nullable=False),
    Column("object_id", Text),
    document("detail", empty={}),
    words("ip"),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
)
"""Append-only and chained: `hash` covers the row and `prev_hash`."""

Index("ix_audit_log_object", audit_log.c.object_kind, audit_log.c.object_id)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("body_digest", Text, nullable=False),
    Column("status", Integer),
    document("response"),
    moment("at"),
    moment("expires_at"),
)
"""An unsafe request a program may repeat, with the answer it got; kept 24 hours."""

Index("ix_idempotency_key_expires", idempotency_key.c.expires_at)

"""Rights of the people the records are about: requests with their certificate, legal holds, and consent with its evidence."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from contactd.crm_store.schema.types import belongs, document, key, metadata, moment, words

privacy_request = Table(
    "privacy_request",
    metadata,
    key(),
    Column("kind", Text, nullable=False),
    belongs("party_id", "party.id"),
    Column("state", Text, nullable=False, default="asked"),
    words("reason"),
    words("verified_how"),
    Column("asked_by", Text, nullable=False),
    moment("asked_at"),
    Column("decided_by", Text),
    moment("decided_at", optional=True),
    words("decision"),
    document("blobs", empty=[]),
    document("certificate", empty={}),
    moment("done_at", optional=True),
)
"""What a customer asks for: asked, refused, running or done.

`blobs` are the files still to be removed, `certificate` says what went, by counts and ids only.
"""

Index("ix_privacy_request_state", privacy_request.c.state, privacy_request.c.asked_at)

legal_hold = Table(
    "legal_hold",
    metadata,
    key(),
    belongs("party_id", "party.id"),
    words("reason"),
    moment("at"),
    Column("by", Text, nullable=False),
    moment("lifted_at", optional=True),
    Column("lifted_by", Text),
)
"""Why a customer's records may not be erased, and until when."""

consent = Table(
    "consent",
    metadata,
    key(),
    belongs("party_id", "party.id"),
    Column("purpose", Text, nullable=False),
    Column("channel", Text, nullable=False, default=""),
    Column("state", Text, nullable=False),
    words("text_version"),
    words("evidence"),
    Column("interaction_id", Text),
    moment("at"),
    Column("by", Text, nullable=False),
    moment("expires_at", optional=True),
)
"""Append-only: what a customer said about a purpose (channel empty: any), how it is known, and by which text they were asked."""

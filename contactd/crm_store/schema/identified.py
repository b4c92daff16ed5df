"""Who a customer proved to be in a contact: what was asked and whether it was answered rightly, never the answer."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text

from contactd.crm_store.schema.types import metadata, moment

verification = Table(
    "verification",
    metadata,
    Column("interaction_id", Text, ForeignKey("interaction.id"), primary_key=True),
    Column("party_id", Text, ForeignKey("party.id"), primary_key=True),
    Column("question", Text, primary_key=True),
    Column("right", Boolean, nullable=False),
    Column("by", Text, nullable=False),
    moment("at"),
    sqlite_with_rowid=False,
)
"""Append-only: each question once in a contact, so that nobody guesses twice."""

Index("ix_verification_party", verification.c.party_id, verification.c.at)

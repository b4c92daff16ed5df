"""Fields a house adds to its records, and by what customers are filtered."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import Ordered, count, document, key, metadata, moment

field_def = Table(
    "field_def",
    metadata,
    key(),
    Column("entity", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("type", Text, nullable=False),
    document("labels", empty={}),
    document("options", empty=[]),
    Column("required", Boolean, nullable=False, default=False),
    Column("searchable", Boolean, nullable=False, default=False),
    Column("filterable", Boolean, nullable=False, default=False),
    count("place"),
    moment("created_at"),
    Column("created_by", Text),
    moment("retired_at", optional=True),
    Column("row_version", Integer, nullable=False, default=1),
    UniqueConstraint("entity", "key"),
)
"""A defined field; never dropped, only retired.  `options` are [{key, label, retired}]."""

party_facet = Table(
    "party_facet",
    metadata,
    Column("party_id", Text, ForeignKey("party.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("value", Ordered, primary_key=True),
)
"""What a customer is filtered by: tag, role, and `field.<key>` of filterable fields; kept behind the live work."""

Index("ix_party_facet_value", party_facet.c.kind, party_facet.c.value, party_facet.c.party_id)

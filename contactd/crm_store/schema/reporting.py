"""Figures that stay what they were: months of reports that were sealed."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import document, key, metadata, moment

report_seal = Table(
    "report_seal",
    metadata,
    key(),
    Column("month", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("definition", Integer, nullable=False),
    document("figures", empty={}),
    Column("digest", Text, nullable=False),
    moment("at"),
    Column("by", Text, nullable=False),
    UniqueConstraint("month", "zone", name="uq_report_seal_month"),
)
"""A month (`2026-10`) as it is by the clocks of a zone, with all its figures; `digest` is their SHA-256."""

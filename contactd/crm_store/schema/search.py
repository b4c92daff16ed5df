"""What is found by words: one row for each thing, with an index of its tokens beside it that each database keeps its own way.

The index, `search_index` (seq, tokens), is no table of the metadata: it is FTS5 on SQLite and a `tsvector` on PostgreSQL, made by
the migration and written by `crm_store/search_index.py` alone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import metadata, moment, words

INDEX = "search_index"

search_doc = Table(
    "search_doc",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("acl", Text, nullable=False, default="all"),
    Column("party_id", Text),
    moment("at"),
    UniqueConstraint("kind", "ref"),
)
"""A party, message, case or article that can be found.  `acl` says who may: `all`, or `oversee` for supervisors only."""

Index("ix_search_doc_party", search_doc.c.party_id)

mark = Table(
    "mark",
    metadata,
    Column("name", Text, primary_key=True),
    words("value"),
    moment("at"),
)
"""How far work behind the live units has come."""


def declared(name: str | None, kind: str, _parents: Any) -> bool:
    """Tell Alembic which names are declared here: not the index, whose tables the databases make themselves."""
    return not (kind == "table" and name is not None and name.startswith(INDEX))

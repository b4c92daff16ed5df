"""One customer out of several records: merges that can be undone, who may be whom, and work on customers that is due."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import Words, document, key, metadata, moment, words

due = Table(
    "due",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    moment("at"),
)
"""Work behind the live units, once for each thing however often it changed: `resolve` a contact point, `match` a party,
`index` a party or case for search."""

merge_op = Table(
    "merge_op",
    metadata,
    key(),
    Column("kind", Text, nullable=False, default="merge"),
    Column("survivor", Text, ForeignKey("party.id"), nullable=False, index=True),
    document("losers", empty=[]),
    document("fields", empty={}),
    document("pointers", empty={}),
    document("claims", empty=[]),
    words("reason"),
    moment("at"),
    Column("by", Text),
    moment("undone_at", optional=True),
    Column("undone_by", Text),
    document("kept", empty=[]),
)
"""A merge or a split, append-only but for its undoing.

`fields` is field → [before, after] of the survivor, `pointers` record → the record it was kept under before, `claims` what a
split took along ([contact point, from, to]), `kept` the fields an undo left as somebody had changed them since.
"""

merge_member = Table(
    "merge_member",
    metadata,
    Column("op_id", Text, ForeignKey("merge_op.id"), primary_key=True),
    Column("party_id", Text, ForeignKey("party.id"), primary_key=True, index=True),
)
"""Which records a merge or a split was about."""

match_key = Table(
    "match_key",
    metadata,
    Column("party_id", Text, ForeignKey("party.id"), primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("value", Words, primary_key=True),
    Index("ix_match_key_value", "rule", "value"),
)
"""What a record is compared by: two with the same value of a rule may be the same customer."""

dup_candidate = Table(
    "dup_candidate",
    metadata,
    key(),
    Column("a", Text, ForeignKey("party.id"), nullable=False),
    Column("b", Text, ForeignKey("party.id"), nullable=False, index=True),
    Column("score", Float, nullable=False),
    document("reasons", empty=[]),
    Column("state", Text, nullable=False, default="open"),
    moment("until", optional=True),
    moment("at"),
    Column("decided_by", Text),
    moment("decided_at", optional=True),
    UniqueConstraint("a", "b"),
)
"""Two records (`a` < `b`) that may be one customer: open, merged, rejected (never proposed again) or snoozed until a day."""

Index("ix_dup_candidate_state", dup_candidate.c.state, dup_candidate.c.at)

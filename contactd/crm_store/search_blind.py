"""Customers that were found, held against the fields who asks is not shown: nobody tries out in the box what stands there.

The index does not say which field a word came from; so those in whose hidden fields a word of the question stands are looked at
again without them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import Connection, select

from contactd.core import tokens
from contactd.core.tokens import Term
from contactd.crm_store import schema as s
from contactd.crm_store.search_docs import field_tokens, party_tokens, told_fields

Unseen = Callable[[str], bool]
"""Tells of a field whether it is not shown as it is."""


def shown(conn: Connection, found: Sequence[Any], asked: Sequence[Term], unseen: Unseen) -> list[Any]:
    """Return those of some customers' documents that hold every term without the fields that are not shown."""
    hidden = [name for name in told_fields(conn) if unseen(name)]
    doubtful = _with(conn, [row.ref for row in found], asked, hidden) if hidden and found else set()
    return [row for row in found if row.ref not in doubtful or tokens.hold(party_tokens(conn, row.ref, hidden), asked)]


def _with(conn: Connection, parties: Sequence[str], asked: Sequence[Term], hidden: Collection[str]) -> set[str]:
    """Return the customers in whose hidden fields a word of the question stands."""
    singly = [Term((token,), prefix=True) for term in asked for token in term.tokens]
    rows = conn.execute(select(s.party).where(s.party.c.canonical_id.in_(parties)))
    return {row.canonical_id for row in rows if _any_in(row, singly, hidden)}


def _any_in(row: Any, singly: Sequence[Term], hidden: Collection[str]) -> bool:
    return any(tokens.hold(field_tokens(row, name), [one]) for name in hidden for one in singly)

"""What comes in is stored raw: its receipt, its bytes, and an interaction that waits to be understood.

Each function runs inside a write unit and may run twice; every id it needs is made before, so that a second run writes the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """An arrival with the ids and rows it becomes."""

    receipt: Mapping[str, Any]
    raw: Mapping[str, Any]
    interaction: Mapping[str, Any]


_RECEIPT = hot(
    select(s.receipt.c.id, s.receipt.c.interaction_id, s.receipt.c.joined).where(
        s.receipt.c.adapter == bindparam("adapter"),
        s.receipt.c.external_key == bindparam("external_key"),
    ),
)
_NEW_RECEIPT = hot(insert(s.receipt).on_conflict_do_nothing(index_elements=["adapter", "external_key"]))
_NEW_RAW = hot(insert(s.raw))
_NEW_INTERACTION = hot(insert(s.interaction))


def old_receipt(conn: WriteConn, adapter: str, external_key: str) -> Mapping[str, Any] | None:
    """Return the receipt of something that came before, or None."""
    row = conn.one(_RECEIPT, adapter=adapter, external_key=external_key)
    return None if row is None else row._mapping  # noqa: SLF001 - the public name of a row's mapping


def accept(conn: WriteConn, new: Accepting) -> Mapping[str, Any] | None:
    """Store an arrival; return the old receipt when it came before (then nothing is written)."""
    # The receipt first: its constraint tells a duplicate without a question beforehand.
    if not conn.run(_NEW_RECEIPT, **new.receipt):
        return old_receipt(conn, new.receipt["adapter"], new.receipt["external_key"])
    conn.run(_NEW_INTERACTION, **new.interaction)
    conn.run(_NEW_RAW, **new.raw)
    return None


def accept_all(conn: WriteConn, news: Sequence[Accepting]) -> list[Mapping[str, Any] | None]:
    """Store several arrivals in one unit; return for each what `accept` returns."""
    if conn.many(_NEW_RECEIPT, [new.receipt for new in news]) < len(news):
        # One of them came before: which one, each by itself will tell.
        conn.undo_unit()
        return [accept(conn, new) for new in news]
    conn.many(_NEW_INTERACTION, [new.interaction for new in news])
    conn.many(_NEW_RAW, [new.raw for new in news])
    return [None] * len(news)

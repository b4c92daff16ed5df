"""The wrapped keys of recordings, when the keys of the house change: small rows, never the files."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from contactd.crm_store import schema as s
from contactd.crm_store.sealing import Wrapped
from contactd.crm_store.write_conn import WriteConn

PAGE = 200
_R = s.recording.c
Pair = tuple[str, Wrapped]
"""A recording's id and its wrapped key."""


def under_others(conn: Connection, newest: str, after: str) -> list[Pair]:
    """Return a page of recordings whose key is wrapped under another key of the house than `newest`, by id after `after`."""
    query = (
        select(_R.id, _R.key_id, _R.sealed_key)
        .where(_R.sealed_key.is_not(None), _R.key_id != newest, _R.id > after)
        .order_by(_R.id)
        .limit(PAGE)
    )
    return [(row.id, Wrapped(key_id=row.key_id, key=row.sealed_key)) for row in conn.execute(query)]


def exchange(conn: WriteConn, changes: Sequence[tuple[str, Wrapped, Wrapped]]) -> int:
    """Write (id, old, new) keys; a row that has another key by now is left alone.  Return how many were changed."""
    table, changed = s.recording, 0
    for ident, old, new in changes:
        same = (table.c.id == ident, table.c.key_id == old.key_id, table.c.sealed_key == old.key)
        changed += conn.execute(
            update(table)
            .where(*same)
            .values(key_id=new.key_id, sealed_key=new.key, row_version=table.c.row_version + 1)
        ).rowcount
    return changed


def used(conn: Connection) -> dict[str, int]:
    """Return the keys of the house that recordings need, with how many each."""
    query = select(_R.key_id, func.count()).where(_R.sealed_key.is_not(None)).group_by(_R.key_id)
    return {row[0]: row[1] for row in conn.execute(query)}

"""Work on customers that is due behind the live units: marked in the unit that makes it due, done and struck out in bulk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select

from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

RESOLVE = "resolve"
"""A contact point whose claims changed: interactions that came from it may be somebody else's."""
MATCH = "match"
"""A party that changed: it may now be the same as another."""
INDEX_PARTY = "index_party"
INDEX_CASE = "index_case"
INDEX_ARTICLE = "index_article"
TELL_WATCHERS = "tell_watchers"
"""A case in which something happened."""

_new = insert(s.due)
_MARK = hot(_new.on_conflict_do_update(index_elements=["kind", "ref"], set_={"at": _new.excluded.at}))
_DONE = hot(delete(s.due).where(s.due.c.kind == bindparam("b_kind"), s.due.c.ref == bindparam("b_ref")))


def mark(conn: WriteConn, kind: str, ref: str, now: datetime) -> None:
    """Note that something is to be done about `ref`; once is enough."""
    conn.run(_MARK, kind=kind, ref=ref, at=now)


def mark_all(conn: WriteConn, due: Iterable[tuple[str, str]], now: datetime) -> None:
    """Note what is to be done about many at once: (kind, ref), each named once."""
    conn.many(_MARK, [{"kind": kind, "ref": ref, "at": now} for kind, ref in due])


def mark_party(conn: WriteConn, party: str, now: datetime) -> None:
    """Note that a party changed: it is compared and indexed anew."""
    mark(conn, MATCH, party, now)
    mark(conn, INDEX_PARTY, party, now)


def take(conn: WriteConn, kind: str, limit: int) -> list[str]:
    """Return what is due of a kind, oldest first; each is struck out by `done` in the same unit."""
    query = select(s.due.c.ref).where(s.due.c.kind == kind).order_by(s.due.c.at, s.due.c.ref).limit(limit)
    return [row.ref for row in conn.execute(query)]


def done(conn: WriteConn, kind: str, refs: Iterable[str]) -> None:
    """Strike out what was done."""
    for ref in refs:
        conn.run(_DONE, b_kind=kind, b_ref=ref)


def waiting(conn: Connection) -> dict[str, int]:
    """Return how much is due of each kind."""
    rows = conn.execute(select(s.due.c.kind, func.count().label("n")).group_by(s.due.c.kind))
    return {row.kind: row.n for row in rows}

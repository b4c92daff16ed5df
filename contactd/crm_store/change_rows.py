"""Changes in their order: written behind the live work, read by cursor.

Numbers are given under a lock that lasts until the commit: whoever has read up to a number has missed none below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select

from contactd.clock import from_ms, rfc3339, to_ms
from contactd.core.interaction import TERMINAL_STATES
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

PARTY_CHANGED, PARTY_MERGED, PARTY_ERASED = "party.changed", "party.merged", "party.erased"
CASE_CHANGED, INTERACTION_CLOSED = "case.changed", "interaction.closed"
KINDS = (PARTY_CHANGED, PARTY_MERGED, PARTY_ERASED, CASE_CHANGED, INTERACTION_CLOSED)
KEPT = timedelta(days=30)
"""How long changes can be asked for."""
OVERLAP = timedelta(minutes=2)
"""A contact may become visible this long after one that ended later."""
BATCH = 40
_HEAD, _MARK = "change", "changes.closed"
_new_head = insert(s.number_seq)
_NEXT = hot(
    _new_head.on_conflict_do_update(
        index_elements=["name"],
        set_={"value": s.number_seq.c.value + _new_head.excluded.value},
    ).returning(s.number_seq.c.value),
)
_APPEND = hot(insert(s.change).on_conflict_do_nothing(index_elements=["once"]))
_new_mark = insert(s.mark)
_NOTE = hot(_new_mark.on_conflict_do_update(index_elements=["name"], set_={"value": _new_mark.excluded.value}))


def append(conn: WriteConn, told: Sequence[tuple[str, str, Mapping[str, Any], str | None]], now: datetime) -> None:
    """Write changes down: (kind, ref, data, told once under this key)."""
    if not told:
        return
    last = int(conn.one(_NEXT, name=_HEAD, value=len(told)).value)
    for seq, (kind, ref, data, once) in enumerate(told, start=last - len(told) + 1):
        conn.run(_APPEND, seq=seq, kind=kind, ref=ref, data=dict(data), once=once, at=now)


def parties(conn: WriteConn, idents: Iterable[str], now: datetime) -> None:
    """Say that customers changed; of one that leads to another, to which."""
    wanted = select(s.party.c.id, s.party.c.canonical_id).where(s.party.c.id.in_(list(idents)))
    told: list[tuple[str, str, Mapping[str, Any], str | None]] = []
    for row in conn.execute(wanted.order_by(s.party.c.id)):
        if row.canonical_id == row.id:
            told.append((PARTY_CHANGED, row.id, {}, None))
        else:
            told.append((PARTY_MERGED, row.id, {"into": row.canonical_id}, None))
    append(conn, told, now)


def closed(conn: WriteConn, now: datetime) -> bool:
    """Say which contacts ended since the last look; True while there may be more."""
    table, mark = s.interaction, s.mark
    value = conn.execute(select(mark.c.value).where(mark.c.name == _MARK)).scalar()
    since = from_ms(int(value)) if value else now
    ended = (table.c.ended_at >= since - OVERLAP, table.c.ended_at.is_not(None), table.c.state.in_(TERMINAL_STATES))
    told = select(s.change.c.once).where(s.change.c.kind == INTERACTION_CLOSED, s.change.c.at >= since - 2 * OVERLAP)
    known = set(conn.execute(told).scalars())
    query = select(table.c.id, table.c.channel, table.c.line, table.c.outcome, table.c.ended_at).where(*ended)
    rows = [
        row
        for row in conn.execute(query.order_by(table.c.ended_at, table.c.id).limit(BATCH + len(known)))
        if _once(row) not in known
    ][:BATCH]
    news = [
        (INTERACTION_CLOSED, row.id, {"channel": row.channel, "line": row.line, "outcome": row.outcome}, _once(row))
        for row in rows
    ]
    append(conn, news, now)
    reached = max((row.ended_at for row in rows), default=since)
    if rows or not value:
        conn.run(_NOTE, name=_MARK, value=str(to_ms(max(reached, since))), at=now)
    return len(rows) == BATCH


def _once(row: Any) -> str:
    return f"{row.id}:{to_ms(row.ended_at)}"


def page(conn: Connection, *, after: int = 0, limit: int = 100, kinds: Sequence[str] = ()) -> list[Any]:
    """Return changes behind a number, in their order."""
    query = select(s.change).where(s.change.c.seq > after).order_by(s.change.c.seq).limit(limit)
    return list(conn.execute(query.where(s.change.c.kind.in_(kinds)) if kinds else query))


def view(row: Any) -> dict[str, Any]:
    """Return a change as it is told."""
    return {"seq": row.seq, "kind": row.kind, "ref": row.ref, "at": rfc3339(row.at), "data": row.data}


def last(conn: Connection) -> int:
    """Return the newest change's number."""
    return int(conn.execute(select(func.max(s.change.c.seq))).scalar() or 0)


def first(conn: Connection) -> int | None:
    """Return the oldest change's number that is kept, None: there is none."""
    found = conn.execute(select(func.min(s.change.c.seq))).scalar()
    return None if found is None else int(found)


def forget(conn: WriteConn, now: datetime) -> int:
    """Strike out changes whose time is over; return how many."""
    old = select(s.change.c.seq).where(s.change.c.at < now - KEPT).order_by(s.change.c.seq).limit(1000)
    return conn.execute(delete(s.change).where(s.change.c.seq.in_(old.scalar_subquery()))).rowcount

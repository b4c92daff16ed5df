"""Rows that a connector could not take over: kept whole until somebody has them tried again, or leaves them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from contactd.clock import rfc3339
from contactd.core.errors import NotFoundError
from contactd.crm_store import audit
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

WAITING, TAKEN, LEFT = "waiting", "taken", "left"
MOST = 5_000
"""Of one connector that wait; more is a mistake of the mapping, not of rows."""
_D = s.connector_dead
_ENOUGH = 8
"""Digits by which a number in a row is known for somebody's."""


def add(conn: WriteConn, rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep rows: id, connector, run_id, n, reasons, row, at."""
    for row in rows:
        conn.execute(insert(_D).values(**row))


def waiting(conn: Connection, name: str = "") -> dict[str, int]:
    """Return connector → rows that wait, of one connector or of all."""
    named = [_D.c.connector == name] if name else []
    query = select(_D.c.connector, func.count().label("n")).where(_D.c.state == WAITING, *named)
    return {row.connector: row.n for row in conn.execute(query.group_by(_D.c.connector))}


def page(conn: Connection, name: str, *, after: str = "", limit: int = 50) -> list[dict[str, Any]]:
    """Return rows of a connector that wait, the oldest first, from behind one on."""
    query = select(_D).where(_D.c.connector == name, _D.c.state == WAITING, _D.c.id > after)
    return [_view(row) for row in conn.execute(query.order_by(_D.c.id).limit(limit))]


def get(conn: Connection, name: str, ident: str) -> dict[str, Any]:
    """Return one row that waits.

    Raises:
        NotFoundError: there is none such, or it was dealt with.
    """
    row = conn.execute(select(_D).where(_D.c.id == ident, _D.c.connector == name, _D.c.state == WAITING)).first()
    if row is None:
        message = "there is no such row, or it was dealt with"
        raise NotFoundError(message)
    return _view(row)


def end(conn: WriteConn, ident: str, state: str, by: str, now: datetime) -> bool:
    """Note that a row was taken, or is left; what it said goes.  False: somebody else dealt with it."""
    values = {"state": state, "row": {}, "reasons": [], "ended_at": now, "by": by, "tries": _D.c.tries + 1}
    return bool(conn.execute(update(_D).where(_D.c.id == ident, _D.c.state == WAITING).values(**values)).rowcount)


def leave(conn: WriteConn, name: str, ident: str, by: str, now: datetime) -> None:
    """Note that a row is left, on record.

    Raises:
        NotFoundError: there is none such, or it was dealt with.
    """
    get(conn.connection, name, ident)
    end(conn, ident, LEFT, by, now)
    entry = Entry(actor=by, action="connector.leave", object_kind="connector", object_id=name, detail={"row": ident})
    audit.append(conn, entry, now)


def again(conn: WriteConn, ident: str, reasons: Sequence[str]) -> None:
    """Note that another try failed, and why."""
    values = {"reasons": list(reasons), "tries": _D.c.tries + 1}
    conn.execute(update(_D).where(_D.c.id == ident, _D.c.state == WAITING).values(**values))


def prune(conn: WriteConn, now: datetime, keep: timedelta) -> int:
    """Forget rows that were dealt with some time ago."""
    old = (_D.c.state != WAITING, _D.c.ended_at < now - keep)
    return conn.execute(delete(_D).where(*old)).rowcount


def forget(conn: WriteConn, parties: Sequence[str], points: Sequence[str]) -> int:
    """Take out the rows that name a person who is erased; return how many.

    Nobody was found for such a row, so it is known by what stands in it: a number, an address, a name, an id elsewhere.
    """
    party, name, point, number = s.party.c, s.party_name.c, s.contact_point.c, s.external_id.c
    said = set(conn.execute(select(party.display_name).where(party.id.in_(parties))).scalars())
    said |= set(conn.execute(select(name.value).where(name.party_id.in_(parties))).scalars())
    said |= set(conn.execute(select(point.value_norm).where(point.id.in_(points))).scalars())
    theirs = number.ref_kind == "party", number.ref_id.in_(parties)
    said |= set(conn.execute(select(number.value).where(*theirs)).scalars())
    told = {text.casefold() for text in said if text}
    digits = {bare[-_ENOUGH:] for text in told if len(bare := re.sub(r"\D", "", text)) >= _ENOUGH}
    rows = conn.execute(select(_D.c.id, _D.c.row).where(_D.c.state == WAITING)).all()
    gone = [row.id for row in rows if any(_names(str(cell), told, digits) for cell in row.row.values())]
    for ident in gone:
        conn.execute(delete(_D).where(_D.c.id == ident))
    return len(gone)


def _names(cell: str, told: set[str], digits: set[str]) -> bool:
    """Tell whether a cell is, or holds, one of some names, addresses or numbers."""
    cell = cell.strip().casefold()
    if cell in told or any(len(text) > 1 and "@" in text and text in cell for text in told):
        return True
    bare = re.sub(r"\D", "", cell)
    return len(bare) >= _ENOUGH and any(one in bare for one in digits)


def _view(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "connector": row.connector,
        "run": row.run_id,
        "row": row.row,
        "reasons": row.reasons,
        "number": row.n,
        "tries": row.tries,
        "at": rfc3339(row.at),
    }

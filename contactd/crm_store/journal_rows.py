"""The journal read back in order: what the router was told, when, and what it decided."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, func, select, type_coerce

from contactd.crm_store import schema as s

RESTART = "restart"
"""The kind of row at which a new router was made."""


class JournalRow(NamedTuple):
    """One row; `wishes` is the stored JSON text."""

    seq: int
    epoch: int
    at: datetime
    kind: str
    payload: Mapping[str, Any]
    wishes: str


_COLUMNS = (
    s.journal.c.seq,
    s.journal.c.epoch,
    s.journal.c.at,
    s.journal.c.kind,
    type_coerce(s.journal.c.payload, Text).label("payload"),
    type_coerce(s.journal.c.wishes, Text).label("wishes"),
)


def page(conn: Connection, after: int, until: int, limit: int) -> list[JournalRow]:
    """Return up to `limit` rows with numbers beyond `after` and up to `until`, in order."""
    query = (
        select(*_COLUMNS)
        .where(s.journal.c.seq > after, s.journal.c.seq <= until)
        .order_by(s.journal.c.seq)
        .limit(limit)
    )
    return [
        JournalRow(row.seq, row.epoch, row.at, row.kind, json.loads(row.payload or "{}"), row.wishes or "[]")
        for row in conn.execute(query)
    ]


def last(conn: Connection) -> int:
    """Return the number of the last row, 0 when there is none."""
    return int(conn.execute(select(func.coalesce(func.max(s.journal.c.seq), 0))).scalar_one())


def at_moment(conn: Connection, moment: datetime) -> int:
    """Return the number of the last row of before a moment, 0 when there is none."""
    query = select(func.coalesce(func.max(s.journal.c.seq), 0)).where(s.journal.c.at < moment)
    return int(conn.execute(query).scalar_one())


def restart_before(conn: Connection, seq: int) -> int | None:
    """Return the number of the last restart at or before a row, else of the first one there is; None without any."""
    restarts = select(s.journal.c.seq).where(s.journal.c.kind == RESTART)
    found = conn.execute(restarts.where(s.journal.c.seq <= seq).order_by(s.journal.c.seq.desc()).limit(1)).scalar()
    if found is None:
        found = conn.execute(restarts.order_by(s.journal.c.seq).limit(1)).scalar()
    return None if found is None else int(found)


def decision_of(conn: Connection, offer: str) -> tuple[int, datetime] | None:
    """Return (journal number, moment) of the decision that made an offer; None when there is no such offer.

    The number stands in the offer's id (`<epoch>-<number>-<n>`).
    """
    row = conn.execute(select(s.offer.c.offered_at).where(s.offer.c.id == offer)).first()
    parts = offer.split("-")
    if row is None or len(parts) != 3 or not parts[1].isdecimal():  # noqa: PLR2004 - the three parts of an offer's id
        return None
    return int(parts[1]), row.offered_at

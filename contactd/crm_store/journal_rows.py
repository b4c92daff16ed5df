"""The journal read back in order: what the router was told, when, and what it decided."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, delete, func, or_, select, type_coerce

from contactd.core.journal import RESTART
from contactd.crm_store import schema as s
from contactd.crm_store.write_conn import WriteConn


class JournalRow(NamedTuple):
    """One row; `wishes` is the stored JSON text."""

    seq: int
    epoch: int
    at: datetime
    kind: str
    payload: Mapping[str, Any]
    wishes: str


class Pending(NamedTuple):
    """What facts speak of that wait in the inbox, or were put aside: there the rows are ahead of the router."""

    interactions: frozenset[str]
    agents: frozenset[str]


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


def newest(conn: Connection) -> tuple[int, str] | None:
    """Return (number, kind) of the last row, None when there is none."""
    query = select(s.journal.c.seq, s.journal.c.kind).order_by(s.journal.c.seq.desc()).limit(1)
    row = conn.execute(query).first()
    return None if row is None else (row.seq, row.kind)


def pending(conn: Connection) -> Pending:
    """Return whom and what the router has not been told of."""
    inbox = s.fact_inbox.c
    query = select(inbox.payload).where(or_(inbox.consumed_seq.is_(None), inbox.consumed_seq < 0))
    told = [row.payload or {} for row in conn.execute(query)]
    return Pending(
        frozenset(str(one["interaction"]) for one in told if "interaction" in one),
        frozenset(str(one["agent"]) for one in told if "agent" in one),
    )


def consumed(conn: Connection, fact: str) -> int | None:
    """Return the number under which a fact of the inbox was journaled, None while it waits."""
    found = conn.execute(select(s.fact_inbox.c.consumed_seq).where(s.fact_inbox.c.id == fact)).scalar()
    return None if found is None else int(found)


def take_back(conn: WriteConn, fact: str) -> None:
    """Take a fact nobody consumed out of the inbox."""
    conn.execute(delete(s.fact_inbox).where(s.fact_inbox.c.id == fact, s.fact_inbox.c.consumed_seq.is_(None)))


def policy_then(conn: Connection, at: datetime) -> int | None:
    """Return the version of the policy that was published last at a moment."""
    found = conn.execute(select(func.max(s.policy_version.c.version)).where(s.policy_version.c.at <= at)).scalar()
    return None if found is None else int(found)


def seen_since(conn: Connection, moment: datetime) -> bool:
    """Say whether a server has shown a sign of life since a moment."""
    return conn.execute(select(s.node.c.name).where(s.node.c.seen_at >= moment).limit(1)).first() is not None

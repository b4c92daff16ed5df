"""The red list: numbers and addresses that are always let through, may go first in line, and may be called by nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, or_, select

from contactd.clock import rfc3339
from contactd.core.party import Point
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

MOST = 500
FIRST = 3
"""The place in line of who goes first: that of the most important customers."""
_holds = or_(s.protected.c.until.is_(None), s.protected.c.until > bindparam("now"))
_IS = hot(
    select(s.protected.c.first, s.protected.c.uncalled).where(
        s.protected.c.kind == bindparam("kind"), s.protected.c.value_norm == bindparam("value"), _holds
    )
)
_OF_POINT = hot(
    select(s.protected.c.first)
    .join(
        s.contact_point,
        (s.contact_point.c.kind == s.protected.c.kind) & (s.contact_point.c.value_norm == s.protected.c.value_norm),
    )
    .where(s.contact_point.c.id == bindparam("id"), _holds)
)
_new = insert(s.protected)
_PROTECT = hot(
    _new.on_conflict_do_update(
        index_elements=["kind", "value_norm"],
        set_={name: _new.excluded[name] for name in ("agent", "at", "until", "reason", "first", "uncalled")},
    ),
    *s.protected.c.keys(),
)
_UNPROTECT = hot(
    delete(s.protected).where(
        s.protected.c.kind == bindparam("b_kind"), s.protected.c.value_norm == bindparam("b_value")
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What the red list says of a number or an address."""

    reason: str
    until: datetime | None = None
    """When it ends by itself; None: never."""
    first: bool = True
    """In line they stand with the most important customers."""
    uncalled: bool = False
    """Nobody here calls them."""


def is_protected(conn: WriteConn, kind: str, value: str, now: datetime) -> bool:
    """Tell whether a sender is on the red list at this moment, and so is never blocked."""
    return conn.one(_IS, kind=kind, value=value, now=now) is not None


def uncalled(conn: Connection, point: Point, now: datetime) -> bool:
    """Tell whether the red list says that nobody calls this number."""
    table = s.protected
    holds = or_(table.c.until.is_(None), table.c.until > now)
    mine = (table.c.kind == point.kind, table.c.value_norm == point.value, table.c.uncalled)
    return conn.execute(select(table.c.at).where(*mine, holds)).first() is not None


def place(conn: WriteConn, vip: int, sender: Point | None, now: datetime) -> int:
    """Return the level at which a sender stands in line, who is a customer of level `vip`."""
    if sender is None or vip >= FIRST:
        return vip
    row = conn.one(_IS, kind=sender.kind, value=sender.value, now=now)
    return FIRST if row is not None and row.first else vip


def place_of(conn: WriteConn, vip: int, contact_point: str | None, now: datetime) -> int:
    """Return the same of a contact point by its id."""
    if contact_point is None or vip >= FIRST:
        return vip
    row = conn.one(_OF_POINT, id=contact_point, now=now)
    return FIRST if row is not None and row.first else vip


def protect(conn: WriteConn, sender: Point, agent: str, now: datetime, said: Protection) -> None:
    """Put a sender on the red list; what was said of them before is replaced."""
    conn.run(
        _PROTECT,
        kind=sender.kind,
        value_norm=sender.value,
        agent=agent,
        at=now,
        until=said.until,
        reason=said.reason,
        first=said.first,
        uncalled=said.uncalled,
    )


def unprotect(conn: WriteConn, kind: str, value: str) -> bool:
    """Take a sender off the red list; return whether they were on it."""
    return bool(conn.run(_UNPROTECT, b_kind=kind, b_value=value))


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Return who is on the red list, the newest first."""
    query = select(s.protected).order_by(s.protected.c.at.desc(), s.protected.c.value_norm).limit(MOST)
    return [
        {
            "kind": row.kind,
            "value": row.value_norm,
            "agent": row.agent,
            "at": rfc3339(row.at),
            "until": rfc3339(row.until) if row.until else None,
            "reason": row.reason,
            "first": bool(row.first),
            "uncalled": bool(row.uncalled),
        }
        for row in conn.execute(query)
    ]

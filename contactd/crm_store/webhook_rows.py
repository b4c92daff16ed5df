"""Webhooks: where changes go, how far each has heard, what could not be delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from contactd.clock import rfc3339
from contactd.core.errors import ConflictError, NotFoundError
from contactd.crm_store import audit, change_rows
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

MOST = 50
_w = s.webhook


def add(conn: WriteConn, row: Mapping[str, Any], now: datetime) -> None:
    """Note a webhook (columns of `webhook`); it hears of what changes from now on.

    Raises:
        ConflictError: there are many already (code `too_many`).
    """
    if (conn.execute(select(func.count()).select_from(_w)).scalar() or 0) >= MOST:
        message = f"There are {MOST} webhooks already."
        raise ConflictError(message, code="too_many")
    cursor = change_rows.last(conn.connection)
    conn.execute(insert(_w).values(**row, cursor=cursor, next_at=now, created_at=now))
    entry = Entry(actor=row["created_by"], action="webhook.add", object_kind="webhook", object_id=row["id"])
    audit.append(conn, entry, now)


def remove(conn: WriteConn, ident: str, by: str, now: datetime) -> None:
    """Forget a webhook.

    Raises:
        NotFoundError: there is none such.
    """
    conn.execute(delete(s.webhook_dead).where(s.webhook_dead.c.webhook_id == ident))
    if not conn.execute(delete(_w).where(_w.c.id == ident)).rowcount:
        message = "There is no such webhook."
        raise NotFoundError(message)
    audit.append(conn, Entry(actor=by, action="webhook.remove", object_kind="webhook", object_id=ident), now)


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Return all webhooks, without their secrets, with how much each has not heard."""
    dead = select(s.webhook_dead.c.webhook_id, func.count().label("n")).group_by(s.webhook_dead.c.webhook_id)
    lost = {row.webhook_id: row.n for row in conn.execute(dead)}
    newest = change_rows.last(conn)
    return [
        {name: getattr(row, name) for name in ("id", "url", "kinds", "active", "cursor", "failures", "last_error")}
        | {"behind": max(0, newest - row.cursor), "dead": lost.get(row.id, 0), "created_at": rfc3339(row.created_at)}
        | {"delivered_at": rfc3339(row.delivered_at) if row.delivered_at else None}
        for row in conn.execute(select(_w).order_by(_w.c.created_at, _w.c.id))
    ]


def replay(conn: WriteConn, ident: str, after: int | None, by: str, now: datetime) -> int:
    """Tell a webhook everything behind a number again, or from the first it did not get; return the number.

    Raises:
        NotFoundError: there is none such.
        ConflictError: nothing was lost, and no number is named (code `nothing_dead`).
    """
    table = s.webhook_dead
    mine = table.c.webhook_id == ident
    if after is None:
        first = conn.execute(select(func.min(table.c.seq)).where(mine)).scalar()
        if first is None and conn.execute(select(_w.c.id).where(_w.c.id == ident)).first() is not None:
            message = "Nothing was lost: name a number to begin after."
            raise ConflictError(message, code="nothing_dead")
        after = (first or 1) - 1
    values = {"cursor": after, "failures": 0, "next_at": now, "active": True, "last_error": ""}
    if not conn.execute(update(_w).where(_w.c.id == ident).values(**values)).rowcount:
        message = "There is no such webhook."
        raise NotFoundError(message)
    conn.execute(delete(table).where(mine, table.c.seq > after))
    detail = {"after": after}
    audit.append(
        conn, Entry(actor=by, action="webhook.replay", object_kind="webhook", object_id=ident, detail=detail), now
    )
    return after


def claim(conn: WriteConn, now: datetime, lease: timedelta) -> list[Any]:
    """Take the webhooks that are due and have something to hear, each with its maker's `role`; nobody else does meanwhile."""
    free = or_(_w.c.lease_until.is_(None), _w.c.lease_until < now)
    due = and_(_w.c.active, _w.c.next_at <= now, _w.c.cursor < change_rows.last(conn.connection), free)
    made = select(_w, s.agent.c.role.label("role")).outerjoin(s.agent, s.agent.c.id == _w.c.created_by)
    rows = conn.execute(made.where(due).order_by(_w.c.next_at)).all()
    lease_until = {"lease_until": now + lease}
    return [row for row in rows if conn.execute(update(_w).where(_w.c.id == row.id, free).values(lease_until)).rowcount]


def settle(conn: WriteConn, row: Any, values: Mapping[str, Any], lost: Sequence[int] = (), error: str = "") -> None:
    """Note how a delivery ended and let the webhook go; what was lost is kept by number.

    A replay that was asked for meanwhile stands.
    """
    mine = (_w.c.id == row.id, _w.c.cursor == row.cursor)
    if not conn.execute(update(_w).where(*mine).values(**values, lease_until=None)).rowcount:
        conn.execute(update(_w).where(_w.c.id == row.id).values(lease_until=None))
        return
    for seq in lost:
        dead = {"webhook_id": row.id, "seq": seq, "tries": row.failures + 1, "error": error, "at": values["next_at"]}
        conn.execute(insert(s.webhook_dead).values(**dead).on_conflict_do_nothing())

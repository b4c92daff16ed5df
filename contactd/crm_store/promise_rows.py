"""What we said we would do by when: stored, due before it breaks, shown first at the next contact, kept or broken with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from contactd.clock import rfc3339
from contactd.core.errors import BadRequestError, ConflictError
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import cluster
from contactd.crm_store.sight import Seen
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

AHEAD = timedelta(minutes=15)
"""So long before it breaks its owner is reminded."""
BATCH = 20


def make(conn: WriteConn, ident: str, values: Mapping[str, Any], *, now: datetime, actor: str) -> None:
    """Write a promise (`text, due_at, owner, party_id?, case_id?, interaction_id?`).

    Raises:
        BadRequestError: its moment is past, or it is nobody's business.
    """
    if values["due_at"] <= now:
        message = "a promise lies ahead"
        raise BadRequestError(message, field="due_at")
    if not (values.get("party_id") or values.get("case_id")):
        message = "a promise is made to a customer, or in a case"
        raise BadRequestError(message, field="party")
    conn.execute(insert(s.promise).values(id=ident, **values, made_at=now, made_by=actor))


def settle(conn: WriteConn, ident: str, *, broken: str | None, now: datetime) -> None:
    """Say that a promise was kept, or why it was `broken`.

    Raises:
        ConflictError: it is settled already, or there is none (code `settled`).
    """
    values: dict[str, Any] = {"ended_at": now}
    values |= {"broken_reason": broken} if broken else {"kept_at": now}
    open_one = (s.promise.c.id == ident, s.promise.c.ended_at.is_(None))
    if conn.execute(update(s.promise).where(*open_one).values(values)).rowcount == 0:
        message = "there is no such open promise"
        raise ConflictError(message, code="settled")


def listed(
    conn: Connection, *, party: str | None = None, case: str | None = None, owner: str | None = None, seen: Seen = ()
) -> list[dict[str, Any]]:
    """Return open promises, those due first in front: a customer's, a case's, or somebody's own."""
    query = select(s.promise).where(s.promise.c.ended_at.is_(None), *seen)
    if party is not None:
        query = query.where(s.promise.c.party_id.in_(cluster(conn, party)))
    if case is not None:
        query = query.where(s.promise.c.case_id == case)
    if owner is not None:
        query = query.where(s.promise.c.owner == owner)
    return [
        {
            "id": row.id,
            "text": row.text,
            "due_at": rfc3339(row.due_at),
            "owner": row.owner,
            "party_id": row.party_id,
            "case_id": row.case_id,
            "interaction_id": row.interaction_id,
            "made_at": rfc3339(row.made_at),
        }
        for row in conn.execute(query.order_by(s.promise.c.due_at, s.promise.c.id).limit(100))
    ]


def soon(conn: WriteConn, now: datetime) -> list[tuple[str, str]]:
    """Note the promises that are about to break; return (id, owner) of each, once."""
    table = s.promise
    due = (table.c.ended_at.is_(None), table.c.warned_at.is_(None), table.c.due_at <= now + AHEAD)
    rows = conn.execute(select(table.c.id, table.c.owner).where(*due).order_by(table.c.due_at).limit(BATCH)).all()
    for row in rows:
        conn.execute(update(table).where(table.c.id == row.id).values(warned_at=now))
    return [(row.id, row.owner) for row in rows]

"""Business records read: lists, one with its history, and the cards of a customer with source and as-of time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from contactd.clock import rfc3339
from contactd.core.commerce_kinds import KINDS
from contactd.core.errors import NotFoundError
from contactd.crm_store import coverage_rows, cursors
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import cluster, text
from contactd.crm_store.sight import Seen

ON_CARD = 5
"""Records of one kind on a customer's card."""
LOOKED_AT = 300


def listed(
    conn: Connection,
    *,
    kind: str | None = None,
    party: str | None = None,
    stage: str | None = None,
    owner: str | None = None,
    parent: str | None = None,
    seen: Seen = (),
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of records, the latest changed first, and the next cursor.

    Raises:
        BadRequestError: the cursor or the limit is wrong.
    """
    table = s.record
    query = _rows().where(*seen)
    if party is not None:
        query = query.where(table.c.party_id.in_(cluster(conn, party)))
    for column, wanted in (
        (table.c.kind, kind),
        (table.c.stage, stage),
        (table.c.owner, owner),
        (table.c.parent_id, parent),
    ):
        query = query if wanted is None else query.where(column == wanted)
    query = cursors.after(query, cursor, table.c.updated_at, table.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "updated_at")
    return [_view(row) for row in rows], following


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return a record by id or number, with what happened to it.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(_rows().where(or_(s.record.c.id == ident, s.record.c.no == ident))).first()
    if row is None:
        message = "there is no such record"
        raise NotFoundError(message)
    event = s.record_event
    events = conn.execute(
        select(event, s.agent.c.display_name)
        .outerjoin(s.agent, s.agent.c.id == event.c.actor)
        .where(event.c.record_id == row.id)
        .order_by(event.c.seq)
    )
    told = [
        {"seq": one.seq, "at": rfc3339(one.at), "type": one.type, "actor": one.display_name or one.actor}
        | {"text": one.text, "data": one.data}
        for one in events
    ]
    return {**_view(row), "events": told}


def cards(conn: Connection, party: str, now: datetime) -> dict[str, Any]:
    """Return a customer's records by kind, what is open first, and until when they have a service contract.

    Raises:
        NotFoundError: there is no such customer.
    """
    records = cluster(conn, party)
    if not records:
        message = "there is no such customer"
        raise NotFoundError(message)
    query = _rows().where(s.record.c.party_id.in_(records)).order_by(s.record.c.updated_at.desc()).limit(LOOKED_AT)
    rows = conn.execute(query).all()
    by_kind: dict[str, list[Any]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    return {
        "contract": _contract(conn, party, now),
        "items": [
            {
                "kind": kind,
                "count": len(by_kind[kind]),
                "records": [_view(row) for row in _open_first(kind, by_kind[kind])],
            }
            for kind in KINDS
            if kind in by_kind
        ],
    }


def _contract(conn: Connection, party: str, now: datetime) -> dict[str, Any] | None:
    """Return the service contract that holds now, the one that holds longest; none holds: the one that did last.

    Those of the firms somebody works for count, too; `standing` says how it stands, `left` what it still includes.
    """
    contracts = coverage_rows.held(conn, [party])
    if not contracts:
        return None
    best = max(
        contracts,
        key=lambda one: (one.standing(now) == "holds", one.stage == "active", one.ends_at is None, one.ends_at or now),
    )
    row = conn.execute(select(s.record).where(s.record.c.id == best.id)).one()
    return {
        "id": best.id,
        "kind": row.kind,
        "party_id": row.party_id,
        "no": row.no,
        "title": row.title,
        "until": text(best.ends_at),
        "level": best.level,
        "entitlements": row.fields.get("entitlements", []),
        "standing": best.standing(now),
        "included": best.included,
        "used": best.used,
        "left": best.left,
    }


def _open_first(kind: str, rows: list[Any]) -> list[Any]:
    is_open = KINDS[kind].open_stages
    return sorted(rows, key=lambda row: row.stage not in is_open)[:ON_CARD]


def _rows() -> Select[Any]:
    kept = s.party.alias("kept")
    return (
        select(s.record, kept.c.display_name.label("party_name"), s.agent.c.display_name.label("owner_name"))
        .outerjoin(s.party, s.party.c.id == s.record.c.party_id)
        .outerjoin(kept, kept.c.id == s.party.c.canonical_id)
        .outerjoin(s.agent, s.agent.c.id == s.record.c.owner)
        .where(s.record.c.deleted_at.is_(None))
    )


def _view(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "no": row.no,
        "title": row.title,
        "party_id": row.party_id,
        "party_name": row.party_name or "",
        "parent": row.parent_id,
        "stage": row.stage,
        "owner": row.owner,
        "owner_name": row.owner_name or "",
        "amount": row.amount,
        "currency": row.currency,
        "begins_at": text(row.begins_at),
        "ends_at": text(row.ends_at),
        "fields": row.fields,
        "source": row.source,
        "external_key": row.external_key,
        "url": row.url,
        "as_of": text(row.as_of),
        "updated_at": rfc3339(row.updated_at),
        "row_version": row.row_version,
    }

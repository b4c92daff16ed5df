"""The customer as an agent first sees one: who it may be, the head of the timeline, open cases (CustomerHead)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from contactd.core.errors import NotFoundError
from contactd.core.interaction import ResolveState
from contactd.core.party import Point, Resolution, resolve
from contactd.crm_store import lookup, timeline
from contactd.crm_store import schema as s
from contactd.crm_store.answering import read_point
from contactd.crm_store.interactions import cluster

HEAD = 5
"""Items of the timeline in a head."""
CANDIDATES = 20
SURE = frozenset({ResolveState.KNOWN, ResolveState.CONFIRMED})


def of_interaction(conn: Connection, ident: str) -> dict[str, Any]:
    """Return the CustomerHead of an interaction: as resolved or confirmed, with every candidate as of now.

    Raises:
        NotFoundError: there is no such interaction.
    """
    query = select(
        s.interaction.c.contact_point_id,
        s.interaction.c.party_id,
        s.interaction.c.resolve_state,
    ).where(s.interaction.c.id == ident)
    row = conn.execute(query).first()
    if row is None:
        message = "there is no such interaction"
        raise NotFoundError(message)
    point, standing = _point(conn, row.contact_point_id)
    found = resolve(point, lookup.claims(conn, point) if point is not None else ())
    state = ResolveState(row.resolve_state)
    party = next(iter(cluster(conn, row.party_id)), None) if row.party_id else None
    head = _head(conn, point, found, state if party or state not in SURE else found.state, party)
    return head if head["point"] is None else head | {"point": head["point"] | standing}


def of_point(conn: Connection, point: Point) -> dict[str, Any]:
    """Return the CustomerHead of whoever may be behind an address."""
    found = resolve(point, lookup.claims(conn, point))
    return _head(conn, point, found, found.state, found.party)


def _head(
    conn: Connection,
    point: Point | None,
    found: Resolution,
    state: ResolveState,
    party: str | None,
) -> dict[str, Any]:
    reasons = {one.party: (one.level, list(one.why)) for one in found.candidates[:CANDIDATES]}
    if party is not None and party not in reasons:
        reasons = {party: ("asserted", ["claim.confirmed"]), **reasons}
    faces = lookup.faces(conn, reasons)
    items = timeline.page(conn, party, limit=HEAD)[0] if party is not None else []
    return {
        "resolve_state": str(state),
        "party_id": party,
        "point": _shown(point),
        "candidates": [
            {
                "party_id": ident,
                "name": faces[ident].name,
                "kind": faces[ident].kind,
                "vip": faces[ident].vip,
                "level": level,
                "why": why,
                "points": [{"kind": kind, "display": display} for kind, display in faces[ident].points],
            }
            for ident, (level, why) in reasons.items()
            if ident in faces
        ],
        "timeline": items,
        "open_cases": lookup.open_cases(conn, party) if party is not None else 0,
    }


def _point(conn: Connection, ident: str | None) -> tuple[Point | None, dict[str, Any]]:
    """Return a contact point, and whether what is sent there gets through."""
    row = conn.execute(select(s.contact_point).where(s.contact_point.c.id == ident)).first() if ident else None
    if row is None:
        return None, {}
    return read_point(row), {"status": row.status, "status_note": row.status_note}


def _shown(point: Point | None) -> dict[str, Any] | None:
    if point is None:
        return None
    return {
        "kind": point.kind,
        "value": point.value,
        "display": point.display or point.raw,
        "status": "ok",
        "status_note": "",
    }

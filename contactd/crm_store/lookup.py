"""Who may be behind an address: the claims on a contact point, read for `core.party.resolve`, and the candidates' faces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, func, select

from contactd.core.party import Claim, Point
from contactd.crm_store import schema as s

_own = s.party.alias("own_party")
_OPEN_CASES = ("new", "open", "waiting_customer", "waiting_internal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What a list of candidates shows of a party."""

    party: str
    name: str
    kind: str
    vip: int
    lang: str | None
    points: tuple[tuple[str, str], ...]
    """(kind, display) of its contact points, primary ones first, at most 8."""


def claims(conn: Connection, point: Point) -> list[Claim]:
    """Return the claims on `point`: those on its extension and those on the number without one, each to its canonical party."""
    claim, contact, party = s.contact_claim, s.contact_point, s.party
    record = s.party.alias("record")
    open_case = exists().where(
        s.case_.c.party_id == record.c.id,
        record.c.canonical_id == party.c.id,
        s.case_.c.state.in_(_OPEN_CASES),
    )
    query = (
        select(
            party.c.id,
            party.c.kind,
            claim.c.level,
            contact.c.ext,
            contact.c.shared,
            contact.c.last_seen,
            open_case.label("open_case"),
        )
        .join(contact, contact.c.id == claim.c.contact_point_id)
        .join(_own, _own.c.id == claim.c.party_id)
        .join(party, party.c.id == _own.c.canonical_id)
        .where(
            contact.c.kind == point.kind,
            contact.c.namespace == point.namespace,
            contact.c.value_norm == point.value,
            contact.c.ext.in_({point.ext, ""}),
            claim.c.valid_to.is_(None),
            party.c.deleted_at.is_(None),
        )
    )
    return [
        Claim(
            party=row.id,
            party_kind=row.kind,
            level=row.level,
            ext=row.ext,
            shared=row.shared,
            open_case=bool(row.open_case),
            last_seen=row.last_seen,
        )
        for row in conn.execute(query)
    ]


def open_cases(conn: Connection, party: str) -> int:
    """Return how many cases of a customer are open, through every record merged into one."""
    own, asked = s.party.alias("own"), s.party.alias("asked")
    cluster = select(own.c.id).join(asked, asked.c.canonical_id == own.c.canonical_id).where(asked.c.id == party)
    query = select(func.count()).where(s.case_.c.party_id.in_(cluster), s.case_.c.state.in_(_OPEN_CASES))
    return int(conn.execute(query).scalar_one())


def faces(conn: Connection, parties: Iterable[str]) -> dict[str, Face]:
    """Return party → its face, for canonical parties."""
    wanted = list(parties)
    if not wanted:
        return {}
    points = _points(conn, wanted)
    rows = conn.execute(select(s.party).where(s.party.c.id.in_(wanted), s.party.c.deleted_at.is_(None)))
    return {
        row.id: Face(
            party=row.id,
            name=row.display_name,
            kind=row.kind,
            vip=row.vip,
            lang=row.lang,
            points=tuple(points.get(row.id, ())[:8]),
        )
        for row in rows
    }


def _points(conn: Connection, parties: list[str]) -> dict[str, list[tuple[str, str]]]:
    """Return canonical party → (kind, display) of its points."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in conn.execute(claimed_points(parties)):
        shown = (row.kind, row.display or row.value_norm)
        mine = found.setdefault(row.canonical_id, [])
        if shown not in mine:
            mine.append(shown)
    return found


def claimed_points(canonical: list[str]) -> Any:
    """Select the live claims of canonical parties and of all that were merged into them, primary ones first."""
    claim, contact = s.contact_claim, s.contact_point
    return (
        select(
            _own.c.canonical_id,
            claim.c.id.label("claim_id"),
            claim.c.level,
            claim.c.label,
            claim.c.is_primary,
            claim.c.source,
            contact.c.id.label("contact_point_id"),
            contact.c.kind,
            contact.c.namespace,
            contact.c.value_norm,
            contact.c.ext,
            contact.c.display,
            contact.c.status,
            contact.c.shared,
            contact.c.line_type,
            contact.c.last_seen,
        )
        .join(contact, contact.c.id == claim.c.contact_point_id)
        .join(_own, _own.c.id == claim.c.party_id)
        .where(_own.c.canonical_id.in_(canonical), claim.c.valid_to.is_(None))
        .order_by(claim.c.is_primary.desc(), contact.c.kind, contact.c.value_norm, contact.c.ext)
    )

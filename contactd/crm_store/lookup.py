"""Who may be behind an address: the claims on a contact point, read for `core.party.resolve`, and the candidates' faces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select

from contactd.core.party import Claim, Point
from contactd.crm_store import schema as s

_own = s.party.alias("own_party")
_asked, _record = s.party.alias("asked"), s.party.alias("record")
_OPEN_CASES = ("new", "open", "waiting_customer", "waiting_internal")
_claim, _contact, _party = s.contact_claim, s.contact_point, s.party
# Made once: to build such a statement takes longer than the database needs to answer it.
_CLAIMS = (
    select(
        _party.c.id,
        _party.c.kind,
        _claim.c.level,
        _contact.c.ext,
        _contact.c.shared,
        _contact.c.last_seen,
        exists()
        .where(
            s.case_.c.party_id == _record.c.id,
            _record.c.canonical_id == _party.c.id,
            s.case_.c.state.in_(_OPEN_CASES),
        )
        .label("open_case"),
    )
    .join(_contact, _contact.c.id == _claim.c.contact_point_id)
    .join(_own, _own.c.id == _claim.c.party_id)
    .join(_party, _party.c.id == _own.c.canonical_id)
    .where(
        _contact.c.kind == bindparam("kind"),
        _contact.c.namespace == bindparam("namespace"),
        _contact.c.value_norm == bindparam("value"),
        _contact.c.ext.in_(bindparam("exts", expanding=True)),
        _claim.c.valid_to.is_(None),
        _party.c.deleted_at.is_(None),
    )
)
_CLUSTER = (
    select(_own.c.id)
    .join(_asked, _asked.c.canonical_id == _own.c.canonical_id)
    .where(_asked.c.id == bindparam("party"))
)
_OPEN = select(func.count()).where(s.case_.c.party_id.in_(_CLUSTER), s.case_.c.state.in_(_OPEN_CASES))
_FACES = select(_party.c.id, _party.c.display_name, _party.c.kind, _party.c.vip, _party.c.lang).where(
    _party.c.id.in_(bindparam("parties", expanding=True)), _party.c.deleted_at.is_(None)
)
_POINTS = (
    select(
        _own.c.canonical_id,
        _claim.c.id.label("claim_id"),
        _claim.c.level,
        _claim.c.label,
        _claim.c.is_primary,
        _claim.c.source,
        _contact.c.id.label("contact_point_id"),
        _contact.c.kind,
        _contact.c.namespace,
        _contact.c.value_norm,
        _contact.c.ext,
        _contact.c.display,
        _contact.c.status,
        _contact.c.shared,
        _contact.c.line_type,
        _contact.c.last_seen,
    )
    .join(_contact, _contact.c.id == _claim.c.contact_point_id)
    .join(_own, _own.c.id == _claim.c.party_id)
    .where(_claim.c.valid_to.is_(None))
    .order_by(_claim.c.is_primary.desc(), _contact.c.kind, _contact.c.value_norm, _contact.c.ext)
)
_POINTS_OF = _POINTS.with_only_columns(
    _own.c.canonical_id, _contact.c.kind, _contact.c.display, _contact.c.value_norm, maintain_column_froms=True
).where(_own.c.canonical_id.in_(bindparam("parties", expanding=True)))


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
    asked = {"kind": point.kind, "namespace": point.namespace, "value": point.value, "exts": [point.ext, ""]}
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
        for row in conn.execute(_CLAIMS, asked)
    ]


def open_cases(conn: Connection, party: str) -> int:
    """Return how many cases of a customer are open, through every record merged into one."""
    return int(conn.execute(_OPEN, {"party": party}).scalar_one())


def faces(conn: Connection, parties: Iterable[str]) -> dict[str, Face]:
    """Return party → its face, for canonical parties."""
    wanted = list(parties)
    if not wanted:
        return {}
    points = _points(conn, wanted)
    rows = conn.execute(_FACES, {"parties": wanted})
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
    for row in conn.execute(_POINTS_OF, {"parties": parties}):
        shown = (row.kind, row.display or row.value_norm)
        mine = found.setdefault(row.canonical_id, [])
        if shown not in mine:
            mine.append(shown)
    return found


def claimed_points(canonical: list[str]) -> Any:
    """Select the live claims of canonical parties and of all that were merged into them, primary ones first."""
    return _POINTS.where(_own.c.canonical_id.in_(canonical))

"""Who sent it: the contact point of a sender, and the claims on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, select

from contactd.core.interaction import ResolveState
from contactd.core.party import Claim, Point, Resolution, resolve
from contactd.crm_store import claims
from contactd.crm_store import schema as s
from contactd.crm_store.later import Later
from contactd.crm_store.statements import hot
from contactd.crm_store.write_conn import WriteConn

_canonical = s.party.alias("canonical")
_WHO = hot(
    select(
        s.contact_point.c.id,
        s.contact_point.c.ext,
        s.contact_point.c.shared,
        s.contact_point.c.last_seen,
        s.contact_claim.c.level,
        _canonical.c.id.label("party"),
        _canonical.c.kind.label("party_kind"),
    )
    .outerjoin(
        s.contact_claim,
        and_(s.contact_claim.c.contact_point_id == s.contact_point.c.id, s.contact_claim.c.valid_to.is_(None)),
    )
    .outerjoin(s.party, s.party.c.id == s.contact_claim.c.party_id)
    .outerjoin(_canonical, and_(_canonical.c.id == s.party.c.canonical_id, _canonical.c.deleted_at.is_(None)))
    .where(
        s.contact_point.c.kind == bindparam("kind"),
        s.contact_point.c.namespace == bindparam("namespace"),
        s.contact_point.c.value_norm == bindparam("value"),
    ),
)
"""Every row of an address, with whatever extension, each with the claims on it."""


def who(
    conn: WriteConn, later: Later, point: Point | None, new_id: str, now: datetime
) -> tuple[str | None, Resolution]:
    """Find or make the contact point of a sender (under `new_id`), and resolve it."""
    if point is None:
        return None, resolve(None, ())
    rows = conn.all(_WHO, kind=point.kind, namespace=point.namespace, value=point.value)
    known = next((row.id for row in rows if row.ext == point.ext), None)
    if known is None:
        known = claims.point_id(conn, new_id, point, now=now)
    else:
        later.add(claims.SEEN, b_id=known, b_at=now)
    return known, resolve(point, _claims(rows, point))


DOUBTED = "sender_doubted"
"""Event of a contact whose sender only claims to be who it is, or may be forged: nobody is known by it without a click."""


def only_candidates(found: Resolution) -> Resolution:
    """Take nobody for a known customer."""
    return Resolution(state=ResolveState.MAYBE, candidates=found.candidates) if found.party is not None else found


def claims_on(conn: WriteConn, point: Point) -> list[Claim]:
    """Return the claims on a contact point, each with the canonical party."""
    return _claims(conn.all(_WHO, kind=point.kind, namespace=point.namespace, value=point.value), point)


def _claims(rows: Sequence[Any], point: Point) -> list[Claim]:
    """Make the claims of the rows of an address: those on this extension, and those on the number as a whole."""
    return [
        Claim(
            party=row.party,
            party_kind=row.party_kind,
            level=row.level,
            ext=row.ext,
            shared=bool(row.shared),
            last_seen=row.last_seen,
        )
        for row in rows
        if row.party is not None and row.ext in (point.ext, "")
    ]

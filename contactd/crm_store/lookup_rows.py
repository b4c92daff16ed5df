"""Who is behind a contact point: the claims on it, resolved, with names to show."""

from __future__ import annotations

from sqlalchemy import Connection, select

from contactd.core.channel import Known
from contactd.core.party import Claim, Point, resolve
from contactd.crm_store import schema as s

OPEN_CASE = ("new", "open", "waiting_customer", "waiting_internal")


def claims(conn: Connection, point: Point) -> list[Claim]:
    """Return the claims on a contact point, each with its canonical party."""
    canonical = s.party.alias("canonical")
    open_case = (
        select(s.case_.c.id).where(s.case_.c.party_id == canonical.c.id, s.case_.c.state.in_(OPEN_CASE)).exists()
    )
    rows = conn.execute(
        select(
            s.contact_claim.c.level,
            s.contact_point.c.ext,
            s.contact_point.c.shared,
            s.contact_point.c.last_seen,
            canonical.c.id.label("party"),
            canonical.c.kind.label("party_kind"),
            open_case.label("open_case"),
        )
        .join(s.contact_point, s.contact_point.c.id == s.contact_claim.c.contact_point_id)
        .join(s.party, s.party.c.id == s.contact_claim.c.party_id)
        .join(canonical, canonical.c.id == s.party.c.canonical_id)
        .where(
            s.contact_point.c.kind == point.kind,
            s.contact_point.c.namespace == point.namespace,
            s.contact_point.c.value_norm == point.value,
            s.contact_claim.c.valid_to.is_(None),
            canonical.c.deleted_at.is_(None),
        ),
    )
    return [
        Claim(
            party=row.party,
            party_kind=row.party_kind,
            level=row.level,
            ext=row.ext,
            shared=bool(row.shared),
            open_case=bool(row.open_case),
            last_seen=row.last_seen,
        )
        for row in rows
    ]


def known(conn: Connection, point: Point) -> Known:
    """Say who may be behind `point`, with the names of all candidates."""
    found = resolve(point, claims(conn, point))
    ids = [candidate.party for candidate in found.candidates]
    rows = list(conn.execute(select(s.party.c.id, s.party.c.display_name, s.party.c.vip).where(s.party.c.id.in_(ids))))
    return Known(
        state=found.state,
        party=found.party,
        candidates=found.candidates,
        names={row.id: row.display_name for row in rows},
        vip=max((row.vip for row in rows if row.id == found.party), default=0),
    )

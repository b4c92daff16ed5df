"""Who is behind a contact point, resolved, with names to show."""

from __future__ import annotations

from sqlalchemy import Connection

from contactd.core.channel import Known
from contactd.core.party import Point, resolve
from contactd.crm_store import lookup


def known(conn: Connection, point: Point) -> Known:
    """Say who may be behind `point`, with the names of all candidates."""
    found = resolve(point, lookup.claims(conn, point))
    faces = lookup.faces(conn, (candidate.party for candidate in found.candidates))
    own = faces.get(found.party or "")
    return Known(
        state=found.state,
        party=found.party,
        candidates=found.candidates,
        names={party: face.name for party, face in faces.items()},
        vip=own.vip if own else 0,
    )

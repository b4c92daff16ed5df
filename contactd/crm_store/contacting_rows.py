"""What the store knows of whom somebody wants to call: blocked, block-listed, asked not to be, what they said of purposes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, or_, select

from contactd.core.contacting import Standing
from contactd.core.party import Point
from contactd.crm_store import contact_rows, erasing, lookup_rows, privacy_rows, protected_rows
from contactd.crm_store import schema as s


def standing(conn: Connection, point: Point, party: str | None, now: datetime) -> Standing:
    """Return what stands of a number; where several may be behind it, what each of them said counts."""
    known = lookup_rows.known(conn, point)
    who = {party, known.party, *(each.party for each in known.candidates)} - {None}
    said = (one for each in sorted(map(str, who)) for one in privacy_rows.standing(conn, each, now))
    return Standing(
        blocked=contact_rows.is_blocked(conn, point),
        block_listed=_listed(conn, point, now),
        red_listed=protected_rows.uncalled(conn, point, now),
        consents=tuple(said),
        do_not_call=any(_refuses(conn, each) for each in sorted(map(str, who))),
    )


def _refuses(conn: Connection, party: str) -> bool:
    """Tell whether a customer asked not to be called, by whichever of their records says so."""
    own = s.party.c.id.in_(erasing.cluster(conn, party))
    asked = conn.execute(select(s.party.c.preferences).where(own)).scalars()
    return any((each or {}).get("do_not_call") is True for each in asked)


def _listed(conn: Connection, point: Point, now: datetime) -> bool:
    table = s.blocked
    holds = or_(table.c.until.is_(None), table.c.until > now)
    query = select(table.c.at).where(table.c.kind == point.kind, table.c.value_norm == point.value, holds)
    return conn.execute(query).first() is not None

"""Of many customers at once: who must not be called for a purpose, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from contactd.core.contacting import GRANTED, MARKETING, REFUSALS, SERVICE
from contactd.crm_store import schema as s
from contactd.crm_store.export_rows import CALLS

PART = 300
"""Customers asked about in one statement."""
NOT_CALLED, REFUSED, NO_CONSENT, NO_NUMBER, RESTRICTED = (
    "do_not_call", "consent_refused", "no_consent", "no_number", "restricted",
)  # fmt: skip
REASONS = (RESTRICTED, NOT_CALLED, REFUSED, NO_CONSENT, NO_NUMBER)


def barred(
    conn: Connection,
    parties: Sequence[str],
    now: datetime,
    *,
    purpose: str = SERVICE,
    granted: bool = False,
    reachable: bool = False,
) -> dict[str, str]:
    """Return customer → why they must not be called; who may is left out.

    Args:
        conn: a connection.
        parties: canonical records.
        now: the moment.
        purpose: of the call.
        granted: for marketing only who has agreed is called.
        reachable: who has no number that may be called is named, too (`no_number`).
    """
    found: dict[str, str] = {}
    for at in range(0, len(parties), PART):
        some = list(parties[at : at + PART])
        found |= _some(conn, some, now, purpose, granted=granted)
        if reachable:
            found = {**dict.fromkeys(set(some) - _callable(conn, some), NO_NUMBER), **found}
    return found


def _some(conn: Connection, parties: list[str], now: datetime, purpose: str, *, granted: bool) -> dict[str, str]:
    said = _said(conn, parties, now, purpose)
    found: dict[str, str] = {}
    if purpose == MARKETING and granted:
        found |= {one: NO_CONSENT for one in parties if GRANTED not in said.get(one, set())}
    found |= {one: REFUSED for one, states in said.items() if states & REFUSALS}
    rows = select(s.party.c.canonical_id, s.party.c.preferences, s.party.c.pii_state)
    for row in conn.execute(rows.where(s.party.c.canonical_id.in_(parties))):
        if (row.preferences or {}).get("do_not_call") is True:
            found[row.canonical_id] = NOT_CALLED
        if row.pii_state != "normal":
            found[row.canonical_id] = RESTRICTED
    return found


def _said(conn: Connection, parties: list[str], now: datetime, purpose: str) -> dict[str, set[str]]:
    """Return customer → what their records last said of calls for a purpose; what ran out is not said any more."""
    table, last = s.consent, {}
    query = (
        select(s.party.c.canonical_id, table.c.party_id, table.c.channel, table.c.state, table.c.expires_at)
        .join(s.party, s.party.c.id == table.c.party_id)
        .where(s.party.c.canonical_id.in_(parties), table.c.purpose == purpose, table.c.channel.in_(CALLS))
    )
    for row in conn.execute(query.order_by(table.c.at, table.c.id)):
        last[row.canonical_id, row.party_id, row.channel] = row
    found: dict[str, set[str]] = {}
    for (canonical, _, _), row in last.items():
        over = row.state == GRANTED and row.expires_at is not None and row.expires_at <= now
        found.setdefault(canonical, set()).add("expired" if over else row.state)
    return found


def _callable(conn: Connection, parties: list[str]) -> set[str]:
    """Return who has a number that may be called."""
    claim, point = s.contact_claim, s.contact_point
    query = (
        select(s.party.c.canonical_id)
        .join(claim, claim.c.party_id == s.party.c.id)
        .join(point, point.c.id == claim.c.contact_point_id)
        .where(s.party.c.canonical_id.in_(parties), claim.c.valid_to.is_(None), point.c.kind == "phone")
        .where(point.c.status.not_in(("blocked", "hard")))
    )
    return set(conn.execute(query.distinct()).scalars())

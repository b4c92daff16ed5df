"""Campaigns read: their members page by page, and how far each has come."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, func, select

from contactd.clock import rfc3339
from contactd.core import campaigning as rules
from contactd.crm_store import cursors
from contactd.crm_store import schema as s
from contactd.crm_store.campaign_rows import campaign
from contactd.crm_store.sight import Seen

_member = s.campaign_member


def view(conn: Connection, ident: str) -> dict[str, Any]:
    """Return one member."""
    row = conn.execute(_shown().where(_member.c.id == ident)).one()
    return _view(row)


def _shown() -> Any:
    kept = s.party.alias("kept")
    return (
        select(_member, kept.c.id.label("canonical_id"), kept.c.display_name, s.agent.c.display_name.label("caller"))
        .join(s.party, s.party.c.id == _member.c.party_id)
        .join(kept, kept.c.id == s.party.c.canonical_id)
        .outerjoin(s.agent, s.agent.c.id == _member.c.last_by)
    )


def _view(row: Any) -> dict[str, Any]:
    moments = {name: getattr(row, name) for name in ("next_at", "added_at", "last_at")}
    return {
        "id": row.id,
        "campaign": row.campaign_id,
        "party_id": row.canonical_id,
        "party_name": row.display_name,
        "state": row.state,
        "reason": row.reason,
        "attempts": row.attempts,
        "outcome": row.outcome,
        "last_by": row.caller or row.last_by,
        **{name: None if at is None else rfc3339(at) for name, at in moments.items()},
    }


def members(
    conn: Connection, ident: str, *, state: str | None, seen: Seen, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of members, the latest added first; `seen`: as `sight.of_parties` of their customers."""
    query = _shown().where(_member.c.campaign_id == campaign(conn, ident).id, *seen)
    query = query.where(_member.c.state == state) if state is not None else query
    query = cursors.after(query, cursor, _member.c.added_at, _member.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "added_at")
    return [_view(row) for row in rows], following


def figures(conn: Connection, ident: str, seen: Seen = ()) -> dict[str, Any]:
    """Return how far a campaign has come: members by state, why some are left out, attempts, and the share that was reached.

    `seen`: as for `members`.
    """
    mine = and_(_member.c.campaign_id == campaign(conn, ident).id, *seen)
    by_state = select(_member.c.state, func.count().label("n"), func.sum(_member.c.attempts).label("tries")).where(mine)
    rows = conn.execute(by_state.group_by(_member.c.state)).all()
    counts = dict.fromkeys(rules.MOVES, 0) | {row.state: row.n for row in rows}
    reasons = select(_member.c.reason, func.count().label("n")).where(mine, _member.c.reason.is_not(None))
    over = sum(counts[one] for one in (rules.REACHED, rules.REFUSED, rules.DONE))
    return {
        "members": sum(counts.values()),
        "states": counts,
        "reasons": {row.reason: row.n for row in conn.execute(reasons.group_by(_member.c.reason))},
        "attempts": sum(int(row.tries or 0) for row in rows),
        "reached_rate": (counts[rules.REACHED] + counts[rules.REFUSED]) / over if over else None,
    }

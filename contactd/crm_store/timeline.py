"""One customer's timeline over all channels, newest first, through every record merged into one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from contactd.clock import rfc3339
from contactd.core.past import ADAPTER
from contactd.crm_store import cursors
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import cluster, last_messages
from contactd.crm_store.sight import Seen

_COLUMNS = (
    *(
        "id",
        "started_at",
        "ended_at",
        "state_since",
        "talk_ms",
        "hold_ms",
        "channel",
        "direction",
        "subject",
        "summary",
    ),
    *("agent", "agent_text", "line", "line_text", "state", "outcome", "routed_by"),
)
_ROWS = select(*(s.interaction.c[name] for name in _COLUMNS), s.agent.c.display_name.label("agent_name")).outerjoin(
    s.agent, s.agent.c.id == s.interaction.c.agent
)
_PARTIES: BindParameter[Any] = bindparam("parties", expanding=True)
_OWN, _OF_PEOPLE = (_ROWS.where(s.interaction.c[name].in_(_PARTIES)) for name in ("party_id", "org_party_id"))


def page(
    conn: Connection,
    party: str,
    *,
    limit: int = 50,
    cursor: str | None = None,
    with_people: bool = True,
    seen: Seen = (),
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of a party's TimelineItems (docs/wire.md) and the next cursor; nothing for an unknown party.

    Args:
        conn: a reader's connection.
        party: any record of the customer.
        limit: how many.
        cursor: where the last page ended.
        with_people: for an organisation, also what its people did for it (`org_party_id`).
        seen: as `sight.interactions`.

    Raises:
        BadRequestError: cursor or limit is wrong.
    """
    parties = cluster(conn, party)
    if not parties:
        return [], None
    # Each column has its own index: two short ordered looks, not one long one for either.
    found: dict[str, Any] = {}
    for rows in (_OWN, _OF_PEOPLE) if with_people else (_OWN,):
        query = rows.where(*seen) if seen else rows
        query = cursors.after(query, cursor, s.interaction.c.started_at, s.interaction.c.id, limit)
        found |= {row.id: row for row in conn.execute(query, {"parties": parties})}
    newest = sorted(found.values(), key=lambda row: (row.started_at, row.id), reverse=True)
    shown, following = cursors.page(newest[: limit + 1], limit, "started_at")
    snippets = last_messages(conn, [row.id for row in shown])
    return [_item(row, snippets.get(row.id, "")) for row in shown], following


def _item(row: Any, snippet: str) -> dict[str, Any]:
    """Shape one interaction as a TimelineItem."""
    ended = row.ended_at or row.state_since
    handled = row.talk_ms + row.hold_ms
    return {
        "id": row.id,
        "at": rfc3339(row.started_at),
        "class": "conversation",
        "channel": row.channel,
        "direction": row.direction,
        "ref": row.id,
        "title": row.subject,
        "snippet": snippet or row.summary,
        "actor": row.agent_name or row.agent or row.agent_text or None,
        "line": row.line or row.line_text or None,
        "state": row.state,
        "outcome": row.outcome,
        "imported": row.routed_by == ADAPTER,
        "duration_s": (handled / 1000) if handled else (ended - row.started_at).total_seconds(),
    }

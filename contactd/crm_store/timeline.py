"""One customer's timeline over all channels, newest first, through every record merged into one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from contactd.clock import rfc3339
from contactd.crm_store import cursors
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import cluster, last_messages


def page(
    conn: Connection,
    party: str,
    *,
    limit: int = 50,
    cursor: str | None = None,
    with_people: bool = True,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of a party's TimelineItems (docs/wire.md) and the next cursor; nothing for an unknown party.

    Args:
        conn: a reader's connection.
        party: any record of the customer.
        limit: how many.
        cursor: where the last page ended.
        with_people: for an organisation, also what its people did for it (`org_party_id`).

    Raises:
        BadRequestError: cursor or limit is wrong.
    """
    parties = cluster(conn, party)
    if not parties:
        return [], None
    mine: ColumnElement[bool] = s.interaction.c.party_id.in_(parties)
    if with_people:
        mine = or_(mine, s.interaction.c.org_party_id.in_(parties))
    query = (
        select(s.interaction, s.agent.c.display_name.label("agent_name"))
        .outerjoin(s.agent, s.agent.c.id == s.interaction.c.agent)
        .where(mine)
    )
    query = cursors.after(query, cursor, s.interaction.c.started_at, s.interaction.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "started_at")
    snippets = last_messages(conn, [row.id for row in rows])
    return [_item(row, snippets.get(row.id, "")) for row in rows], following


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
        "duration_s": (handled / 1000) if handled else (ended - row.started_at).total_seconds(),
    }

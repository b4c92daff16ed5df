"""Reading the outbox: what waits to leave, what went wrong on the way, and where one message stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from contactd.clock import rfc3339
from contactd.core.errors import NotFoundError
from contactd.crm_store import schema as s
from contactd.crm_store.sight import Seen

OPEN = ("queued", "held", "sending", "maybe")
WRONG = ("failed", "maybe", "bounced", "complained")
"""States in which a message that is over may not have reached everybody."""
MOST = 200
SNIPPET = 160
NO_WAY: Mapping[str, Any] = {"send_at": None, "delivery_detail": ""}
"""What a view says of a message that no outbox knows."""


def of_messages(conn: Connection, messages: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return message → when it leaves (while it can be taken back) and what was last said about it."""
    wanted = list(messages)
    if not wanted:
        return {}
    box = s.outbox.c
    query = select(box.message_id, box.state, box.attempts, box.next_at, box.due_at, box.last_error)
    return {
        row.message_id: {
            "send_at": rfc3339(row.next_at) if row.state == "queued" and not row.attempts and row.due_at else None,
            "delivery_detail": "" if row.state == "sent" else row.last_error,
        }
        for row in conn.execute(query.where(box.message_id.in_(wanted)))
    }


def row_of(conn: Connection, message: str) -> Any:
    """Return message, interaction, line, author, state and the time of the message (`at`) in the outbox.

    Raises:
        NotFoundError: it is not there.
    """
    box = s.outbox.c
    query = select(
        box.message_id, box.interaction_id, box.channel, box.agent, box.state, s.message.c.at, s.interaction.c.line
    )
    joined = query.join(s.message, s.message.c.id == box.message_id)
    joined = joined.join(s.interaction, s.interaction.c.id == box.interaction_id)
    row = conn.execute(joined.where(box.message_id == message)).first()
    if row is None:
        raise nothing()
    return row


def nothing() -> NotFoundError:
    """Return what is answered where a message is not in the outbox, or not for who asks."""
    text = "there is no such message in the outbox"
    return NotFoundError(text, code="not_found", field="message")


def listed(conn: Connection, agent: str | None, since: datetime, seen: Seen = ()) -> list[dict[str, Any]]:
    """Return what has not left yet, and what went wrong since then and was not put away, newest first; of one author or of all.

    `seen`: as `sight.of_outbox`.
    """
    box, said, work = s.outbox.c, s.message.c, s.interaction.c
    wrong = and_(box.state.in_(WRONG), box.ended_at.is_not(None), box.noted_at.is_(None), box.created_at >= since)
    query = (
        select(
            box.message_id,
            box.interaction_id,
            box.channel,
            box.agent,
            box.state,
            box.attempts,
            box.next_at,
            box.due_at,
            box.ended_at,
            box.last_error,
            box.created_at,
            said.subject,
            said.recipients,
            said.body_text,
            work.line,
            work.state.label("work_state"),
        )
        .join(s.message, said.id == box.message_id)
        .join(s.interaction, work.id == box.interaction_id)
        .where(or_(and_(box.state.in_(OPEN), box.ended_at.is_(None)), wrong), *seen)
        .order_by(box.created_at.desc(), box.id.desc())
        .limit(MOST)
    )
    if agent is not None:
        query = query.where(box.agent == agent)
    return [_shown(row) for row in conn.execute(query)]


def _box(row: Any, *, over: bool) -> str:
    if over:
        return "failed"
    if row.state == "held":
        return "held"
    return "scheduled" if not row.attempts and row.due_at else "waiting"


def _shown(row: Any) -> dict[str, Any]:
    """Shape one row as an OutboxItem of docs/wire.md."""
    over = row.ended_at is not None
    return {
        "message": row.message_id,
        "interaction": row.interaction_id,
        "interaction_state": row.work_state,
        "channel": row.channel,
        "line": row.line,
        "agent": row.agent,
        "box": _box(row, over=over),
        "state": row.state if over or row.state != "queued" or not row.attempts else "retrying",
        "to": [address for role, _name, address in row.recipients if role in {"to", "cc", "bcc"}],
        "subject": row.subject,
        "snippet": " ".join(row.body_text[: 2 * SNIPPET].split())[:SNIPPET],
        "at": rfc3339(row.created_at),
        "next_at": None if over or row.state == "held" else rfc3339(row.next_at),
        "attempts": row.attempts,
        "detail": row.last_error,
    }

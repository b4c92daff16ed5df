"""Has somebody written in a conversation what the writer of an answer has not seen?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select

from contactd.core.errors import ConflictError
from contactd.crm_store import messages
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot
from contactd.crm_store.store import WriteConn

_ELSEWHERE = and_(
    s.message.c.direction == "outbound",
    s.outbox.c.agent.is_not(None),
    s.outbox.c.agent != bindparam("agent"),
    s.outbox.c.state != "cancelled",
)
"""A colleague's answer; what nobody wrote, and what was taken back, is none."""
_NEWER = (
    select(s.message.c.id)
    .outerjoin(s.outbox, s.outbox.c.message_id == s.message.c.id)
    .where(
        or_(s.message.c.interaction_id == bindparam("interaction"), s.message.c.thread_id == bindparam("thread")),
        s.message.c.at > bindparam("since", type_=s.message.c.at.type),
        or_(s.message.c.direction == "inbound", _ELSEWHERE),
    )
    .order_by(s.message.c.at.desc())
    .limit(20)
)
_HOT = hot(_NEWER)


def refuse_unseen(conn: WriteConn, interaction: str, thread: str | None, agent: str, since: datetime) -> None:
    """Refuse an answer of `agent` who has seen the conversation as it was at `since`.

    Raises:
        ConflictError: the customer or a colleague has written since (`unseen`).
    """
    if conn.all(_HOT, interaction=interaction, thread=thread or "", agent=agent, since=since):
        text = "somebody has written in this conversation meanwhile"
        raise ConflictError(text, code="unseen", field="seen")


def newer(conn: Connection, interaction: str, agent: str, since: datetime) -> list[dict[str, Any]]:
    """Return what the customer and colleagues have written since, oldest first, as MessageViews."""
    thread = conn.execute(select(s.interaction.c.thread_id).where(s.interaction.c.id == interaction)).scalar()
    values: Mapping[str, Any] = {"interaction": interaction, "thread": thread or "", "agent": agent, "since": since}
    ids = list(conn.execute(_NEWER, values).scalars())
    return [messages.get(conn, ident) for ident in reversed(ids)]

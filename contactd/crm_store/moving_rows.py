"""Messages that move from one turn to another: a conversation is parted, or two become one.

A message keeps its id, its time and its files; `moved` among its facts names the turn it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from contactd.core.errors import ConflictError, NotFoundError
from contactd.core.interaction import Direction
from contactd.core.message import NewMessage
from contactd.crm_store import schema as s
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.participants import MARK
from contactd.crm_store.write_conn import WriteConn

MOVED = "moved"


def first_of(conn: WriteConn, interaction: str, messages: Sequence[str]) -> tuple[NewMessage, bool]:
    """Return the first of some messages of a turn, without its files, and whether its sender is unverified.

    Raises:
        NotFoundError: one of them is not there, or none came in.
        ConflictError: nothing of the customer's would be left.
    """
    m = s.message
    query = select(m.c.id, m.c.direction, m.c.sender, m.c.sender_name, m.c.body_text, m.c.headers)
    rows = conn.execute(query.where(m.c.interaction_id == interaction).order_by(m.c.seq)).all()
    inbound = [row for row in rows if row.direction == Direction.INBOUND]
    taken = [row for row in inbound if row.id in messages]
    if not taken or not set(messages) <= {row.id for row in rows}:
        text = "there is no such message of the customer's"
        raise NotFoundError(text, code="unknown_message", field="messages")
    if len(taken) == len(inbound):
        text = "nothing of the customer's would be left"
        raise ConflictError(text, code="nothing_left")
    one = taken[0]
    first = NewMessage(
        direction="inbound",
        sender=one.sender,
        sender_name=one.sender_name,
        text=one.body_text,
        headers=dict(one.headers),
    )
    return first, MARK in one.headers


def of_turn(conn: WriteConn, interaction: str) -> list[str]:
    """Return the ids of a turn's messages, in their order."""
    m = s.message
    return [row.id for row in conn.execute(select(m.c.id).where(m.c.interaction_id == interaction).order_by(m.c.seq))]


def move(
    conn: WriteConn, messages: Sequence[str], *, source: str, target: str, thread: str | None, actor: str, now: datetime
) -> list[str]:
    """Move messages of one turn to the end of another; return those that moved: what moved before does not again."""
    m = s.message
    chosen = select(m.c.id, m.c.headers).where(m.c.interaction_id == source, m.c.id.in_(list(messages)))
    rows = conn.execute(chosen.order_by(m.c.seq)).all()
    last = conn.execute(select(func.max(m.c.seq)).where(m.c.interaction_id == target)).scalar()
    for seq, row in enumerate(rows, start=(last or 0) + 1):
        values = {"interaction_id": target, "thread_id": thread, "seq": seq, "headers": {**row.headers, MOVED: source}}
        conn.execute(update(m).where(m.c.id == row.id).values(values))
    moved = [row.id for row in rows]
    if moved:
        files = update(s.attachment).where(s.attachment.c.message_id.in_(moved))
        conn.execute(files.values(interaction_id=target))
        add_event(conn, source, now, "moved_out", actor, {"to": target, "messages": len(moved)})
        add_event(conn, target, now, "moved_in", actor, {"from": source, "messages": len(moved)})
    return moved


def follow(conn: WriteConn, interaction: str, parent: str, thread: str | None) -> None:
    """Let a turn whose messages moved belong to the conversation they are in now: its sender takes part there."""
    table = s.interaction
    conn.execute(update(table).where(table.c.id == interaction).values(thread_id=thread, parent_id=parent))

"""Messages that move from one turn to another: a conversation is parted, or two become one.

A message keeps its id, its time and its files; `moved` among its facts names the turn it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, update

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
        left = conn.execute(select(s.interaction.c.thread_id).where(s.interaction.c.id == source)).scalar()
        files = update(s.attachment).where(s.attachment.c.message_id.in_(moved))
        conn.execute(files.values(interaction_id=target))
        add_event(conn, source, now, "moved_out", actor, {"to": target, "messages": len(moved), "thread": left})
        add_event(conn, target, now, "moved_in", actor, {"from": source, "messages": len(moved)})
    return moved


def follow(conn: WriteConn, interaction: str, parent: str, thread: str | None) -> None:
    """Let a turn whose messages moved belong to the conversation they are in now: its sender takes part there.

    The conversation they came from leads there from now on, and so do those that led to it.
    """
    table, threads = s.interaction, s.thread
    before = conn.execute(select(table.c.thread_id).where(table.c.id == interaction)).scalar()
    conn.execute(update(table).where(table.c.id == interaction).values(thread_id=thread, parent_id=parent))
    if before is None or thread is None or before == thread:
        return
    # Turns that were emptied into this one before come along: their senders take part here, too.
    emptied = ~select(s.message.c.id).where(s.message.c.interaction_id == table.c.id).exists()
    conn.execute(update(table).where(table.c.thread_id == before, emptied).values(thread_id=thread))
    leading = or_(threads.c.id == before, threads.c.joined_into == before)
    conn.execute(update(threads).where(leading, threads.c.id != thread).values(joined_into=thread))
    conn.execute(update(threads).where(threads.c.id == thread).values(joined_into=None))


def lead_back(conn: WriteConn, messages: Sequence[str], thread: str | None) -> None:
    """Let conversations lead to the one that messages which had come from them are split off into."""
    m, event, threads = s.message, s.interaction_event, s.thread
    rows = conn.execute(select(m.c.headers, m.c.thread_id).where(m.c.id.in_(list(messages))))
    came = {(row.headers[MOVED], row.thread_id) for row in rows if MOVED in row.headers}
    for source, now_in in sorted(came):
        query = select(event.c.data).where(event.c.interaction_id == source, event.c.type == "moved_out")
        told = conn.execute(query.order_by(event.c.seq.desc()).limit(1)).scalar() or {}
        led = (threads.c.id == told.get("thread"), threads.c.joined_into == now_in)
        conn.execute(update(threads).where(*led).values(joined_into=thread))

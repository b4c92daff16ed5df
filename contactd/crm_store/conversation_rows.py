"""Which conversation something that came in belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from contactd.core.channel import Content
from contactd.crm_store import participants
from contactd.crm_store import schema as s
from contactd.crm_store.participants import Part
from contactd.crm_store.placing import Placing
from contactd.crm_store.statements import hot
from contactd.crm_store.write_conn import WriteConn


@dataclass(frozen=True, slots=True)
class Talk:
    """The conversation an item belongs to."""

    thread: str
    known: bool = False
    """It has begun, and the sender takes part in it."""
    claimed: str | None = None
    """The conversation that a sender without a part in it refers to."""
    unverified: bool = False


_THREAD = hot(select(s.thread.c.id, s.thread.c.joined_into).where(s.thread.c.id == bindparam("thread")))
_THREAD_OF = hot(
    select(s.message.c.thread_id).where(
        s.message.c.provider_id == bindparam("provider"), s.message.c.thread_id.is_not(None)
    ),
)


def conversation(conn: WriteConn, new: Placing, point_id: str | None) -> Talk:
    """Return the conversation it belongs to.

    A token or a Message-ID proves that somebody has seen a mail of the conversation, not that they take part in it: whoever
    does not begins a conversation of their own, which tells what it refers to.
    """
    claimed = None
    for thread in _named(conn, new.content):
        has = participants.part(conn, thread, point_id, new.content.sender)
        if has is Part.FULL and new.content.doubted is not None:
            # They take part; whether it is they who wrote this is the question.
            has = Part.NONE
        if has is not Part.NONE:
            return Talk(thread, known=True, unverified=has is Part.STRANGER)
        claimed = claimed or thread
    return Talk(new.new_ids["thread"], claimed=claimed, unverified=claimed is not None)


def _named(conn: WriteConn, content: Content) -> Iterator[str]:
    """Go through the conversations that an item refers to: by token, then by its references, the newest first.

    One that was joined with another stands behind the other: an answer to its old mails belongs to the turn that goes on.  What
    the references say comes before a joined token, since a message that was split off again has taken its own with it.
    """
    token = conn.one(_THREAD, thread=content.thread_token) if content.thread_token is not None else None
    if token is not None and token.joined_into is None:
        yield token.id
    for reference in reversed(content.references):
        row = conn.one(_THREAD_OF, provider=reference)
        if row is not None:
            yield from _living(conn.one(_THREAD, thread=row.thread_id), row.thread_id)
    if token is not None and token.joined_into is not None:
        yield from _living(token, token.id)


def _living(thread: Any, named: str) -> Iterator[str]:
    if thread is not None and thread.joined_into is not None:
        yield thread.joined_into
    yield named

"""The units of talk: messages and their attachments, in the order the writer gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update

from contactd.clock import rfc3339
from contactd.core.interaction import Direction
from contactd.crm_store import schema as s
from contactd.crm_store.later import Later
from contactd.crm_store.message_facts import facts, held
from contactd.crm_store.participants import MARK
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """A message ready to be stored: its blobs lie in the blob store, its ids are made."""

    id: str
    direction: str
    sender: str
    sender_name: str
    subject: str
    text: str
    html: str | None
    html_blob: str | None
    """The HTML itself, or the name of the blob it is."""
    provider_id: str | None
    client_id: str | None
    delivery_state: str | None
    sent_at: datetime | None
    recipients: tuple[tuple[str, str, str], ...]
    headers: Mapping[str, str]
    send_at: datetime | None = None
    """When it leaves, where that is not at once; kept by the outbox."""
    attachments: tuple[Mapping[str, Any], ...]
    """Rows without message, interaction and time: id, blob, name, media_type, size, page, inline, content_id."""


_NEXT_SEQ = (
    select(func.coalesce(func.max(s.message.c.seq), 0) + 1)
    .where(s.message.c.interaction_id == bindparam("b_interaction"))
    .scalar_subquery()
)
_NEW_MESSAGE = hot(insert(s.message).values(seq=_NEXT_SEQ).returning(s.message.c.seq), *s.message.c.keys())
_FIRST_MESSAGE = hot(insert(s.message))
_NEW_ATTACHMENT = hot(insert(s.attachment))
_BY_CLIENT = hot(
    select(s.message.c.id, s.message.c.seq, s.message.c.at).where(
        s.message.c.interaction_id == bindparam("interaction"),
        # The first line of a conversation came with it, and has its client's id as any message has its sender's.
        or_(
            s.message.c.client_id == bindparam("client"),
            and_(s.message.c.provider_id == bindparam("client"), s.message.c.direction == str(Direction.INBOUND)),
        ),
    ),
)
_STATE = hot(
    select(
        s.interaction.c.state,
        s.interaction.c.agent,
        s.interaction.c.thread_id,
        s.interaction.c.live,
    ).where(s.interaction.c.id == bindparam("interaction")),
)
_THREAD_LAST = hot(
    update(s.thread).where(s.thread.c.id == bindparam("b_thread")).values(last_at=bindparam("b_at")),
)
_DELIVERED = hot(
    update(s.message).where(s.message.c.id == bindparam("b_id")).values(delivery_state=bindparam("b_state")),
)


def state_of(conn: WriteConn, interaction: str) -> Any:
    """Return an interaction's state, agent, thread_id and live, or None."""
    return conn.one(_STATE, interaction=interaction)


def said_before(conn: WriteConn, interaction: str, client_id: str) -> Any:
    """Return id, seq and at of the message that was stored under a client's own id, or None."""
    return conn.one(_BY_CLIENT, interaction=interaction, client=client_id)


def add_message(
    conn: WriteConn,
    interaction: str,
    thread: str | None,
    new: Saying,
    now: datetime,
    *,
    begun: bool = False,
) -> Mapping[str, Any]:
    """Append a message to an interaction; return its MessageView.  `begun`: the thread was made at this moment."""
    row = conn.one(_NEW_MESSAGE, b_interaction=interaction, **_row(interaction, thread, new, now))
    for attachment in _files(interaction, new, now):
        conn.run(_NEW_ATTACHMENT, **attachment)
    if thread is not None and not begun:
        conn.run(_THREAD_LAST, b_thread=thread, b_at=now)
    return _view(interaction, row.seq, new, now)


def first_messages(
    later: Later,
    interaction: str,
    thread: str,
    sayings: Sequence[Saying],
    now: datetime,
    *,
    begun: bool,
) -> tuple[Mapping[str, Any], ...]:
    """Let the first messages of an interaction wait to be written; return their MessageViews.  `begun`: as `add_message`."""
    for seq, new in enumerate(sayings, 1):
        later.add(_FIRST_MESSAGE, seq=seq, **_row(interaction, thread, new, now))
        for attachment in _files(interaction, new, now):
            later.add(_NEW_ATTACHMENT, **attachment)
    if not begun:
        later.add(_THREAD_LAST, b_thread=thread, b_at=now)
    return tuple(_view(interaction, seq, new, now) for seq, new in enumerate(sayings, 1))


def _row(interaction: str, thread: str | None, new: Saying, now: datetime) -> dict[str, Any]:
    """Make a message's row, without its number."""
    return {
        "id": new.id,
        "interaction_id": interaction,
        "thread_id": thread,
        "direction": new.direction,
        "sender": new.sender,
        "sender_name": new.sender_name,
        "subject": new.subject,
        "body_text": new.text,
        "body_html": new.html,
        "body_html_blob": new.html_blob,
        "provider_id": new.provider_id,
        "client_id": new.client_id,
        "delivery_state": new.delivery_state,
        "sent_at": new.sent_at,
        "at": now,
        "recipients": new.recipients,
        "headers": dict(new.headers),
    }


def _files(interaction: str, new: Saying, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the rows of a message's attachments."""
    for n, attachment in enumerate(new.attachments):
        yield {"message_id": new.id, "interaction_id": interaction, "n": n, "at": now, **attachment}


def delivered(conn: WriteConn, message: str, state: str) -> None:
    """Write what became of an outgoing message."""
    conn.run(_DELIVERED, b_id=message, b_state=state)


def _view(interaction: str, seq: int, new: Saying, now: datetime) -> Mapping[str, Any]:
    return {
        "id": new.id,
        "interaction": interaction,
        "seq": seq,
        "at": rfc3339(now),
        "direction": new.direction,
        "sender": new.sender,
        "sender_name": new.sender_name,
        "subject": new.subject,
        "text": new.text,
        "has_html": new.html is not None or new.html_blob is not None,
        "attachments": [
            {
                "id": one["id"],
                "name": one["name"],
                "media_type": one["media_type"],
                "size": one["size"],
                "page": one["page"],
                "inline": one["inline"],
                "url": f"/files/{one['id']}",
                "held": held(one["scan_state"]),
            }
            for one in new.attachments
        ],
        "delivery_state": new.delivery_state,
        "send_at": rfc3339(new.send_at) if new.send_at else None,
        "delivery_detail": "",
        "fates": [],
        **facts(new.headers),
        "provider_id": new.provider_id,
        "recipients": [{"role": role, "name": name, "address": address} for role, name, address in new.recipients],
        "client_id": new.client_id,
        "unverified": MARK in new.headers,
    }

"""Reading messages and attachments, shaped as docs/wire.md says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, or_, select

from contactd.clock import rfc3339
from contactd.core.errors import NotFoundError
from contactd.core.interaction import Direction
from contactd.crm_store import fate_rows, outbox_reads
from contactd.crm_store import schema as s
from contactd.crm_store.message_facts import facts, held
from contactd.crm_store.participants import MARK

MAX_PAGE = 500
SHOWN = (
    *(column for column in s.message.c if column.name not in {"body_html", "body_html_blob"}),
    or_(s.message.c.body_html.is_not(None), s.message.c.body_html_blob.is_not(None)).label("has_html"),
)
"""What a view is made of: a conversation is shown without loading anybody's HTML."""


def of_interaction(conn: Connection, ident: str, *, after_seq: int = 0, limit: int = MAX_PAGE) -> list[dict[str, Any]]:
    """Return an interaction's messages behind `after_seq`, oldest first, at most `limit`."""
    query = (
        select(*SHOWN)
        .where(s.message.c.interaction_id == ident, s.message.c.seq > after_seq)
        .order_by(s.message.c.seq)
        .limit(min(limit, MAX_PAGE))
    )
    return views(conn, list(conn.execute(query)))


def last_words(conn: Connection, ident: str, count: int) -> str:
    """Return what the customer wrote last in an interaction, and what it is about: what knowledge is suggested by."""
    table = s.message
    mine = (table.c.interaction_id == ident, table.c.direction != Direction.OUTBOUND)
    rows = conn.execute(
        select(table.c.body_text, table.c.quoted_offset).where(*mine).order_by(table.c.seq.desc()).limit(count)
    )
    subject = conn.execute(select(s.interaction.c.subject).where(s.interaction.c.id == ident)).scalar() or ""
    said = [row.body_text[: row.quoted_offset] if row.quoted_offset else row.body_text for row in rows]
    return "\n".join([subject, *reversed(said)])


def of_thread(conn: Connection, thread: str, *, limit: int = 100) -> list[dict[str, Any]]:
    """Return the newest messages of a conversation over all its turns, oldest first."""
    query = (
        select(*SHOWN)
        .where(s.message.c.thread_id == thread)
        .order_by(s.message.c.at.desc(), s.message.c.id.desc())
        .limit(min(limit, MAX_PAGE))
    )
    return views(conn, list(reversed(conn.execute(query).all())))


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return one message as a MessageView.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(*SHOWN).where(s.message.c.id == ident)).first()
    if row is None:
        message = "there is no such message"
        raise NotFoundError(message)
    return views(conn, [row])[0]


def html(conn: Connection, ident: str) -> tuple[str | None, str | None]:
    """Return a message's HTML as it came: the text itself, or the name of the blob it is; (None, None) without any.

    Raises:
        NotFoundError: there is no such message.
    """
    query = select(s.message.c.body_html, s.message.c.body_html_blob).where(s.message.c.id == ident)
    row = conn.execute(query).first()
    if row is None:
        message = "there is no such message"
        raise NotFoundError(message)
    return row.body_html, row.body_html_blob


def attachment(conn: Connection, ident: str) -> dict[str, Any]:
    """Return an attachment's row (`blob, name, media_type, size, page, inline, content_id, interaction_id …`).

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(s.attachment).where(s.attachment.c.id == ident)).first()
    if row is None:
        message = "there is no such file"
        raise NotFoundError(message)
    return row._asdict()


def provider_ids(conn: Connection, thread: str, *, limit: int = 50) -> list[str]:
    """Return the Message-IDs of a conversation, oldest first: what a reply's References are made of."""
    query = (
        select(s.message.c.provider_id)
        .where(s.message.c.thread_id == thread, s.message.c.provider_id.is_not(None))
        .order_by(s.message.c.at.desc(), s.message.c.id.desc())
        .limit(limit)
    )
    return [row.provider_id for row in conn.execute(query)][::-1]


def views(conn: Connection, rows: list[Any]) -> list[dict[str, Any]]:
    """Shape message rows as MessageViews."""
    files = attachments(conn, (row.id for row in rows))
    sent = [row.id for row in rows if row.direction == Direction.OUTBOUND]
    fates, ways = fate_rows.of_messages(conn, sent), outbox_reads.of_messages(conn, sent)
    return [
        {
            "id": row.id,
            "interaction": row.interaction_id,
            "seq": row.seq,
            "at": rfc3339(row.at),
            "sent_at": rfc3339(row.sent_at) if row.sent_at else None,
            "direction": row.direction,
            "sender": row.sender,
            "sender_name": row.sender_name,
            "subject": row.subject,
            "text": row.body_text,
            "has_html": bool(row.has_html),
            "attachments": files.get(row.id, []),
            "delivery_state": row.delivery_state,
            **ways.get(row.id, outbox_reads.NO_WAY),
            "fates": fates.get(row.id, []),
            **facts(row.headers),
            "provider_id": row.provider_id,
            "recipients": [{"role": role, "name": name, "address": address} for role, name, address in row.recipients],
            "client_id": row.client_id,
            "unverified": MARK in row.headers,
        }
        for row in rows
    ]


def attachments(conn: Connection, messages: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return message → its attachments as the wire shows them, in order."""
    found: dict[str, list[dict[str, Any]]] = {}
    wanted = list(messages)
    if not wanted:
        return found
    file = s.attachment
    for row in conn.execute(select(file).where(file.c.message_id.in_(wanted)).order_by(file.c.n, file.c.id)):
        found.setdefault(row.message_id, []).append(
            {
                "id": row.id,
                "name": row.name,
                "media_type": row.media_type,
                "size": row.size,
                "page": row.page,
                "inline": row.inline,
                "url": f"/files/{row.id}",
                "held": held(row.scan_state),
            },
        )
    return found

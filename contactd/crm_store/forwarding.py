"""What passing a message on needs to know: the message as it came, and its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from contactd.core.errors import NotFoundError
from contactd.crm_store import schema as s


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """A message that is passed on."""

    sender: str
    sender_name: str
    to: tuple[str, ...]
    subject: str
    at: datetime
    text: str
    files: tuple[Any, ...]
    """Rows with blob, name, media_type and size; what is held (a virus, a kind that is not let through) is not passed on."""


def forwarded(conn: Connection, interaction: str, message: str) -> Forwarded:
    """Return a message of an interaction's conversation.

    Raises:
        NotFoundError: the conversation has none such.
    """
    own = conn.execute(select(s.interaction.c.thread_id).where(s.interaction.c.id == interaction)).one()
    mine = s.message.c.interaction_id == interaction
    if own.thread_id is not None:
        mine = or_(mine, s.message.c.thread_id == own.thread_id)
    row = conn.execute(
        select(s.message).where(s.message.c.id == message, mine, s.message.c.direction != "internal")
    ).first()
    if row is None:
        text = "this conversation has no such message"
        raise NotFoundError(text, code="unknown_message", field="forward")
    file = s.attachment.c
    files = select(file.blob, file.name, file.media_type, file.size).where(
        file.message_id == message, file.page.is_(None), file.scan_state.not_like("held%")
    )
    return Forwarded(
        sender=row.sender,
        sender_name=row.sender_name,
        to=tuple(address for role, _, address in row.recipients if role in {"to", "cc"}),
        subject=row.subject,
        at=row.sent_at or row.at,
        text=row.body_text,
        files=tuple(conn.execute(files.order_by(file.n))),
    )

"""What answering a contact needs to know: its conversation so far, and where an answer goes by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from contactd.core.address import email
from contactd.core.errors import NotFoundError
from contactd.core.party import Point
from contactd.crm_store import schema as s
from contactd.crm_store.participants import known_addresses, normal

TURNS_BACK = 50
"""Turns that are gone back through, to find one whose sender takes part in the conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """What composing an answer needs to know of the conversation."""

    point: Point | None
    """To whom an answer goes, unless `reply_to` names others; None = to nobody by itself."""
    reply_to: tuple[tuple[str, str], ...]
    """(name, address) the customer asked answers to go to: only addresses that take part in the conversation."""
    sender: str
    sender_name: str
    subject: str
    references: tuple[str, ...]
    """Message-IDs of the conversation, also of mails that never came by here, oldest first."""
    recipients: tuple[tuple[str, str, str], ...]
    last_text: str
    last_at: datetime | None = None
    """When what is answered was written."""

    @property
    def to(self) -> tuple[Point, ...]:
        """Where an answer goes by itself: where the customer asked for it, else to the customer."""
        wanted = tuple(point for _, address in self.reply_to if (point := email(address)) is not None)
        return wanted or ((self.point,) if self.point is not None else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What a contact is, as far as a letter of ours needs to know."""

    id: str
    channel: str
    line: str | None
    thread: str | None
    unverified: bool


def contact(conn: Connection, interaction: str) -> Contact:
    """Return what a contact is.

    Raises:
        NotFoundError: there is none.
    """
    table = s.interaction
    query = select(table.c.id, table.c.channel, table.c.line, table.c.thread_id, table.c.unverified)
    row = conn.execute(query.where(table.c.id == interaction)).first()
    if row is None:
        message = "there is no such contact"
        raise NotFoundError(message)
    return Contact(id=row.id, channel=row.channel, line=row.line, thread=row.thread_id, unverified=row.unverified)


def answering(conn: Connection, interaction: str) -> Answering:
    """Return what an answer in this interaction refers to: its whole conversation, oldest first.

    When the sender is unverified, an answer goes to those whose conversation it claims to be.
    """
    own = conn.execute(
        select(s.interaction, s.thread.c.subject.label("thread_subject"))
        .outerjoin(s.thread, s.thread.c.id == s.interaction.c.thread_id)
        .where(s.interaction.c.id == interaction),
    ).one()
    messages = _messages(conn, own)
    last = next((one for one in reversed(messages) if one.direction == "inbound" and "bounce" not in one.headers), None)
    recipients = tuple((role, name, address) for role, name, address in (last.recipients if last else ()))
    found = Answering(
        point=_point(conn, own.contact_point_id),
        reply_to=_reply_to(conn, own, recipients),
        sender=last.sender if last else own.raw_from,
        sender_name=last.sender_name if last else own.from_name,
        subject=own.subject or own.thread_subject or "",
        references=_references(messages),
        recipients=recipients,
        last_text=_text(conn, last.id) if last else "",
        last_at=(last.sent_at or last.at) if last else None,
    )
    return _away_from_stranger(conn, own.parent_id, found) if own.unverified else found


def _away_from_stranger(conn: Connection, parent: str | None, found: Answering) -> Answering:
    """Turn an answer to a stranger towards the conversation the stranger named."""
    for _ in range(TURNS_BACK):
        row = conn.execute(
            select(s.interaction.c.unverified, s.interaction.c.parent_id).where(s.interaction.c.id == parent),
        ).first()
        if row is None:
            break
        if not row.unverified:
            told = answering(conn, str(parent))
            return replace(
                found, point=told.point, reply_to=told.reply_to, sender=told.sender, sender_name=told.sender_name
            )
        parent = row.parent_id
    return replace(found, point=None, reply_to=())


def _reply_to(conn: Connection, own: Any, recipients: Sequence[tuple[str, str, str]]) -> tuple[tuple[str, str], ...]:
    """Return where the last mail asks answers to go, as far as the conversation knows those addresses.

    A From can be forged: with a Reply-To of its own, a mail could lead a conversation's answers away.
    """
    wanted = [(name, address) for role, name, address in recipients if role == "reply_to"]
    if not wanted or own.thread_id is None:
        return tuple(wanted)
    known = known_addresses(conn, own.thread_id)
    return tuple((name, address) for name, address in wanted if normal(address) in known)


def _messages(conn: Connection, own: Any) -> list[Any]:
    """Return the newest messages of the conversation, oldest first."""
    mine = s.message.c.interaction_id == own.id
    if own.thread_id is not None:
        mine = or_(mine, s.message.c.thread_id == own.thread_id)
    newest = conn.execute(
        select(
            s.message.c.id,
            s.message.c.direction,
            s.message.c.sender,
            s.message.c.sender_name,
            s.message.c.provider_id,
            s.message.c.recipients,
            s.message.c.headers,
            s.message.c.sent_at,
            s.message.c.at,
        )
        .where(mine, s.message.c.direction != "internal")
        .order_by(s.message.c.at.desc(), s.message.c.seq.desc())
        .limit(50),
    )
    return list(newest)[::-1]


def _text(conn: Connection, message: str) -> str:
    """Return what a message says: of one only, since each may be long."""
    return str(conn.execute(select(s.message.c.body_text).where(s.message.c.id == message)).scalar_one())


def _references(messages: Sequence[Any]) -> tuple[str, ...]:
    """Return the ids of a conversation, oldest first, each message's own after those it names (RFC 5322, 3.6.4)."""
    ids = [each for one in messages for each in (*str(one.headers.get("references", "")).split(), one.provider_id)]
    return tuple(dict.fromkeys(filter(None, reversed(ids))))[::-1]


def _point(conn: Connection, ident: str | None) -> Point | None:
    row = conn.execute(select(s.contact_point).where(s.contact_point.c.id == ident)).first()
    return None if row is None else read_point(row)


def read_point(row: Any) -> Point:
    """Return a row of `contact_point` as what it is."""
    return Point(
        kind=row.kind,
        value=row.value_norm,
        raw=row.value_raw,
        ext=row.ext,
        namespace=row.namespace,
        display=row.display,
        shared=bool(row.shared),
    )

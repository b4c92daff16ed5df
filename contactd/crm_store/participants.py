"""Who takes part in a conversation: whoever holds its token or a Message-ID of it is not yet one of those who talk in it.

A sender takes part who wrote a turn of the conversation, or to whom we wrote in it.  Anybody else is unverified.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from sqlalchemy import Connection, bindparam, select

from contactd.core.address import email
from contactd.core.interaction import Direction
from contactd.core.party import Point
from contactd.crm_store import schema as s
from contactd.crm_store.message_facts import forged
from contactd.crm_store.statements import hot
from contactd.crm_store.write_conn import WriteConn

MARK = "unverified"
"""Fact kept with a message whose sender holds a reference to a conversation without taking part in it."""
OURS = 200
"""Messages of ours, the newest, in which a recipient is looked for."""

_TURNS_OF = hot(
    select(s.interaction.c.unverified)
    .where(s.interaction.c.thread_id == bindparam("thread"), s.interaction.c.contact_point_id == bindparam("point"))
    .order_by(s.interaction.c.unverified)
    .limit(1),
)
_ours = (
    select(s.message.c.recipients)
    .where(s.message.c.thread_id == bindparam("thread"), s.message.c.direction == Direction.OUTBOUND)
    .order_by(s.message.c.at.desc())
    .limit(OURS)
)
_OURS = hot(_ours)


class Part(Enum):
    """What part a sender has in a conversation."""

    NONE = "none"
    STRANGER = "stranger"
    """It is this sender's own, begun with a reference to a conversation they have no part in."""
    FULL = "full"


def part(conn: WriteConn, thread: str, point_id: str | None, point: Point | None) -> Part:
    """Say what part the sender behind a contact point has in a conversation."""
    if point is None or point_id is None:
        return Part.NONE
    turn = conn.one(_TURNS_OF, thread=thread, point=point_id)
    if turn is not None and not turn.unverified:
        return Part.FULL
    if point.value in _addresses(row.recipients for row in conn.all(_OURS, thread=thread)):
        return Part.FULL
    return Part.NONE if turn is None else Part.STRANGER


def known_addresses(conn: Connection, thread: str) -> set[str]:
    """Return every address that answers in a conversation may go to by themselves: of those who take part in it.

    What the message that began it names as its Reply-To counts as its sender's own, unless the sender is probably forged.
    """
    ours = conn.execute(_ours, {"thread": thread})
    found = _addresses(row.recipients for row in ours)
    points = conn.execute(
        select(s.contact_point.c.value_norm)
        .join(s.interaction, s.interaction.c.contact_point_id == s.contact_point.c.id)
        .where(s.interaction.c.thread_id == thread, s.interaction.c.unverified.is_(False))
        .distinct(),
    )
    found |= {row.value_norm for row in points}
    first = conn.execute(
        select(s.message.c.recipients, s.message.c.direction, s.message.c.headers)
        .where(s.message.c.thread_id == thread, s.message.c.direction != Direction.INTERNAL)
        .order_by(s.message.c.at, s.message.c.seq)
        .limit(1),
    ).first()
    if first is not None and first.direction == Direction.INBOUND and not forged(first.headers):
        found |= _addresses([[one for one in first.recipients if one[0] == "reply_to"]])
    return found


def normal(address: str) -> str:
    """Return an address as it is compared."""
    point = email(address)
    return address if point is None else point.value


def _addresses(messages: Iterable[Iterable[Any]]) -> set[str]:
    return {normal(address) for recipients in messages for _role, _name, address in recipients}

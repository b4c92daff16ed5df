"""What an agent wrote on its way to a channel: whom it goes to, where it comes from, and the row in which it waits to leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contactd.core.address import email, phone_point
from contactd.core.channel import Composed, Draft
from contactd.core.errors import BadRequestError
from contactd.core.message import NewAttachment
from contactd.core.party import Point
from contactd.crm_store.answering import Answering
from contactd.desk.book import Entry
from contactd.desk.desk import Desk

INLINE = 256 * 1024


def make_draft(
    desk: Desk,
    entry: Entry,
    agent: str,
    message: str,
    data: Mapping[str, Any],
    files: tuple[NewAttachment, ...],
    told: Answering,
) -> Draft:
    """Return what `agent` wrote (`data` of interaction.send) as the channel composes it.

    Raises:
        BadRequestError: an address is none.
    """
    line = desk.rules.policy.lines.get(entry.line)
    return Draft(
        interaction=entry.id,
        thread=entry.thread or entry.id,
        message=message,
        line=entry.line,
        agent=agent,
        agent_name=desk.roster.name(agent),
        at=desk.clock.now(),
        text=data["text"],
        html=data.get("html"),
        attachments=files,
        to=_recipients(data.get("to"), told),
        subject=data.get("subject") or told.subject,
        references=told.references,
        options={
            "cc": list(data.get("cc") or ()),
            "bcc": list(data.get("bcc") or ()),
            "from": line.from_address if line is not None else "",
            "recipient": entry.recipient,
            "language": entry.language,
            "quoted": told.last_text,
            "quoted_from": told.sender_name or told.sender,
            "to_name": told.sender_name,
        },
    )


async def outbox_row(
    desk: Desk,
    channel: str,
    interaction: str,
    message: str,
    composed: Composed,
    *,
    agent: str | None = None,
    send_at: datetime | None = None,
) -> Mapping[str, Any]:
    """Make the outbox row of a message; a large one lies in the blob store before the row names it.

    `send_at`: when it leaves, where that is not at once.
    """
    now = desk.clock.now()
    small = len(composed.payload) <= INLINE
    return {
        "id": desk.idents.new(),
        "interaction_id": interaction,
        "message_id": message,
        "channel": channel,
        "payload": composed.payload if small else None,
        "payload_blob": None if small else await desk.blobs.store(composed.payload),
        "meta": dict(composed.meta),
        "next_at": send_at or now,
        "due_at": send_at,
        "provider_id": composed.provider_id,
        "created_at": now,
        "destination": str(composed.meta.get("destination", "")),
        "agent": agent,
    }


def _recipients(given: Sequence[str] | None, told: Answering) -> tuple[Point, ...]:
    """Return whom the message goes to: those the agent named, else where answers go by themselves."""
    return tuple(read_point(text, "to") for text in given) if given else told.to


def read_point(text: str, where: str) -> Point:
    """Read an address an agent typed: e-mail, or a telephone number.

    Raises:
        BadRequestError: it is neither; `where` names the field.
    """
    point = email(text) if "@" in text else phone_point(text)
    if point is None:
        message = "this is no address"
        raise BadRequestError(message, code="bad_address", field=where)
    return point

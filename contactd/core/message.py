"""What people said to each other: messages and their attachments, as channels hand them in and out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from contactd.core.packed import packed


@packed()
@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttachment:
    """A file that came with a message, or goes out with one."""

    name: str
    """File name as data only: never a path."""
    media_type: str
    data: bytes
    content_id: str | None = None
    inline: bool = False
    page: int | None = None
    """For page images of a fax: which page, from 1."""
    scan_state: str = "unscanned"
    """unscanned | clean | held_virus | held_type | held_unscanned: what is held only a supervisor may save."""


@packed("sent_at")
@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """One message to be stored with an interaction."""

    direction: str
    """inbound | outbound | internal"""
    sender: str
    """Address or visitor id as shown; for agents their id."""
    text: str
    sender_name: str = ""
    html: str | None = None
    """As it came: it is sanitised when it is shown."""
    sent_at: datetime | None = None
    provider_id: str | None = None
    """Message-ID, fax job, client id: unique in its conversation."""
    attachments: tuple[NewAttachment, ...] = ()
    recipients: tuple[tuple[str, str, str], ...] = ()
    """(role to|cc|bcc|reply_to, name, address)."""
    headers: dict[str, str] = field(default_factory=dict)
    """Few facts about it worth keeping: auto, list, spam …"""

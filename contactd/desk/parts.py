"""Bytes of a message on their way into the store: pages, files and HTML go to the blob store before the row that names them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from contactd.core.channel import Content
from contactd.core.message import NewAttachment, NewMessage
from contactd.crm_store.message_rows import Saying
from contactd.desk.idents import Idents

INLINE_HTML = 64 * 1024
"""Characters of HTML up to which it lies in its message's row; a file would cost two fsyncs."""


class Blobs(Protocol):
    """The blob store as the desk needs it."""

    async def store(self, data: bytes) -> str:
        """Keep `data`, fsynced; return its name."""
        ...

    async def load(self, name: str) -> bytes:
        """Return what is kept under `name`."""
        ...


class Parts:
    """Makes messages ready to be stored."""

    def __init__(self, blobs: Blobs, idents: Idents) -> None:
        """Keep bytes in `blobs`."""
        self._blobs = blobs
        self._idents = idents

    async def sayings(self, content: Content) -> tuple[Saying, ...]:
        """Store the bytes of all messages of `content`; return the messages ready for a unit."""
        return tuple([await self.saying(message, content.subject) for message in content.messages])

    async def saying(
        self,
        message: NewMessage,
        subject: str = "",
        *,
        message_id: str | None = None,
        client_id: str | None = None,
        live: bool = False,
    ) -> Saying:
        """Store the bytes of one message; return it ready for a unit.

        `live`: what an agent says is there at once; else it waits in the outbox.
        """
        html = message.html or None
        blob = await self._blobs.store(html.encode()) if html is not None and len(html) > INLINE_HTML else None
        files = await asyncio.gather(*(self._file(one) for one in message.attachments))
        outbound = message.direction == "outbound"
        return Saying(
            id=message_id or self._idents.new(),
            direction=message.direction,
            sender=message.sender,
            sender_name=message.sender_name,
            subject=subject,
            text=message.text,
            html=html if blob is None else None,
            html_blob=blob,
            provider_id=message.provider_id,
            client_id=client_id,
            delivery_state=("sent" if live else "queued") if outbound else None,
            sent_at=message.sent_at,
            recipients=message.recipients,
            headers=message.headers,
            attachments=tuple(files),
        )

    async def _file(self, new: NewAttachment) -> Mapping[str, Any]:
        return {
            "id": self._idents.new(),
            "blob": await self._blobs.store(new.data),
            "name": new.name,
            "media_type": new.media_type,
            "size": len(new.data),
            "page": new.page,
            "inline": new.inline,
            "content_id": new.content_id,
            "scan_state": new.scan_state,
        }

"""The demo's world outside: a mail server that takes what agents send and lays it into a folder."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class MailSink:
    """Takes every mail; each becomes a file `NNNN.eml`."""

    def __init__(self, folder: Path) -> None:
        """Keep mails in `folder`."""
        self._folder = folder
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        self._folder.mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, hostname="sink.example"), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail."""
        content: Any = envelope.content
        number = len(list(self._folder.glob("*.eml"))) + 1
        await asyncio.to_thread((self._folder / f"{number:04d}.eml").write_bytes, content)
        return "250 taken"

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

"""A mail server of the world outside: takes what contactd sends, and shows it."""

from __future__ import annotations

import asyncio
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Accepts everything; `answers` are given to the next mails instead of 250."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.answers: list[str] = []
        self._news = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, hostname="sink.example"), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answers:
            return self.answers.pop(0)
        content: Any = envelope.content
        self.mails.append(message_from_bytes(content))
        self._news.set()
        return "250 taken"

    async def wait(self, number: int = 1) -> list[Message]:
        """Wait until so many mails are there."""
        async with asyncio.timeout(30):
            while len(self.mails) < number:
                self._news.clear()
                await self._news.wait()
        return self.mails

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

"""A house of glass for the channel's tests: keeps arrivals in memory, and lets a test hold or break the commit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from contactd.clock import SystemClock
from contactd.core.channel import Arrival, Content, Receipt


class Tools:
    """Stands in for the desk at the edge of the channel."""

    def __init__(self, data_dir: Path) -> None:
        self.clock = SystemClock()
        self.data_dir = data_dir
        self.policy_lines: Callable[[], Mapping[str, Mapping[str, Any]]] = dict
        self.arrivals: list[Arrival] = []
        self.receipts: dict[tuple[str, str], Receipt] = {}
        self.open = asyncio.Event()
        self.open.set()
        self.asked = asyncio.Event()
        self.error: Exception | None = None
        self.tasks: list[asyncio.Task[None]] = []
        self.state: dict[str, Mapping[str, Any]] = {}
        self.alarms: list[tuple[str, str]] = []
        self.figures: dict[tuple[str, str], Callable[[], float]] = {}

    async def accept(self, arrival: Arrival, content: Content | None = None) -> Receipt:
        self.asked.set()
        await self.open.wait()
        if self.error is not None:
            raise self.error
        key = arrival.adapter, arrival.external_key
        if key in self.receipts:
            old = self.receipts[key]
            return Receipt(id=old.id, interaction=old.interaction, duplicate=True)
        self.arrivals.append(arrival)
        number = len(self.arrivals)
        self.receipts[key] = Receipt(id=f"r{number}", interaction=f"i{number}")
        return self.receipts[key]

    async def keep(self, key: str, value: Mapping[str, Any]) -> None:
        self.state[key] = json.loads(json.dumps(value))

    async def kept(self, key: str) -> Mapping[str, Any] | None:
        return self.state.get(key)

    def alarm(self, kind: str, detail: str) -> None:
        self.alarms.append((kind, detail))

    def figure(self, name: str, text: str, read: Callable[[], float], **labels: str) -> None:
        self.figures[name, labels.get("mailbox", "")] = read

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        self.tasks.append(asyncio.create_task(coroutine, name=name))


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for real sockets and files, with a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the far side is a real socket or file
            await asyncio.sleep(0.005)


class Client:
    """A bare SMTP client: says exactly what a test tells it to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, address: str) -> Client:
        host, _, port = address.rpartition(":")
        return cls(*await asyncio.open_connection(host.strip("[]"), int(port)))

    async def answer(self) -> str:
        """Return the next whole answer."""
        lines = []
        while True:
            line = await asyncio.wait_for(self._reader.readline(), 30)
            lines.append(line.decode())
            if not line or line[3:4] != b"-":
                return "".join(lines)

    async def say(self, data: str | bytes) -> str:
        self.write(data)
        return await self.answer()

    def write(self, data: str | bytes) -> None:
        self._writer.write(data if isinstance(data, bytes) else f"{data}\r\n".encode())

    async def hello(self) -> str:
        await self.answer()
        return await self.say("EHLO client.example")

    async def envelope(self, *recipients: str, sender: str = "kunde@kunde.example") -> str:
        """Say MAIL, RCPT and DATA; return the last answer."""
        await self.say(f"MAIL FROM:<{sender}>")
        for recipient in recipients or ("support@example.com",):
            await self.say(f"RCPT TO:<{recipient}>")
        return await self.say("DATA")

    async def silent(self) -> bool:
        """Tell whether nothing has been said, after giving the other side every chance to."""
        for _ in range(20):
            await asyncio.sleep(0.005)
        return not self._reader._buffer

    async def closed(self) -> bool:
        return await asyncio.wait_for(self._reader.read(), 30) == b""

    def close(self) -> None:
        self._writer.close()

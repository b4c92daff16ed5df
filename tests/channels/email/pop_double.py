"""A POP3 server that only knows a script: names that go and repeat, lines without end, mails it refuses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass
class PopDouble:
    """One mailbox; the switches say how it misbehaves."""

    mails: dict[str, bytes] = field(default_factory=dict)
    """UIDL → mail, in the order the server numbers them."""
    uidls: list[str] = field(default_factory=list)
    """What it calls them instead."""
    refused: set[str] = field(default_factory=set)
    endless: set[str] = field(default_factory=set)
    """UIDLs of mails without end; `UIDL`: the list of names is."""
    said: list[str] = field(default_factory=list)
    """Commands as they came, without secrets."""
    port: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, gone = list(self.mails), set()
        writer.write(b"+OK ready\r\n")
        try:
            while line := (await reader.readline()).decode().strip():
                word, _, rest = line.partition(" ")
                self.said.append("PASS" if word == "PASS" else line)
                if word == "PASS":
                    writer.write(b"+OK in\r\n" if rest == "code" else b"-ERR [AUTH] no\r\n")
                elif word == "UIDL":
                    await self._uidl(there, writer)
                elif word == "LIST":
                    writer.write(_many(f"{n} {len(self.mails.get(name, b''))}" for n, name in enumerate(there, 1)))
                elif word == "RETR":
                    await self._retr(there[int(rest) - 1], writer)
                elif word == "DELE":
                    gone.add(there[int(rest) - 1])
                    writer.write(b"+OK\r\n")
                elif word == "QUIT":
                    for name in gone:
                        self.mails.pop(name, None)
                    writer.write(b"+OK bye\r\n")
                    break
                else:
                    writer.write(b"+OK\r\n")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _uidl(self, there: list[str], writer: asyncio.StreamWriter) -> None:
        if "UIDL" in self.endless:
            writer.write(b"+OK\r\n")
        while "UIDL" in self.endless:
            writer.write((b"1 " + b"a" * 70 + b"\r\n") * 500)
            await writer.drain()
        writer.write(_many(f"{n} {name}" for n, name in enumerate(self.uidls or there, 1)))

    async def _retr(self, name: str, writer: asyncio.StreamWriter) -> None:
        if name in self.refused or name not in self.mails:
            writer.write(b"-ERR it is broken\r\n")
            return
        writer.write(b"+OK\r\n")
        while name in self.endless:
            writer.write(b"x" * 1000 + b"\r\n")
            await writer.drain()
        lines = self.mails[name].split(b"\r\n")[:-1]
        writer.write(b"".join((b"." if one.startswith(b".") else b"") + one + b"\r\n" for one in lines) + b".\r\n")


def _many(lines: object) -> bytes:
    return "".join(["+OK\r\n", *(f"{one}\r\n" for one in lines), ".\r\n"]).encode()  # type: ignore[attr-defined]

"""Another system: its interface over HTTP as a little server that says what a test says, and contactd's side of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from contactd.crm_store import connector_dead_rows, connector_rows, parties
from contactd.crm_store.store import Store
from contactd.desk.connect.asking import Asker
from contactd.desk.connect.connecting import Connecting
from contactd.desk.connect.tending import Tending
from contactd.settings import Connector
from contactd.testing.clock import ManualClock

LOOPBACK = (ip_network("127.0.0.0/8"),)


class Side:
    """Our side, with connectors as a test names them."""

    def __init__(self, store: Store, clock: ManualClock, folder: Path) -> None:
        self.store = store
        self.clock = clock
        self.folder = folder
        self.alerts: list[tuple[str, str]] = []
        self.allow: Any = LOOPBACK

    def tending(self, **connectors: dict[str, Any]) -> Tending:
        """Begin anew, as after a start."""
        settings = {name: Connector.model_validate(options) for name, options in connectors.items()}
        connecting = Connecting(self.store, self.clock, settings, self.folder / "spool", Asker(self.allow))
        return Tending(connecting, lambda kind, detail: self.alerts.append((kind, detail)))

    async def names(self) -> list[str]:
        found, _ = await self.store.read(lambda conn: parties.listed(conn, limit=200))
        return sorted(one["name"] for one in found)

    async def left_out(self, name: str) -> list[dict[str, Any]]:
        return await self.store.read(lambda conn: connector_dead_rows.page(conn, name))

    async def state(self, name: str) -> Any:
        return (await self.store.read(connector_rows.states))[name]

    async def runs(self, name: str) -> list[dict[str, Any]]:
        return await self.store.read(lambda conn: connector_rows.runs(conn, name))


class Shop:
    """The other system: rows with a time of change, in pages."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.asked: list[tuple[dict[str, str], dict[str, str]]] = []
        """Query and headers of each request."""
        self.page = 2
        self.port = 0
        self.say: Callable[[dict[str, str]], tuple[int, bytes]] | None = None
        """Overrules the pages."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/orders"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Shop]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        query = {key: values[0] for key, values in parse_qs(urlsplit(first.split()[1]).query).items()}
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.asked.append((query, headers))
        status, body = (self.say or self._pages)(query)
        etag = f'"{len(self.rows)}"'
        if status == 200 and headers.get("if-none-match") == etag:
            status, body = 304, b""
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\netag: {etag}\r\nconnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()

    def _pages(self, query: dict[str, str]) -> tuple[int, bytes]:
        rows = [row for row in self.rows if str(row.get("changed", "")) >= query.get("since", "")]
        at = int(query.get("cursor", "0"))
        following = at + self.page
        told = {"data": {"rows": rows[at:following]}, "next": str(following) if following < len(rows) else None}
        return 200, json.dumps(told).encode()


def rest(shop: Shop, **more: Any) -> dict[str, Any]:
    """Return the settings of a connector to a shop."""
    about = {"kind": "rest", "url": shop.url, "items": "data.rows", "next": "next", "token": "Bearer s3cret"}
    return {**about, "since_parameter": "since", "since_field": "changed", **more}

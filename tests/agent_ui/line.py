"""A console at the end of an ASGI WebSocket: no network, the same application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.api.house import PASSWORD, House


class Line:
    """One socket as its client sees it."""

    def __init__(self, house: House, headers: dict[str, str], host: str) -> None:
        self._up: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._down: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.open_gate = asyncio.Event()
        self.open_gate.set()
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": "/ws/console",
            "raw_path": b"/ws/console",
            "query_string": b"",
            "root_path": "",
            "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
            "client": (host, 40000),
            "server": ("127.0.0.1", 8080),
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
            "state": {},
        }
        self._up.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(house.app(scope, self._up.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        await self.open_gate.wait()
        self._down.put_nowait(message)

    async def message(self) -> dict[str, Any]:
        """Return the next message the server sends, whatever it is."""
        return await asyncio.wait_for(self._down.get(), 30)

    async def frame(self) -> dict[str, Any]:
        """Return the next frame."""
        message = await self.message()
        assert message["type"] == "websocket.send", message
        found: dict[str, Any] = json.loads(message["text"])
        return found

    async def frames(self, count: int) -> list[dict[str, Any]]:
        return [await self.frame() for _ in range(count)]

    def text(self, text: str) -> None:
        self._up.put_nowait({"type": "websocket.receive", "text": text})

    def data(self, data: bytes) -> None:
        self._up.put_nowait({"type": "websocket.receive", "bytes": data})

    def say(self, **frame: Any) -> None:
        self.text(json.dumps(frame))

    def command(self, ident: str, name: str, **data: Any) -> None:
        self.say(type="command", id=ident, command=name, data=data)

    async def hello(self, resume: dict[str, Any] | None = None) -> dict[str, Any]:
        self.say(type="hello", protocol=1, resume=resume)
        return await self.frame()

    async def hang_up(self) -> None:
        if not self.task.done():
            self._up.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(self.task, 30)


@asynccontextmanager
async def console(house: House, who: str = "ann") -> AsyncIterator[Line]:
    """Open a console of somebody who logs in, and accept it."""
    ticket = await house.access.log_in(who, PASSWORD, ip="127.0.0.1")
    line = Line(house, {"cookie": f"contactd={ticket.secret}", "host": "127.0.0.1:8080"}, "127.0.0.1")
    assert (await line.message())["type"] == "websocket.accept"
    try:
        yield line
    finally:
        await line.hang_up()

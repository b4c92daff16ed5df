"""One visitor's connection: frames in, events out through a bounded queue."""

from __future__ import annotations

import asyncio
import contextlib
import json

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from contactd.channels.chat.wire import Event

TOO_BIG, POLICY, RESTART, OVERLOAD = 1009, 1008, 1012, 1013
"""WebSocket close codes (RFC 6455 section 7.4.1 and its registry)."""


class Socket:
    """A visitor's socket that never makes the others wait: who does not read is cut off."""

    def __init__(self, websocket: WebSocket, *, queue: int, send_s: float) -> None:
        """Wrap an accepted socket.

        Args:
            websocket: the connection.
            queue: events that may wait to be sent.
            send_s: seconds one event may take.
        """
        self.ip = websocket.client.host if websocket.client else ""
        self._websocket = websocket
        self._waiting: asyncio.Queue[Event | int] = asyncio.Queue(queue)
        self._send_s = send_s
        self.dropped = False
        self._ended = asyncio.Event()

    def send(self, event: Event) -> None:
        """Put `event` in the queue; a full queue drops the connection."""
        if self.dropped:
            return
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            self.drop()

    def drop(self) -> None:
        """Cut the connection without waiting for what is queued."""
        self.dropped = True
        self._ended.set()

    def close(self, code: int) -> None:
        """Close after what is queued has been sent."""
        try:
            self._waiting.put_nowait(code)
        except asyncio.QueueFull:
            self.drop()

    async def receive(self) -> str | None:
        """Return the next frame; None when the visitor is gone or cut off."""
        reading = asyncio.ensure_future(self._read())
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({reading, ended}, return_when=asyncio.FIRST_COMPLETED)
            return None if self._ended.is_set() else reading.result()
        finally:
            for task in (reading, ended):
                task.cancel()

    async def _read(self) -> str | None:
        """Read one text frame; a binary one is none of ours and reads as an empty text."""
        try:
            received = await self._websocket.receive()
        except (WebSocketDisconnect, RuntimeError):
            return None
        if received["type"] != "websocket.receive":
            return None
        text = received.get("text")
        return text if isinstance(text, str) else ""

    async def pump(self) -> None:
        """Send what is queued until the socket ends; run beside the reading."""
        try:
            while not self.dropped:
                event = await self._waiting.get()
                async with asyncio.timeout(self._send_s):
                    if isinstance(event, int):
                        await self._websocket.close(event)
                        break
                    await self._websocket.send_text(json.dumps(event, ensure_ascii=False, separators=(",", ":")))
        except (TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            pass
        finally:
            self.drop()

    async def finish(self) -> None:
        """Make sure that the connection is closed, however it ended."""
        self.drop()
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await self._websocket.close(OVERLOAD)

"""The HTTP listener: uvicorn on a socket of ours, without its signal handling and with bounds it does not have."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from contactd.core.errors import ConfigError

HEAD_LIMIT: Final = 64 * 1024
"""Bytes of a request's line and headers."""
HEAD_SECONDS: Final = 20.0
"""How long they may take to come."""
BODY_SECONDS: Final = 30.0
"""How long a body may take to come, whatever its size."""
BODY_RATE: Final = 1000
"""Bytes of a body that win a second more: who drips one in to hold the connection is cut off."""
FRAME_LIMIT: Final = 1024 * 1024 + 4096
"""Bytes of a WebSocket message; who serves it has narrower limits."""
LINGER: Final = 5.0
"""Seconds a closed WebSocket may take to send what is buffered; then its connection is aborted."""
HURRY: Final = 1.0
"""The same, when the server stops."""
KEEP_ALIVE: Final = 75
GRACE: Final = 3
BACKLOG: Final = 1024


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 whose heads are bounded in size and time, and whose bodies come at a bearable rate."""

    _head = 0
    _reading_head = True
    _late: asyncio.TimerHandle | None = None
    _body_due = 0.0

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._late = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, unless the head has become too large."""
        if self._reading_head:
            self._head += len(data)
            if self._late is None:
                self._late = self.loop.call_later(HEAD_SECONDS, self.transport.abort)
        super().data_received(data)
        if self._reading_head and self._head > HEAD_LIMIT:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """Note that the head is there, and begin to wait for the body."""
        self._reading_head, self._head = False, 0
        self._in_time()
        self._body_due = self.loop.time() + BODY_SECONDS
        self._late = self.loop.call_later(BODY_SECONDS, self._expect_body)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Let the body take longer for what has come of it."""
        self._body_due += len(body) / BODY_RATE
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the next head may come."""
        self._reading_head = True
        self._in_time()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket."""
        self._in_time()
        super().handle_websocket_upgrade()

    def _expect_body(self) -> None:
        """End the connection of a body that is late; while we do not read, it is not the client who is slow."""
        now = self.loop.time()
        if self.flow is not None and self.flow.read_paused:
            self._body_due = now + BODY_SECONDS
        if self._body_due <= now:
            self.transport.abort()
        else:
            self._late = self.loop.call_later(self._body_due - now, self._expect_body)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class LingeringWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose connection ends soon after its application has left it, also when the peer does not read."""

    _abort: asyncio.TimerHandle | None = None

    async def run_asgi(self) -> None:
        """Run the application, then give the peer a moment."""
        try:
            await super().run_asgi()
        finally:
            if not self.disconnected and self._abort is None:
                self._abort = self.loop.call_later(LINGER, self.transport.abort)

    def shutdown(self) -> None:
        """Say that the server goes (1012), and wait for nobody who does not read."""
        super().shutdown()
        if self._abort is None:
            self._abort = self.loop.call_later(HURRY, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to abort."""
        if self._abort is not None:
            self._abort.cancel()
            self._abort = None
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    """Uvicorn's server; signals are the application's own business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: uvicorn would raise them again at its end, and the process would die undrained."""
        yield


class Listener:
    """One HTTP port."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        """Bind now, so that the address is known and a taken port is an error at once; serve after `start`.

        Raises:
            ConfigError: the address cannot be used.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            message = f"cannot listen on {host}:{port}: {error.strerror}"
            raise ConfigError(message, field="http.port") from error
        self._socket.settimeout(0)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            http=BoundedHttp,
            ws=LingeringWebSocket,
            ws_max_size=FRAME_LIMIT,
            ws_per_message_deflate=False,
            lifespan="off",
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Return the bound address as `host:port`."""
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def start(self) -> str:
        """Serve; return the bound address."""
        address = self.address
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="http")
        while not self._server.started:
            if self._task.done():
                await self._task
                break
            await asyncio.sleep(0.005)
        return address

    def close(self) -> None:
        """Take no new connections; those that are open go on."""
        for server in getattr(self._server, "servers", ()):
            server.close()

    async def stop(self) -> None:
        """Close WebSockets with 1012, let requests end for some seconds, and end."""
        self._server.should_exit = True
        if self._task is None:
            self._socket.close()
            return
        await self._task
        self._task = None

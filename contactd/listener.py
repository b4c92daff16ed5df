"""The HTTP listener: uvicorn on a socket of ours, without its signal handling and with bounds it does not have."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from contactd.core.errors import ConfigError
from contactd.crowd import Crowd, Stage, room

HEAD_LIMIT: Final = 64 * 1024
"""Bytes of a request's line and headers."""
HEAD_SECONDS: Final = 20.0
"""How long they may take to come."""
BODY_SECONDS: Final = 30.0
"""How long a body may take to come, whatever its size."""
BODY_RATE: Final = 1000
"""Bytes of a body that win a second more: who drips one in to hold the connection is cut off."""
WRITE_SECONDS: Final = 30.0
"""How long a client may take to read enough of an answer that more can be written."""
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
    """HTTP/1.1 in bounds: how many connections, how large and late a head, how slow a body or a reader may be."""

    _head = 0
    _reading_head = True
    _late: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _body_due = 0.0

    def __init__(self, *args: Any, crowd: Crowd, **named: Any) -> None:
        """Count the connection in `crowd`."""
        super().__init__(*args, **named)
        self._crowd = crowd

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a head, if there is room."""
        super().connection_made(transport)
        if not self._crowd.enter(transport, self.client[0] if self.client else None):
            transport.abort()
            return
        self._late = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._in_time()
        self._unstuck()
        self._crowd.leave(self.transport)
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
        self._crowd.move(self.transport, Stage.BODY)
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
        answered = self.cycle is not None and self.cycle.response_complete
        self._crowd.move(self.transport, Stage.HEAD if answered else Stage.BUSY)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Note that nothing is owed to the client now."""
        if self._reading_head and not self.pipeline:
            self._crowd.move(self.transport, Stage.HEAD)
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket."""
        self._in_time()
        self._crowd.move(self.transport, Stage.BUSY)
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """Begin to wait for a client that does not read."""
        super().pause_writing()
        self._unstuck()
        self._stuck = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        self._unstuck()
        super().resume_writing()

    def _expect_body(self) -> None:
        """End the connection of a body that is late; while we do not read, it is not the client who is slow."""
        now = self.loop.time()
        if self.flow is not None and self.flow.read_paused:
            self._body_due = now + BODY_SECONDS
        if self._body_due <= now:
            self.transport.abort()
        else:
            self._late = self.loop.call_later(self._body_due - now, self._expect_body)

    def _unstuck(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class LingeringWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose connection ends soon after its application has left it, also when the peer does not read."""

    _abort: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, crowd: Crowd, **named: Any) -> None:
        """Count the connection in `crowd`."""
        super().__init__(*args, **named)
        self._crowd = crowd

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
        self._crowd.leave(self.transport)
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    """Uvicorn's server; signals are the application's own business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: uvicorn would raise them again at its end, and the process would die undrained."""
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many connections the port has, and whom it believes about where they come from."""

    connections: int = 10_000
    per_address: int = 1000
    """Not counted for `trusted`."""
    trusted: Sequence[str] = ("127.0.0.1", "::1")
    """Reverse proxies: what they say in X-Forwarded-For and X-Forwarded-Proto is believed."""


class Listener:
    """One HTTP port."""

    def __init__(self, app: Any, host: str, port: int, bounds: Bounds | None = None) -> None:
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
        # Its warnings are a line for each malformed request: whoever likes could fill the disk with them.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        bounds = bounds or Bounds()
        self.crowd = Crowd(room(bounds.connections), bounds.per_address, bounds.trusted)
        http: Any = partial(BoundedHttp, crowd=self.crowd)
        ws: Any = partial(LingeringWebSocket, crowd=self.crowd)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            http=http,
            ws=ws,
            ws_max_size=FRAME_LIMIT,
            ws_per_message_deflate=False,
            lifespan="off",
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=list(bounds.trusted),
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

"""The console's socket: `/ws/console` in Starlette's terms.  Who may open it, frames in, frames out, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Final

import structlog
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from contactd.agent_ui.console import Console
from contactd.agent_ui.hub import Hub
from contactd.clock import Clock
from contactd.core.errors import ContactdError
from contactd.desk import problem
from contactd.desk.access import Access
from contactd.desk.rights import authorize

PATH = "/ws/console"
Opened = Callable[[Collection[str]], Awaitable[Mapping[str, Mapping[str, int]]]]
"""Agents → for each, record of a customer → how sure it is who they are."""
GOODBYE: Final = 1.0
"""Seconds a peer gets to take the close frame."""
RECHECK: Final = 3.0
"""Seconds between two looks whether the connected sessions still hold."""

log = structlog.get_logger(__name__)


class ConsoleServer:
    """Serves every console of this node."""

    def __init__(self, hub: Hub, access: Access, clock: Clock, opened: Opened | None = None) -> None:
        """Serve `hub`; a session that ends closes its consoles at once; `opened`: whose data are open to agents just now."""
        self._hub = hub
        self._access = access
        self._clock = clock
        self._opened = opened
        access.listeners.append(hub.end)

    async def endpoint(self, socket: WebSocket) -> None:
        """Serve one socket from its handshake to its end."""
        try:
            client = socket.client.host if socket.client else None
            actor = await self._access.identify(socket.headers, client, unsafe=True)
            authorize(actor, "console.open")
            console = self._hub.join(actor)
        except ContactdError as error:
            refusal = JSONResponse(problem.of(error), problem.status(error), media_type=problem.MEDIA_TYPE)
            await socket.send_denial_response(refusal)
            return
        try:
            if actor.levels.asks:
                await self.look_who_is_known(actor.id)
            await socket.accept()
            await self._serve(socket, console)
        finally:
            self._hub.leave(console)

    async def keep(self) -> None:
        """Look after the consoles for ever: stuck ones, and sessions that ended elsewhere; run it as a task."""
        next_check = self._clock.monotonic() + RECHECK
        while True:
            await asyncio.sleep(1.0)
            self._hub.sweep()
            if self._clock.monotonic() >= next_check:
                next_check = self._clock.monotonic() + RECHECK
                await self._check_sessions()
                await self.look_who_is_known()

    async def look_who_is_known(self, agent: str | None = None) -> None:
        """Open to consoles, of all or of one agent, what customers have proved by now, and close what is over."""
        asking = {one: mine for one, mine in self._hub.asking().items() if agent in (None, one)}
        if not asking or self._opened is None:
            return
        try:
            found = await self._opened(list(asking))
        except ContactdError as error:
            # What is not known to be open is closed.
            log.warning("console.sureness_unknown", code=error.code)
            found = {}
        for one, consoles in asking.items():
            for console in consoles:
                console.opened = found.get(one, {})

    async def _check_sessions(self) -> None:
        try:
            ended = await self._access.ended(self._hub.actors())
        except ContactdError as error:
            log.warning("console.sessions_unchecked", code=error.code)
            return
        if ended:
            self._hub.end(lambda actor: actor.login in ended)

    async def _serve(self, socket: WebSocket, console: Console) -> None:
        """Read and write until either side ends it."""
        reader = asyncio.create_task(self._read(socket, console))
        writer = asyncio.create_task(self._write(socket, console))
        console.hang_up = writer.cancel
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone = reader.done() and not reader.cancelled()
            for task in (reader, writer):
                task.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
        if not gone:
            with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                await asyncio.wait_for(socket.close(console.closing or 1000), GOODBYE)

    async def _read(self, socket: WebSocket, console: Console) -> None:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await self._hub.receive(console, message.get("text"))

    async def _write(self, socket: WebSocket, console: Console) -> None:
        while console.closing is None:
            await console.wake.wait()
            console.wake.clear()
            while console.closing is None and (frames := console.take()):
                for frame in frames:
                    console.sending = self._clock.monotonic()
                    await socket.send({"type": "websocket.send", "text": frame})
                console.sending = None

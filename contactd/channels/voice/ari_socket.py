"""The event socket of our Stasis application: kept open for as long as we run, heard message by message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from contactd.channels.voice.ari_rest import AriRest
from contactd.core.channel import Clock, Health
from contactd.core.errors import ContactdError

log = structlog.get_logger(__name__)

_MAX_MESSAGE = 1024 * 1024
_OPEN_S = 3.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0


class AriSocket:
    """Keeps the connection, and says how it is.

    Args:
        app: name of the application.
        rest: where it is.
        clock: tells when something was heard.
        catch_up: puts the picture right after each connection, while events wait in the socket's buffer.
        event: takes one message.
        replaced: tells whether another program has taken the application over.
    """

    def __init__(
        self,
        app: str,
        rest: AriRest,
        clock: Clock,
        *,
        catch_up: Callable[[], Awaitable[None]],
        event: Callable[[Mapping[str, Any]], None],
        replaced: Callable[[], bool],
    ) -> None:
        self.health = Health(ok=False, detail="not connected yet")
        self.stopping = asyncio.Event()
        self._app = app
        self._rest = rest
        self._clock = clock
        self._catch_up = catch_up
        self._event = event
        self._replaced = replaced
        self._socket: ClientConnection | None = None

    async def close(self) -> None:
        """Leave the application; calls stay bridged."""
        self.stopping.set()
        if self._socket is not None:
            await self._socket.close()

    async def run(self) -> None:
        """Connect again and again, until we stop or are replaced."""
        pause = _FIRST_PAUSE_S
        while not self.stopping.is_set() and not self._replaced():
            try:
                async with connect(
                    self._rest.events_url(),
                    additional_headers=self._rest.basic(),
                    max_size=_MAX_MESSAGE,
                    open_timeout=_OPEN_S,
                    proxy=None,
                ) as socket:
                    self._socket = socket
                    pause = _FIRST_PAUSE_S
                    await self._listen(socket)
            except (OSError, WebSocketException, httpx.HTTPError, TimeoutError, ValueError, ContactdError) as error:
                self._down(type(error).__name__)
            finally:
                self._socket = None
            if self._replaced():
                break
            await self.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        if self._replaced():
            log.warning("voice.ari.replaced", app=self._app)
            self.health = Health(ok=False, detail="another program took the application over; restart to take it back")

    async def wait(self, seconds: float) -> None:
        """Wait, unless we stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    def _down(self, why: str) -> None:
        if self.health.ok or self.health.detail != f"not connected: {why}":
            log.warning("voice.ari.down", why=why)
        self.health = Health(ok=False, detail=f"not connected: {why}", last_progress=self.health.last_progress)

    async def _listen(self, socket: ClientConnection) -> None:
        await self._catch_up()
        log.info("voice.ari.up", app=self._app)
        self.health = Health(ok=True, last_progress=self._clock.now())
        async for message in socket:
            self._heard(message)
            if self._replaced():
                return
        if not self.stopping.is_set():
            self._down("closed by the PBX")

    def _heard(self, message: str | bytes) -> None:
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            log.warning("voice.ari.not_json", size=len(message))
            return
        if isinstance(event, Mapping):
            self.health = Health(ok=True, last_progress=self._clock.now())
            try:
                self._event(event)
            except (AttributeError, KeyError, TypeError) as error:
                # A shape no PBX we know sends must not end the listening to all others.
                log.warning("voice.ari.strange_event", error=type(error).__name__)

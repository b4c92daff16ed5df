"""Keeps a connection to a PBX's manager interface: connects, comes back after a cut, and has actions done.

A Deferred never leaves this file.  Twisted's reactor runs on the process's asyncio loop; it is installed by whoever starts the
process, before this file asks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory

from contactd.channels.voice.ami import Event
from contactd.channels.voice.ami_ask import Action, Clock, PbxSilentError
from contactd.channels.voice.ami_news import Beside
from contactd.channels.voice.ami_protocol import AmiProtocol, Listener
from contactd.channels.voice.calls import Calls
from contactd.channels.voice.options import AmiOptions
from contactd.core.errors import BadRequestError


class _Links(Factory):
    """Makes the protocol of each connection."""

    noisy = False

    def __init__(self, make: Callable[[], AmiProtocol]) -> None:
        self._make = make

    def buildProtocol(self, addr: Any) -> AmiProtocol:  # noqa: ARG002, N802 - Twisted's names
        """Return the protocol of a new connection."""
        return self._make()


class AmiClient:
    """Keeps a connection to one PBX.

    Args:
        options: where it is.
        listener: hears what is told.
        now: the time events are stamped with.
    """

    def __init__(self, options: AmiOptions, listener: Listener, now: Callable[[], datetime]) -> None:
        self.calls = Calls(options.name or options.host, ask=options.presentation == "ask")
        self.beside = Beside(self.calls)
        self._options = options
        self._listener = listener
        self._now = now
        self._service: Any = None
        self._live: AmiProtocol | None = None

    @property
    def commands(self) -> frozenset[str]:
        """Actions the account may send."""
        return self._live.commands if self._live is not None else frozenset()

    async def act(self, action: Action) -> Event:
        """Send an action; return what the PBX answered.

        Raises:
            PbxSilentError: it did not answer in time, or there is no connection.
            PbxRefusedError: it says no.
            BadRequestError: a value holds a control character.
        """
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()

        def done(found: Event | Exception) -> None:
            if answer.done():
                return
            if isinstance(found, Event):
                answer.set_result(found)
            else:
                answer.set_exception(found)

        if self._live is None:
            message = "there is no connection to the PBX"
            raise PbxSilentError(message)
        try:
            self._live.act(action, done)
        except ValueError as error:
            raise BadRequestError(str(error)) from error
        return await answer

    def _link(self, clock: Clock) -> AmiProtocol:
        self._live = AmiProtocol(self.calls, self._options, self._listener, clock, self._now, self.beside)
        return self._live

    def start(self) -> None:
        """Begin to connect, in the background, again and again."""
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one, if nobody has yet

        loop: Any = reactor
        endpoint = HostnameEndpoint(loop, self._options.host, self._options.port, timeout=5)
        links = _Links(lambda: self._link(loop))
        policy = backoffPolicy(initialDelay=0.2, maxDelay=10.0, factor=2.0)
        service: Any = ClientService
        self._service = service(endpoint, links, retryPolicy=policy)
        self._service.startService()

    async def stop(self) -> None:
        """Close the connection and come back no more."""
        if self._service is not None:
            stopped: Any = self._service.stopService()
            await stopped.asFuture(asyncio.get_running_loop())
            self._service = None

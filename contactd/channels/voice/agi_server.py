"""The FastAGI port: who is it, which line, how important?  An answer in time, or none; the dialplan goes on either way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import structlog
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from contactd.channels.voice.agi import Question, Session, Turn
from contactd.channels.voice.ami_ask import Clock
from contactd.channels.voice.legs import number
from contactd.channels.voice.options import AgiOptions
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Tools
from contactd.core.errors import ConfigError, ContactdError

log = structlog.get_logger(__name__)

IDLE_S = 5.0
"""A connection that says nothing for so long is closed."""
MAX_CONNECTIONS = 200
NOTHING: Mapping[str, str] = {"CONTACTD_FOUND": "no"}
"""Told when nobody is found, or there was no time to look."""

Ask = Callable[[Question], Awaitable[Mapping[str, str]]]


class Directory:
    """Looks up who calls.

    Args:
        tools: the house's side.
        numbers: reads callers' numbers.
        options: the section `[channels.voice.agi]`.
    """

    def __init__(self, tools: Tools, numbers: Numbers, options: AgiOptions) -> None:
        self._tools = tools
        self._numbers = numbers
        self._budget_s = options.budget_ms / 1000
        self.late = 0
        """Look-ups that were not done in time."""

    async def ask(self, question: Question) -> Mapping[str, str]:
        """Return the variables to set; `CONTACTD_FOUND` is `yes`, `several` or `no`, whatever happens."""
        return {**await self._who(question), "CONTACTD_LINE": self._tools.line_for(question.dialled)}

    async def _who(self, question: Question) -> Mapping[str, str]:
        point = self._numbers.point(number(question.caller)) if question.shown else None
        if point is None:
            return NOTHING
        try:
            async with asyncio.timeout(self._budget_s):
                known = await self._tools.lookup(point)
        except TimeoutError:
            self.late += 1
            log.warning("voice.agi.late", times=self.late)
            return NOTHING
        except ContactdError as error:
            log.warning("voice.agi.failed", code=error.code)
            return NOTHING
        if not known.candidates and known.party is None:
            return NOTHING
        party = known.party or ""
        return {
            "CONTACTD_FOUND": "yes" if party else "several",
            "CONTACTD_PARTY": party,
            "CONTACTD_VIP": str(known.vip),
        }


class AgiProtocol(TwistedProtocol):
    """One question.

    Args:
        ask: looks up; never fails.
        clock: for the time-out.
        spawn: runs a coroutine on the loop.
        gone: is told when the connection is over.
    """

    def __init__(self, ask: Ask, clock: Clock, spawn: Callable[..., None], gone: Callable[[], None]) -> None:
        self._ask = ask
        self._clock = clock
        self._spawn = spawn
        self._gone = gone
        self._session = Session()
        self._timer: Any = None

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Wait for the question, but not long."""
        self._timer = self._clock.callLater(IDLE_S, self._close)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Take received bytes."""
        question, out = self._session.feed(data)
        self._write(out)
        if question is not None:
            self._spawn(self._answer(question), "agi")

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # noqa: ARG002, N802 - Twisted's name
        """Forget it."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._session.turn = Turn.OVER
        self._gone()

    async def _answer(self, question: Question) -> None:
        self._write(self._session.answer(await self._ask(question)))

    def _write(self, data: bytes) -> None:
        transport: Any = self.transport
        if transport is None:
            return
        if data:
            transport.write(data)
        if self._session.turn is Turn.OVER:
            transport.loseConnection()

    def _close(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()


class _Doors(Factory):
    """Lets in who may ask, and not too many."""

    noisy = False

    def __init__(self, options: AgiOptions, make: Callable[[Callable[[], None]], AgiProtocol]) -> None:
        self._allowed = [ip_network(each, strict=False) for each in options.allow]
        self._make = make
        self.open = 0

    def buildProtocol(self, addr: Any) -> AgiProtocol | None:  # noqa: N802 - Twisted's name
        """Return the protocol of a new connection; None closes it."""
        who = ip_address(getattr(addr, "host", "0.0.0.0"))  # noqa: S104 - nobody's address, allowed nowhere
        if not any(who in each for each in self._allowed) or self.open >= MAX_CONNECTIONS:
            log.warning("voice.agi.turned_away", address=str(who), open=self.open)
            return None
        self.open += 1
        return self._make(self._left)

    def _left(self) -> None:
        self.open -= 1


class AgiServer:
    """Listens.

    Args:
        options: where, and for whom.
        directory: looks up.
        spawn: runs a coroutine on the loop.
    """

    def __init__(self, options: AgiOptions, directory: Directory, spawn: Callable[..., None]) -> None:
        self._options = options
        self._directory = directory
        self._spawn = spawn
        self._port: Any = None

    @property
    def address(self) -> str:
        """Where it listens: `host:port`; empty while it does not."""
        if self._port is None:
            return ""
        host = self._port.getHost()
        return f"{host.host}:{host.port}"

    def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: the port is taken.
        """
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one, if nobody has yet

        loop: Any = reactor
        doors = _Doors(self._options, lambda left: AgiProtocol(self._directory.ask, loop, self._spawn, left))
        try:
            self._port = loop.listenTCP(self._options.port, doors, interface=self._options.host)
        except CannotListenError as error:
            message = f"the FastAGI port cannot be opened: {error}"
            raise ConfigError(message, field="channels.voice.agi.port") from error

    async def stop(self) -> None:
        """Listen no more."""
        port, self._port = self._port, None
        if port is not None:
            stopped: Any = port.stopListening()
            if stopped is not None:
                await stopped.asFuture(asyncio.get_running_loop())

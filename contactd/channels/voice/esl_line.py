"""A connection to FreeSWITCH's event socket over which calls are routed: log in, subscribe, hear, order, ask for lists.

The mirror of queues (`esl_client`) has its own connection and account, which may less.  A Deferred never leaves this file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog
from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from contactd.channels.voice.ami_ask import Clock
from contactd.channels.voice.esl import Message, Session, encode
from contactd.channels.voice.options import EslOptions

log = structlog.get_logger(__name__)

LOGIN_S = 10.0
SILENCE_S = 65.0
"""A heartbeat comes every 20 seconds."""
MAX_WAITING = 1000
"""Answers waited for; a switch that owes more is gone."""
Answer = Callable[[str], None]


class Ear(Protocol):
    """Whoever is told what is heard."""

    def up(self) -> None:
        """We are logged in and hear everything."""
        ...

    def heard(self, message: Message) -> None:
        """An event came."""
        ...

    def doubt(self) -> None:
        """Another switch answers than before."""
        ...

    def down(self, why: str) -> None:
        """The connection is gone."""
        ...


class EslLine(TwistedProtocol):
    """One connection.

    Args:
        options: account.
        events: what is subscribed to.
        ear: hears what is told.
        clock: for time-outs.
        now: the time events are stamped with.
    """

    def __init__(
        self, options: EslOptions, events: Sequence[str], ear: Ear, clock: Clock, now: Callable[[], datetime]
    ) -> None:
        self._options = options
        self._events = events
        self._ear = ear
        self._clock = clock
        self._now = now
        self._session = Session()
        self._waiting: deque[Answer] = deque()
        """Who waits for an answer, in order: the switch answers one command after another."""
        self._timer: Any = None
        self._given_up = False

    # Twisted calls these.

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Wait to be asked who we are, but not long."""
        self._later(LOGIN_S, "log-in not answered")

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Take received bytes."""
        self._later(SILENCE_S, "silence")
        restarts = self._session.restarts
        for message in self._session.feed(data, self._now()):
            self._message(message)
        if self._session.restarts != restarts:
            self._ear.doubt()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # noqa: N802 - Twisted's name
        """Forget the time-out, and who waits."""
        self._cancel()
        self._waiting.clear()
        if not self._given_up:
            self._ear.down(f"connection lost: {reason.type.__name__ if reason.type else 'closed'}")

    # The conversation.

    def _message(self, message: Message) -> None:
        if message.kind == "auth/request":
            secret, user = self._options.password.get_secret_value(), self._options.username
            self._send(f"userauth {user}:{secret}" if user else f"auth {secret}", self._logged_in)
        elif message.kind in ("command/reply", "api/response"):
            if self._waiting:
                self._waiting.popleft()(message.body if message.kind == "api/response" else message.reply)
        elif message.kind == "text/rude-rejection":
            self._give_up("turned away: the switch's list of addresses (apply-inbound-acl)")
        elif message.kind == "text/disconnect-notice":
            self._give_up("the switch says goodbye")
        elif message.name:
            self._ear.heard(message)

    def _logged_in(self, reply: str) -> None:
        if not reply.startswith("+OK"):
            self._give_up("log-in refused")
            return
        self._send(f"event plain {' '.join(self._events)}", lambda _reply: self._ear.up())

    def ask(self, command: str, answer: Answer) -> None:
        """Ask for something; `answer` is called with what is said."""
        self._send(f"api {command}", answer)

    def order(self, command: str, job: str = "") -> None:
        """Have something done beside everything else; its end is told under `job`.

        Raises:
            ValueError: it holds a control character.
        """
        self._send(f"bgapi {command}", lambda _reply: None, **({"Job_UUID": job} if job else {}))

    def _send(self, command: str, answer: Answer, **headers: str) -> None:
        data = encode(command, **headers)
        if len(self._waiting) >= MAX_WAITING:
            self._give_up("answers stay away")
            return
        self._waiting.append(answer)
        transport: Any = self.transport
        if transport is not None:
            transport.write(data)

    def _later(self, seconds: float, why: str) -> None:
        self._cancel()
        self._timer = self._clock.callLater(seconds, self._give_up, why)

    def _cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _give_up(self, why: str) -> None:
        log.warning("voice.esl.given_up", why=why)
        self._given_up = True
        self._ear.down(why)
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()


class Links(Factory):
    """Makes the protocol of each connection, and keeps the one that stands."""

    noisy = False

    def __init__(self, make: Callable[[], EslLine]) -> None:
        self._make = make
        self.line: EslLine | None = None

    def buildProtocol(self, addr: Any) -> EslLine:  # noqa: ARG002, N802 - Twisted's names
        """Return the protocol of a new connection."""
        self.line = self._make()
        return self.line


def service(options: EslOptions, links: Links) -> Any:
    """Return what connects, in the background, again and again."""
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one, if nobody has yet

    loop: Any = reactor
    endpoint = HostnameEndpoint(loop, options.host, options.port, timeout=5)
    made: Any = ClientService
    return made(endpoint, links, retryPolicy=backoffPolicy(initialDelay=0.2, maxDelay=10.0, factor=2.0))

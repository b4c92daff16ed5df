"""The connection to FreeSWITCH's event socket: log in, subscribe, hear, compare, come back after a cut.

It only listens and asks for lists (`show channels`, `callcenter_config queue list`).  A Deferred never leaves this file.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from contactd.channels.voice.ami_ask import Clock
from contactd.channels.voice.ami_protocol import Listener
from contactd.channels.voice.callcenter import EVENTS, INFO, CallCenter, table
from contactd.channels.voice.esl import Message, Session, encode
from contactd.channels.voice.options import EslOptions

log = structlog.get_logger(__name__)

LOGIN_S = 10.0
LOOK_S = 60.0
"""How often the picture is compared with the switch's own lists."""
DOUBT_S = 2.0
"""How soon it is compared again when a heartbeat speaks of fewer calls than we believe in."""
SILENCE_S = 65.0
"""A heartbeat comes every 20 seconds: a switch of which nothing is heard for three is gone."""
MAX_QUEUES = 200


class EslProtocol(TwistedProtocol):
    """One connection.

    Args:
        center: the picture, which lives longer than a connection.
        options: account and names.
        listener: hears what is told.
        clock: for time-outs.
        now: the time events are stamped with.
    """

    def __init__(
        self, center: CallCenter, options: EslOptions, listener: Listener, clock: Clock, now: Callable[[], datetime]
    ) -> None:
        self._center = center
        self._options = options
        self._listener = listener
        self._clock = clock
        self._now = now
        self._session = Session()
        self._timers: dict[str, Any] = {}
        self._replies: deque[str] = deque()
        """What is waited for, in order: the switch answers one command after another."""
        self._rows: list[dict[str, str]] = []
        self._channels = ""
        self._logged_in = False
        self._given_up = False

    # Twisted calls these.

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Wait to be asked who we are, but not long."""
        self._later("login", LOGIN_S, self._give_up, "log-in not answered")

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Take received bytes."""
        self._later("silence", SILENCE_S, self._give_up, "silence")
        restarts = self._session.restarts
        for message in self._session.feed(data, self._now()):
            self._message(message)
        if self._session.restarts != restarts:
            self._look()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # noqa: N802 - Twisted's name
        """Forget every time-out."""
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        self._timers.clear()
        if not self._given_up:
            self._listener.disconnected(f"connection lost: {reason.type.__name__ if reason.type else 'closed'}")

    # The conversation.

    def _message(self, message: Message) -> None:
        if message.kind == "auth/request":
            secret, user = self._options.password.get_secret_value(), self._options.username
            self._send("auth", f"userauth {user}:{secret}" if user else f"auth {secret}")
        elif message.kind in ("command/reply", "api/response"):
            self._answered(message)
        elif message.kind == "text/rude-rejection":
            self._give_up("turned away: the switch's list of addresses (apply-inbound-acl)")
        elif message.kind == "text/disconnect-notice":
            self._give_up("the switch says goodbye")
        elif message.name == "HEARTBEAT":
            self._heartbeat(message)
        elif message.name:
            self._tell(message)

    def _tell(self, message: Message) -> None:
        facts = self._center.handle(message)
        if facts:
            self._listener.told([*facts])

    def _heartbeat(self, message: Message) -> None:
        """Doubt the picture when the switch has fewer calls than we believe in."""
        count = message.get("Session-Count")[:9]
        if count.isascii() and count.isdigit() and int(count) < self._center.expected():
            self._later("look", DOUBT_S, self._look)

    def _answered(self, message: Message) -> None:
        waited = self._replies.popleft() if self._replies else ""
        if waited == "auth":
            self._log_in(message.reply.startswith("+OK"))
        elif waited == "channels":
            self._channels = message.body
        elif waited == "queues":
            for queue in [row.get("name", "") for row in table(message.body)][:MAX_QUEUES]:
                self._ask("members", f"callcenter_config queue list members {queue}")
            self._send("end", "api status")
        elif waited == "members":
            self._rows += table(message.body)
        elif waited == "end":
            self._looked()

    def _log_in(self, right: bool) -> None:
        if not right:
            self._give_up("log-in refused")
            return
        self._cancel("login")
        self._logged_in = True
        self._send("event", f"event plain {' '.join(EVENTS)} CUSTOM {INFO}")
        self._look()

    def _look(self) -> None:
        """Ask for the whole picture: every channel, every queue, then every queue's members."""
        if not self._logged_in or "end" in self._replies or "queues" in self._replies:
            return
        self._later("look", LOOK_S, self._look)
        self._rows, self._channels = [], ""
        self._ask("channels", "show channels as json")
        self._ask("queues", "callcenter_config queue list")

    def _looked(self) -> None:
        try:
            facts = self._center.listed(self._channels, self._rows, self._now())
        except ValueError:
            log.warning("voice.esl.no_list")
            return
        if facts:
            self._listener.told([*facts])
        self._listener.connected()
        self._listener.synced(self._center.open_keys())

    # Small things.

    def _ask(self, waited: str, command: str) -> None:
        try:
            self._send(waited, f"api {command}")
        except ValueError:
            log.warning("voice.esl.strange_name")

    def _send(self, waited: str, command: str) -> None:
        data = encode(command)
        self._replies.append(waited)
        transport: Any = self.transport
        if transport is not None:
            transport.write(data)

    def _later(self, name: str, seconds: float, act: Callable[..., None], *args: Any) -> None:
        self._cancel(name)
        self._timers[name] = self._clock.callLater(seconds, act, *args)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None and timer.active():
            timer.cancel()

    def _give_up(self, why: str) -> None:
        log.warning("voice.esl.given_up", why=why)
        self._given_up = True
        self._listener.disconnected(why)
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()


class _Links(Factory):
    """Makes the protocol of each connection."""

    noisy = False

    def __init__(self, make: Callable[[], EslProtocol]) -> None:
        self._make = make

    def buildProtocol(self, addr: Any) -> EslProtocol:  # noqa: ARG002, N802 - Twisted's names
        """Return the protocol of a new connection."""
        return self._make()


class EslClient:
    """Keeps a connection to one switch.

    Args:
        options: where it is.
        listener: hears what is told.
        now: the time events are stamped with.
    """

    def __init__(self, options: EslOptions, listener: Listener, now: Callable[[], datetime]) -> None:
        self.center = CallCenter(options.name or options.host)
        self._options = options
        self._listener = listener
        self._now = now
        self._service: Any = None

    def start(self) -> None:
        """Begin to connect, in the background, again and again."""
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one, if nobody has yet

        loop: Any = reactor
        endpoint = HostnameEndpoint(loop, self._options.host, self._options.port, timeout=5)
        links = _Links(lambda: EslProtocol(self.center, self._options, self._listener, loop, self._now))
        service: Any = ClientService
        self._service = service(endpoint, links, retryPolicy=backoffPolicy(initialDelay=0.2, maxDelay=10.0, factor=2.0))
        self._service.startService()

    async def stop(self) -> None:
        """Close the connection and come back no more."""
        if self._service is not None:
            stopped: Any = self._service.stopService()
            await stopped.asFuture(asyncio.get_running_loop())
            self._service = None

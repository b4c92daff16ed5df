"""What all SMTP connections share: who may come in, how much is being taken in, and the way into the house."""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import Any, Protocol

import structlog

from contactd.channels.email.options import Options
from contactd.channels.email.rates import Rates
from contactd.core.errors import BusyError, ContactdError, StoreDownError

log = structlog.get_logger(__name__)

Take = Callable[[bytes, Mapping[str, Any]], Awaitable[str]]
"""Stores a mail with its envelope; returns the receipt's id after the commit."""

_STRESS = 0.8
_DISK_CHECK_S = 1.0
_MIN_RATE_BYTES = 500
"""Bytes a second a client must keep up over a long DATA (as Postfix's smtpd_min_data_rate)."""
_GRACE_S = 60.0
_UNSENDABLE = re.compile(r"[^\x21-\x7e\u00a1-\U0010ffff]")


class Connection(Protocol):
    """An SMTP connection, as the door sees it."""

    in_data: bool

    def goodbye(self, status: str) -> None:
        """Say why and close."""
        ...


class Door:
    """The shared state of one listener."""

    def __init__(self, options: Options, take: Take, monotonic: Callable[[], float], data_dir: str) -> None:
        self.options = options
        self.limits = options.limits
        self.hostname = options.smtp.hostname or options.home()
        self.tls = _tls(options)
        self.rates = Rates(options.limits.trusted)
        self.monotonic = monotonic
        self.draining = False
        self.last_mail: float | None = None
        self._take = take
        self._data_dir = data_dir
        self._connections: set[Connection] = set()
        self._held = 0
        self._tasks: set[asyncio.Future[str]] = set()
        self._disk = 0.0, True
        self._idle = asyncio.Event()

    def greet(self, connection: Connection, client: str) -> str | None:
        """Let a connection in; return the 421 it gets instead when there is no room."""
        if self.draining:
            return "421 4.3.2 closing down"
        if len(self._connections) >= self.limits.connections:
            return "421 4.3.2 too many connections, try again later"
        if not self.rates.take(client, "connect", self.limits.connects_per_minute, self.monotonic()):
            return "421 4.7.0 too many connections from your address"
        if not self.rates.opened(client, self.limits.connections_per_ip):
            return "421 4.7.0 too many connections from your address"
        self._connections.add(connection)
        return None

    def leave(self, connection: Connection, client: str) -> None:
        """Note that a connection that was let in has ended."""
        if connection in self._connections:
            self._connections.discard(connection)
            self.rates.closed(client)
        self.finished(connection)

    def in_front(self, peer: Any) -> bool:
        """Tell whether a connection comes from a server in front of us, which may say for whom."""
        try:
            address = ip_address(str(peer[0]).partition("%")[0])
        except (ValueError, TypeError, IndexError):
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in one for one in self.options.smtp.front if one.version == address.version)

    @property
    def stressed(self) -> bool:
        """Whether most connections are taken: whoever is slow or faulty now goes first."""
        return len(self._connections) >= self.limits.connections * _STRESS

    @property
    def patience(self) -> float:
        """How many seconds a connection may be silent now."""
        return self.limits.stress_idle_seconds if self.stressed else self.limits.idle_seconds

    @property
    def errors_allowed(self) -> int:
        """How many refused commands a connection may make now."""
        return 1 if self.stressed else self.limits.errors

    def is_ours(self, address: str) -> bool:
        """Tell whether a recipient's domain is configured."""
        domain = address.rpartition("@")[2].lower().rstrip(".")
        if domain in self.options.domains:
            return True
        try:
            return domain.encode("ascii").decode("idna") in self.options.domains if "xn--" in domain else False
        except UnicodeError:
            return False

    def too_slow(self, received: int, began: float) -> bool:
        """Tell whether a client drips its mail in to hold the connection."""
        elapsed = self.monotonic() - began
        return elapsed > _GRACE_S and received < elapsed * _MIN_RATE_BYTES

    def hold(self, size: int) -> bool:
        """Ask for room for `size` bytes more of mail that is coming in."""
        if self._held + size > self.limits.memory_bytes:
            return False
        self._held += size
        return True

    def release(self, size: int) -> None:
        """Give room back."""
        self._held -= size

    def has_disk(self) -> bool:
        """Tell whether there is disk for more mail; looked up once a second."""
        now = self.monotonic()
        if now - self._disk[0] >= _DISK_CHECK_S or not self._disk[0]:
            free = shutil.disk_usage(self._data_dir).free
            self._disk = now, free >= self.limits.disk_free_mb * 1024 * 1024
        return self._disk[1]

    def storing(self, raw: bytes, envelope: Mapping[str, Any]) -> asyncio.Future[str]:
        """Begin to take a mail in; it becomes the answer to its final dot: 250 only after the commit.

        A client that goes away meanwhile does not stop what is being written.
        """
        task = asyncio.ensure_future(self._stored(raw, envelope))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _stored(self, raw: bytes, envelope: Mapping[str, Any]) -> str:
        try:
            receipt = await self._take(raw, envelope)
        except BusyError:
            return "451 4.3.2 busy, try again later"
        except StoreDownError:
            return "451 4.3.0 mail cannot be stored now, try again later"
        except ContactdError as error:
            log.warning("mail_refused_for_now", code=error.code)
            return "451 4.3.0 try again later"
        except Exception as error:  # noqa: BLE001 - whatever it is, the client still has the mail and must keep it
            log.error("mail_intake_failed", error=type(error).__name__)  # noqa: TRY400 - a trace may hold the mail
            return "451 4.3.0 try again later"
        self.last_mail = self.monotonic()
        return f"250 2.0.0 queued as {receipt}"

    def finished(self, connection: Connection) -> None:
        """Note that a connection is not in DATA any more."""
        connection.in_data = False
        if not any(one.in_data for one in self._connections):
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Close idle connections with 421, let mails that are coming in finish, then cut what is left.

        What was not answered is not ours: the client sends it again.
        """
        self.draining = True
        self._idle.clear()
        for connection in list(self._connections):
            if not connection.in_data:
                connection.goodbye("421 4.3.2 closing down")
        if any(one.in_data for one in self._connections):
            try:
                await asyncio.wait_for(self._idle.wait(), seconds)
            except TimeoutError:
                log.warning("mail_cut_short", connections=sum(one.in_data for one in self._connections))
        for connection in list(self._connections):
            connection.goodbye("421 4.3.2 closing down")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds / 4)


def printable(text: str) -> str:
    """Return a command's argument as text that JSON and databases take: undecodable bytes and controls replaced."""
    return _UNSENDABLE.sub("\ufffd", text.encode("utf_8", "surrogateescape").decode("utf_8", "replace"))[:320]


def _tls(options: Options) -> ssl.SSLContext | None:
    """Load the certificate for STARTTLS."""
    if options.smtp.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(options.smtp.certificate, options.smtp.key)
    return context

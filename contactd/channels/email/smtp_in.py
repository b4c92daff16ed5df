"""SMTP in: aiosmtpd's protocol on the running loop, with our own DATA, address reading and limits.

Nothing positive is said to a mail before it is stored.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any, NoReturn

import structlog
from aiosmtpd.smtp import Envelope, Session, syntax

from contactd.channels.email.door import Door
from contactd.channels.email.front import PROXY_S
from contactd.channels.email.mail_text import Text
from contactd.channels.email.swift import Swift, close_with

log = structlog.get_logger(__name__)

_CHUNK = 256 * 1024
_ADDRESS = re.compile(r"<([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253})>(?: +(.*))?")
_POSTMASTER = re.compile(r"<postmaster>\s*(.*)", re.IGNORECASE)
_CALLS = {
    "*": 20,
    "HELO": 20,
    "EHLO": 20,
    "NOOP": 100,
    "RSET": 100_000,
    "MAIL": 1_000_000,
    "RCPT": 10_000_000,
    "DATA": 1_000_000,
    "XFORWARD": 1_000_000,
    "XCLIENT": 100_000,
}
_COMMAND_BYTES = 64 * 1024

# aiosmtpd writes addresses at INFO and whole mails at DEBUG.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Hooks:
    """What aiosmtpd asks: greeting, recipients, and what to say when something fails."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def handle_EHLO(  # noqa: N802 - aiosmtpd finds hooks by name
        self, server: MailSmtp, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer pipelining, and no log-in: this door only takes mail in."""
        session.host_name = hostname
        offers = ["250-XCLIENT ADDR HELO", "250-XFORWARD ADDR HELO"] if server.fronted else []
        kept = [line for line in responses if not line.startswith("250-AUTH")]
        return [*kept[:-1], *offers, "250-PIPELINING", "250-ENHANCEDSTATUSCODES", kept[-1]]

    async def handle_PROXY(  # noqa: N802 - aiosmtpd finds hooks by name
        self, server: MailSmtp, _session: Session, _envelope: Envelope, proxy_data: Any
    ) -> bool:
        """Hear from a proxy whom it stands for."""
        return server.proxied(proxy_data)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd finds hooks by name
        self, server: MailSmtp, _session: Session, _envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail."""
        return server.begin_mail(address, options)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds hooks by name
        self, server: MailSmtp, _session: Session, _envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient."""
        return server.add_recipient(address, options)

    async def handle_exception(self, error: Exception) -> str:
        """Answer a failure without telling what it was."""
        log.warning("smtp_command_failed", error=type(error).__name__)
        return "451 4.3.0 try again later"


class MailSmtp(Swift):
    """One connection."""

    proxies = True
    """Whether the PROXY protocol is spoken where it is set."""

    # The stream pauses at twice this; DATA is read in chunks, so a line may be longer.
    line_length_limit = _COMMAND_BYTES

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        self.client = ""
        self._door = door
        self._refused = False
        super().__init__(
            Hooks(door),
            data_size_limit=door.limits.message_bytes,
            enable_SMTPUTF8=True,
            hostname=door.hostname,
            ident="ESMTP contactd",
            tls_context=door.tls,
            require_starttls=door.options.smtp.require_tls,
            timeout=door.limits.idle_seconds,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            command_call_limit=_CALLS,
            loop=loop,
            proxy_protocol_timeout=PROXY_S if self.proxies and door.options.smtp.proxy else None,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let a client in, or tell it that there is no room."""
        if self._original_transport is None:
            self.fronted = self._door.in_front(transport.get_extra_info("peername"))
            # A server in front is counted as whomever it stands for.
            self.client = "" if self.fronted else self._counted_as(transport)
            refusal = self._door.greet(self, self.client)
            if refusal is not None:
                self._refused = True
                close_with(transport, refusal)
                return
        super().connection_made(transport)

    def _counted_as(self, transport: asyncio.BaseTransport) -> str:
        """Return what the client's deeds are counted under."""
        return self._door.rates.client(transport.get_extra_info("peername"))

    def data_received(self, data: bytes) -> None:
        """Feed the reader; whoever was refused is not listened to."""
        if not self._refused:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """Note that the client has said all."""
        return False if self._refused else super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """Free the place."""
        self._door.leave(self, self.client)
        if not self._refused:
            super().connection_lost(error)

    async def push(self, status: str | bytes) -> None:
        """Send an answer, and wait until there is room for the next."""
        self.say(status if isinstance(status, bytes) else status.encode("utf_8", "replace"))
        writer: Any = self._writer
        await writer.drain()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read a plain address fast; leave odd ones to aiosmtpd, which takes 1,000 times as long."""
        plain = _ADDRESS.fullmatch(arg)
        if plain is not None:
            return plain[1], plain[2] or ""
        master = _POSTMASTER.fullmatch(arg)
        if master is not None:
            return f"postmaster@{self._door.options.home()}", master[1]
        address, rest = super()._getaddr(arg)
        return address, rest

    async def smtp_AUTH(self, _arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by name
        """Offer no log-in."""
        await self.push("502 5.5.1 no log-in here")

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by name
        """Take the text of a mail."""
        if await self.check_helo_needed():
            return
        envelope: Any = self.envelope
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 need RCPT")
            return
        if arg:
            await self.push("501 5.5.4 syntax: DATA")
            return
        self.in_data = True
        text = Text(self._door)
        try:
            await self.push("354 end data with <CR><LF>.<CR><LF>")
            await self._read(text)
            stored = self.store(text)
            status = stored if isinstance(stored, str) else await asyncio.shield(stored)
            self.envelope = self._create_envelope()
            await self.push(self.answers(status, len(envelope.rcpt_tos)))
        finally:
            text.release()
            self._door.finished(self)
        if self._door.draining:
            self.goodbye("421 4.3.2 closing down")

    async def _read(self, text: Text) -> None:
        """Read up to the end of data."""
        reader: Any = self._reader
        while True:
            chunk = await reader.read(_CHUNK)
            if not chunk:
                _give_up()
            if text.feed(chunk):
                break
            self._reset_timeout()
            if text.too_slow():
                self.goodbye("421 4.4.2 too slow")
                _give_up()
        if text.rest:
            # Commands pipelined behind the mail go back to where they are read from.
            reader._buffer[:0] = text.rest  # noqa: SLF001 - StreamReader has no public way to give bytes back


def _give_up() -> NoReturn:
    """End the connection's task; aiosmtpd takes a cancelled one for a client that went away."""
    raise asyncio.CancelledError

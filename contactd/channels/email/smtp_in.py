"""SMTP in: aiosmtpd's protocol on the running loop, with our own DATA, address reading and limits.

DATA is read in chunks, ends at `<CR><LF>.<CR><LF>` and nowhere else, and is kept byte for byte: a bare line feed is
content.  Nothing positive is said to it before the mail is stored.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any, NoReturn

import structlog
from aiosmtpd.smtp import Envelope, Session, syntax

from contactd.channels.email.door import Door, printable
from contactd.channels.email.front import PROXY_S, Fronted

log = structlog.get_logger(__name__)

_CHUNK = 256 * 1024
_END = b"\r\n.\r\n"
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
_FIRST_HARD = b"5"

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
        self, server: MailSmtp, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail, unless the client sends too many or there is no room for them."""
        door = self._door
        if not door.rates.take(server.client, "message", door.limits.messages_per_minute, door.monotonic()):
            return "450 4.7.0 too much mail from your address, try again later"
        if not door.has_disk():
            return "452 4.3.1 no room for mail, try again later"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds hooks by name
        self, server: MailSmtp, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient of ours; refuse any other: this is no relay."""
        door = self._door
        if not door.is_ours(address):
            return "550 5.7.1 not a recipient here"
        if len(envelope.rcpt_tos) >= door.limits.recipients:
            return "452 4.5.3 too many recipients"
        if not door.rates.take(server.client, "recipient", door.limits.recipients_per_minute, door.monotonic()):
            return "450 4.7.0 too many recipients from your address, try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Answer a failure without telling what it was."""
        log.warning("smtp_command_failed", error=type(error).__name__)
        return "451 4.3.0 try again later"


class MailSmtp(Fronted):
    """One connection."""

    proxies = True
    """Whether the PROXY protocol is spoken where it is set."""

    # The stream pauses at twice this; DATA is read in chunks, so a line may be longer.
    line_length_limit = _COMMAND_BYTES

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        self.in_data = False
        self.client = ""
        self._door = door
        self._errors = 0
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
                _close_with(transport, refusal)
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

    def goodbye(self, status: str) -> None:
        """Say why and close."""
        if self.transport is not None and not self.transport.is_closing():
            _close_with(self.transport, status)

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Wait as long as the house can afford now."""
        super()._reset_timeout(duration or self._door.patience)

    async def push(self, status: str | bytes) -> None:
        """Send an answer; a client with too many refusals is sent away."""
        answer = status if isinstance(status, bytes) else status.encode("utf_8", "replace")
        writer: Any = self._writer
        writer.write(answer + b"\r\n")
        await writer.drain()
        if answer.startswith(_FIRST_HARD):
            self._errors += 1
            if self._errors > self._door.errors_allowed:
                self.goodbye("421 4.7.0 too many errors")

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
        held = 0
        try:
            await self.push("354 end data with <CR><LF>.<CR><LF>")
            text, held, refusal = await self._read_text()
            status = refusal or await self._taken(text)
            self.envelope = self._create_envelope()
            await self._answer(status, len(envelope.rcpt_tos))
        finally:
            self._door.release(held)
            self._door.finished(self)
        if self._door.draining:
            self.goodbye("421 4.3.2 closing down")

    async def _answer(self, status: str, recipients: int) -> None:
        """Say what became of the text."""
        del recipients
        await self.push(status)

    async def _read_text(self) -> tuple[bytes, int, str]:
        """Read up to the end of data; return the text, the room it holds at the door, and a refusal or nothing.

        A mail that is too large, or for which there is no room, is read to its end all the same and then refused.
        """
        door = self._door
        reader: Any = self._reader
        text = bytearray(b"\r\n")
        received = held = 0
        refusal = ""
        began = door.monotonic()
        try:
            while True:
                chunk = await reader.read(_CHUNK)
                if not chunk:
                    _give_up()
                received += len(chunk)
                seen = max(len(text) - len(_END) + 1, 0)
                text += chunk
                end = text.find(_END, seen)
                if end >= 0:
                    break
                self._reset_timeout()
                if door.too_slow(received, began):
                    self.goodbye("421 4.4.2 too slow")
                    _give_up()
                refusal = refusal or self._refusal(received)
                if refusal:
                    del text[: -len(_END)]
                elif not door.hold(len(chunk)):
                    refusal = "452 4.3.1 no room for mail, try again later"
                else:
                    held += len(chunk)
        except BaseException:
            door.release(held)
            raise
        rest = text[end + len(_END) :]
        if rest:
            # Commands pipelined behind the mail go back to where they are read from.
            reader._buffer[:0] = rest  # noqa: SLF001 - StreamReader has no public way to give bytes back
        refusal = refusal or self._refusal(received - len(rest))
        # Where the text begins with the end of data, its two line ends are one and the same.
        return b"" if refusal else _unstuffed(text, end), held, refusal

    def _refusal(self, received: int) -> str:
        """Refuse a mail that has grown too large."""
        return "552 5.3.4 mail too large" if received > self._door.limits.message_bytes + len(_END) else ""

    async def _taken(self, text: bytes) -> str:
        """Hand a mail over; return what to say to the client."""
        if has_long_line(text, self._door.limits.line_bytes):
            return "500 5.6.0 line too long"
        session: Any = self.session
        envelope: Any = self.envelope
        origin, own = (
            self.speaks_for(),
            str(session.peer[0]) if isinstance(session.peer, tuple) and session.peer else "",
        )
        sender = "" if envelope.mail_from == "<>" else printable(envelope.mail_from)
        facts = {
            "mail_from": sender,
            "rcpt": [printable(one) for one in envelope.rcpt_tos],
            "peer": own if origin.address is None else origin.address,
            "helo": printable(session.host_name or "")[:255] if origin.helo is None else origin.helo,
            "tls": session.ssl is not None,
        }
        return await self._door.accept(text, facts)


def _give_up() -> NoReturn:
    """End the connection's task; aiosmtpd takes a cancelled one for a client that went away."""
    raise asyncio.CancelledError


def _close_with(transport: Any, status: str) -> None:
    """Write a last line and close; typed by nothing, since uvloop's transports are no asyncio.Transport."""
    transport.write(f"{status}\r\n".encode("ascii"))
    transport.close()


def _unstuffed(text: bytearray, end: int) -> bytes:
    """Return the text before the end of data with the dots undone that the client doubled (RFC 5321 section 4.5.2)."""
    body = bytes(text[:end]) + b"\r\n" if end else b"\r\n"
    return body.replace(b"\r\n.", b"\r\n")[2:]


def has_long_line(text: bytes, limit: int) -> bool:
    """Tell whether a line is longer than `limit` bytes."""
    at = 0
    while len(text) - at > limit:
        end = text.rfind(b"\n", at, at + limit)
        if end < 0:
            return True
        at = end + 1
    return False

"""The usual commands of a mail, answered at once: MAIL, RCPT and DATA as every mail server writes them.

aiosmtpd reads each line in a task that has to be woken for it, which takes longer than the command.  Where that task waits for the
next line and nothing else is under way, what comes is looked at here first.  Anything that is not exactly the usual is left to it.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import structlog

from contactd.channels.email.door import printable
from contactd.channels.email.front import Fronted
from contactd.channels.email.mail_text import Text, has_long_line

log = structlog.get_logger(__name__)

_ADDRESS = rb"<([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253})>"
_MAIL = re.compile(rb"[Mm][Aa][Ii][Ll] [Ff][Rr][Oo][Mm]:" + _ADDRESS + rb"((?: SIZE=[0-9]{1,15}| BODY=8BITMIME){0,2})")
_RCPT = re.compile(rb"[Rr][Cc][Pp][Tt] [Tt][Oo]:" + _ADDRESS)
_SIZE = re.compile(r" SIZE=([0-9]+)")
_MANY = 100_000
"""Commands of one connection answered here; aiosmtpd counts the others against its own limits."""
_BEHIND = 64 * 1024
"""Bytes a client may send behind a mail that is being stored, before it is listened to no more."""
_FIRST_HARD = b"5"


class Swift(Fronted):
    """A connection that answers the usual commands itself."""

    _handler_deadline = 0.0
    _text: Text | None = None
    """The mail that is coming in."""
    _storing = False
    """A mail that came in here is being stored."""
    _left = _MANY
    _errors = 0
    in_data = False
    """Whether a mail is coming in or being stored."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what aiosmtpd takes."""
        self._behind = bytearray()
        super().__init__(*args, **options)

    def data_received(self, data: bytes) -> None:
        """Answer what is usual, hand on what is not."""
        if self._text is not None:
            self._more(self._text, data)
        elif self._storing:
            self._wait_with(data)
        elif self._alone():
            self._usual(data)
        else:
            super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Give up a mail that was coming in."""
        if self._text is not None:
            self._text.release()
            self._text = None
        super().connection_lost(error)

    def begin_mail(self, address: str, options: list[str]) -> str:
        """Begin a mail, unless the client sends too many or there is no room for them."""
        door = self._door
        if not door.rates.take(self.client, "message", door.limits.messages_per_minute, door.monotonic()):
            return "450 4.7.0 too much mail from your address, try again later"
        if not door.has_disk():
            return "452 4.3.1 no room for mail, try again later"
        envelope: Any = self.envelope
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    def add_recipient(self, address: str, options: list[str]) -> str:
        """Take a recipient of ours; refuse any other: this is no relay."""
        door, envelope = self._door, self.envelope
        if not door.is_ours(address):
            return "550 5.7.1 not a recipient here"
        if len(envelope.rcpt_tos) >= door.limits.recipients:  # type: ignore[union-attr]
            return "452 4.5.3 too many recipients"
        if not door.rates.take(self.client, "recipient", door.limits.recipients_per_minute, door.monotonic()):
            return "450 4.7.0 too many recipients from your address, try again later"
        envelope.rcpt_tos.append(address)  # type: ignore[union-attr]
        envelope.rcpt_options.extend(options)  # type: ignore[union-attr]
        return "250 2.1.5 OK"

    def say(self, answer: bytes) -> None:
        """Write an answer; a client with too many refusals is sent away."""
        transport: Any = self.transport
        if transport is None or transport.is_closing():
            return
        transport.write(answer + b"\r\n")
        if answer.startswith(_FIRST_HARD):
            self._errors += 1
            if self._errors > self._door.errors_allowed:
                self.goodbye("421 4.7.0 too many errors")

    def goodbye(self, status: str) -> None:
        """Say why and close."""
        if self.transport is not None and not self.transport.is_closing():
            close_with(self.transport, status)

    def store(self, text: Text) -> str | asyncio.Future[str]:
        """Hand a whole mail over; return what to say to the client, or what will become that."""
        if text.refusal:
            return text.refusal
        raw = text.unstuffed()
        if has_long_line(raw, self._door.limits.line_bytes):
            return "500 5.6.0 line too long"
        return self._door.storing(raw, self.envelope_facts())

    def envelope_facts(self) -> dict[str, Any]:
        """Return what is kept beside a mail of who sent it to whom."""
        session: Any = self.session
        envelope: Any = self.envelope
        origin, own = (
            self.speaks_for(),
            str(session.peer[0]) if isinstance(session.peer, tuple) and session.peer else "",
        )
        return {
            "mail_from": "" if envelope.mail_from == "<>" else printable(envelope.mail_from),
            "rcpt": [printable(one) for one in envelope.rcpt_tos],
            "peer": own if origin.address is None else origin.address,
            "helo": printable(session.host_name or "")[:255] if origin.helo is None else origin.helo,
            "tls": session.ssl is not None,
        }

    def answers(self, status: str, recipients: int) -> bytes:
        """Return what is said when a mail was taken or refused."""
        del recipients
        return status.encode("utf_8", "replace")

    def _alone(self) -> bool:
        """Tell whether aiosmtpd's task waits for the next command, with nothing read or said that is not done."""
        reader: Any = getattr(self, "_reader", None)
        session: Any = self.session
        transport: Any = self.transport
        if reader is None or session is None or transport is None or not session.host_name or not self._left:
            return False
        if reader._buffer or reader._waiter is None or (self.require_starttls and session.ssl is None):  # noqa: SLF001 - it has no public name for it
            return False
        # A client that does not read its answers is left to aiosmtpd, which waits until it does.
        return not transport.is_closing() and not transport.get_write_buffer_size()

    def _usual(self, data: bytes) -> None:
        """Answer the lines that are usual, all in one write; hand on from the first that is not."""
        said: list[str] = []
        at = 0
        while self._text is None and (end := data.find(b"\r\n", at)) >= 0:
            answer = self._answer_to(data[at:end])
            if answer is None:
                break
            said.append(answer)
            at = end + 2
        if said:
            self._left = max(self._left - len(said), 0)
            self._reset_timeout()
            self._say_all(said)
        if at < len(data):
            rest = data[at:]
            if self._text is not None:
                self._more(self._text, rest)
            else:
                super().data_received(rest)

    def _say_all(self, said: list[str]) -> None:
        """Write answers at once; each refusal counts."""
        if any(one[0] == "5" for one in said):
            for one in said:
                self.say(one.encode())
        else:
            transport: Any = self.transport
            transport.write(("\r\n".join(said) + "\r\n").encode())

    def _answer_to(self, line: bytes) -> str | None:
        """Return the answer to a usual command; None: it is none."""
        try:
            if mail := _MAIL.fullmatch(line):
                return self._mail(mail[1].decode(), mail[2].decode())
            if recipient := _RCPT.fullmatch(line):
                begun = self.envelope is not None and self.envelope.mail_from
                return self.add_recipient(recipient[1].decode(), []) if begun else None
            if line.upper() == b"DATA" and self.envelope is not None and self.envelope.rcpt_tos:
                self.in_data = True
                self._text = Text(self._door)
                return "354 end data with <CR><LF>.<CR><LF>"
        except Exception as error:  # noqa: BLE001 - as for every other command: the client may try again
            log.warning("smtp_command_failed", error=type(error).__name__)
            return "451 4.3.0 try again later"
        return None

    def _mail(self, address: str, options: str) -> str | None:
        session, envelope = self.session, self.envelope
        if session is None or envelope is None or envelope.mail_from or (options and not session.extended_smtp):
            return None
        named = options.split()
        if len(named) != len({one.partition("=")[0] for one in named}):
            return None
        size = _SIZE.search(options)
        if size is not None and int(size[1]) > self._door.limits.message_bytes:
            return None
        envelope.smtp_utf8 = False
        return self.begin_mail(address, named)

    def _more(self, text: Text, data: bytes) -> None:
        """Take more of a mail's text; store it when it is whole."""
        if not text.feed(data):
            self._reset_timeout()
            if text.too_slow():
                self.goodbye("421 4.4.2 too slow")
            return
        self._text = None
        self._storing = True
        self._wait_with(text.rest)
        envelope: Any = self.envelope
        recipients = len(envelope.rcpt_tos)
        stored = self.store(text)
        if isinstance(stored, str):
            # Not at once: a client that sends many such mails in one packet would lead ever deeper.
            self.loop.call_soon(self._stored, text, stored, recipients)
        else:
            stored.add_done_callback(
                lambda done: self._stored(text, "" if done.cancelled() else done.result(), recipients)
            )

    def _stored(self, text: Text, status: str, recipients: int) -> None:
        """Say what became of a mail, and hear what the client said meanwhile."""
        text.release()
        self._storing = False
        self.envelope = self._create_envelope()
        if status:
            self.say(self.answers(status, recipients))
        self._door.finished(self)
        if self._door.draining:
            self.goodbye("421 4.3.2 closing down")
        behind, self._behind = bytes(self._behind), bytearray()
        transport: Any = self.transport
        if transport is None or transport.is_closing():
            return
        if len(behind) > _BEHIND:
            transport.resume_reading()
        if behind:
            self.data_received(behind)

    def _wait_with(self, data: bytes) -> None:
        """Keep what a client says before it has its answer, within bounds."""
        before = len(self._behind)
        self._behind += data
        transport: Any = self.transport
        if before <= _BEHIND < len(self._behind) and transport is not None:
            transport.pause_reading()

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Wait as long as the house can afford now; the timer that runs goes on where it rings early enough."""
        wait = duration or self._door.patience
        self._handler_deadline = self.loop.time() + wait
        handle = self._timeout_handle
        if handle is None or handle.cancelled() or handle.when() > self._handler_deadline:
            super()._reset_timeout(wait)

    def _timeout_cb(self) -> None:
        """End a connection that said nothing for too long."""
        left = self._handler_deadline - self.loop.time()
        if left > 0:
            super()._reset_timeout(left)
        else:
            super()._timeout_cb()  # type: ignore[no-untyped-call]


def close_with(transport: Any, status: str) -> None:
    """Write a last line and close; typed by nothing, since uvloop's transports are no asyncio.Transport."""
    transport.write(f"{status}\r\n".encode("ascii"))
    transport.close()

"""The Asterisk Manager Interface as a pure session: bytes in, events out; no socket, no clock.

The wire is `Key: value` lines ended by CR LF, a blank line ends a block.  Two things about it decide how this file reads:

* A caller's number is printed raw (main/manager_channels.c), so a line break in it puts whole forged events into the
  stream.  Asterisk prints a channel's fields in one fixed order; whatever stands between two fields of that order was
  put there by a caller.  `_Mender` takes it out and joins the torn event again.
* Values may hold a bare LF (the answer to `Park`), so only CR LF ends a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

EVENT = "event"
RESPONSE = "response"
BANNER = "banner"

_REPEATED = ("Output", "ChanVariable", "DestChanVariable")
"""Keys of which a block may have several, each a value of its own."""
MAX_BLOCK = 1024 * 1024
"""Bytes one block may have; a longer one is dropped whole."""
MAX_FORGED = 8 * 1024
"""Bytes of forged lines looked through for the rest of a torn event (a SIP address has at most some hundred bytes)."""

_CRLF = b"\r\n"
_END = b"\r\n\r\n"
_BANNER = b"Asterisk Call Manager"
_ORDER = (
    b"CallerIDNum",
    b"CallerIDName",
    b"ConnectedLineNum",
    b"ConnectedLineName",
    b"Language",
    b"AccountCode",
    b"Context",
    b"Exten",
    b"Priority",
    b"Uniqueid",
    b"Linkedid",
)
"""The fields of a channel after its state, in the order in which Asterisk prints them (every version since 13)."""
_OPTIONAL = b"Language"
_SNAPSHOT = re.compile(
    rb"CallerIDNum: [^\r\n]*\r\n\w*CallerIDName: [^\r\n]*\r\n\w*ConnectedLineNum: [^\r\n]*\r\n\w*ConnectedLineName: "
    rb"[^\r\n]*\r\n(?:\w*Language: [^\r\n]*\r\n)?\w*AccountCode: [^\r\n]*\r\n\w*Context: [^\r\n]*\r\n"
    rb"\w*Exten: [^\r\n]*\r\n\w*Priority: [^\r\n]*\r\n\w*Uniqueid: [^\r\n]*\r\n\w*Linkedid: ",
)
_STATE = b"ChannelStateDesc: "
_BARE_NUMBER = re.compile(rb"(?:CallerID|ConnectedLine)Num: [^\r\n]*(?:\r\n(?!\w*(?:CallerID|ConnectedLine)Name:)|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One block of the stream."""

    name: str
    """The event's name; for a response its status (`Success`, `Error` …), for the banner its version."""
    fields: Mapping[str, str]
    """Key → first value.  Lines of `Output` and `ChanVariable` are joined by line feeds.  Names still carry their C escapes."""
    at: datetime | None
    """When its last byte was received, as told to `feed`."""
    kind: str = EVENT
    """event | response | banner"""

    def get(self, key: str, default: str = "") -> str:
        """Return a field's value, or `default`."""
        return self.fields.get(key, default)


@dataclass(slots=True)
class _Mender:
    """A torn event while its lost lines are looked for: a tiny machine over the fixed order of a channel's fields."""

    kept: list[bytes] = field(default_factory=list)
    prefix: bytes = b""
    wanted: int = 0
    """Index in `_ORDER` of the line that must come next; 0 = none is awaited."""
    pair_only: bool = False
    dropped: int = 0

    def take(self, lines: list[bytes]) -> bool:
        """Keep what belongs to the event; return True when the block that ends here ends it."""
        for line in lines:
            self._line(line)
        return not self.wanted

    def _line(self, line: bytes) -> None:
        key = line.partition(b":")[0]
        if not self.wanted:
            self.kept.append(line)
            self._begins(key)
            return
        if self._is_next(key):
            self.kept.append(line)
        else:
            self.dropped += len(line) + 2

    def _begins(self, key: bytes) -> None:
        for number in (_ORDER[0], _ORDER[2]):
            if key.endswith(number):
                self.prefix = key[: -len(number)]
                whole = any(line.startswith(self.prefix + _STATE) for line in self.kept)
                self.pair_only = not whole
                self.wanted = _ORDER.index(number) + 1

    def _is_next(self, key: bytes) -> bool:
        step = self.wanted
        if key != self.prefix + _ORDER[step] and _ORDER[step] == _OPTIONAL:
            step += 1
        if key != self.prefix + _ORDER[step]:
            return False
        self.wanted = 0 if self.pair_only or step + 1 == len(_ORDER) else step + 1
        return True


class Session:
    """One connection's stream.

    Attributes:
        forged: how many events had forged lines in them (each is worth an alarm and a fresh snapshot).
        dropped: how many blocks were too long, or could not be joined again.
    """

    def __init__(self) -> None:
        self.forged = 0
        self.dropped = 0
        self._buffer = bytearray()
        self._scanned = 0
        self._greeted = False
        self._skipping = False
        self._mender: _Mender | None = None

    def feed(self, data: bytes, at: datetime | None = None) -> list[Event]:
        """Take received bytes, cut anywhere; return the events that are complete now, stamped with `at`."""
        self._buffer += data
        events: list[Event] = []
        if not self._greeted and not self._greet(at, events):
            return events
        buffer, start = self._buffer, 0
        while (end := buffer.find(_END, max(start, self._scanned))) >= 0:
            block = bytes(buffer[start:end]) if end - start <= MAX_BLOCK else None
            start = end + len(_END)
            if self._skipping or block is None:
                self.dropped += 1
                self._skipping = False
                continue
            event = self._block(block.lstrip(_CRLF), at)
            if event is not None:
                events.append(event)
        del buffer[:start]
        self._scanned = max(0, len(buffer) - len(_END))
        if len(buffer) > MAX_BLOCK + len(_END):
            self._skipping = True
            del buffer[: -len(_END)]
            self._scanned = 0
        return events

    def _greet(self, at: datetime | None, events: list[Event]) -> bool:
        """Take the banner line, which no blank line follows; return False while it is not yet complete."""
        head = bytes(self._buffer[: len(_BANNER)])
        if not _BANNER.startswith(head):
            self._greeted = True
            return True
        line, end, _ = self._buffer.partition(_CRLF)
        if not end:
            self._greeted = len(line) > MAX_BLOCK
            return self._greeted
        self._greeted = True
        del self._buffer[: len(line) + len(_CRLF)]
        text = line.decode("utf-8", "replace")
        version = text.rpartition("/")[2]
        events.append(Event(name=version, fields={"Banner": text}, at=at, kind=BANNER))
        return True

    def _block(self, block: bytes, at: datetime | None) -> Event | None:
        if self._mender is None and _is_whole(block):
            return _block_event(block, at)
        mender = self._mender or _Mender()
        if not mender.take(block.split(_CRLF)):
            self._mender = mender if mender.dropped <= MAX_FORGED else None
            self.dropped += self._mender is None
            return None
        self._mender = None
        self.forged += 1
        return _event(mender.kept, at)


def _is_whole(block: bytes) -> bool:
    """Tell whether every channel in the block is printed in full and in order."""
    if b"Num: " not in block:
        return True
    channels = block.count(_STATE)
    if channels:
        return len(_SNAPSHOT.findall(block)) >= channels
    return _BARE_NUMBER.search(block) is None


def _block_event(block: bytes, at: datetime | None) -> Event | None:
    """Make an event of a whole block; nearly all have one line for each value and no key twice, which takes half the time."""
    lines = block.decode("utf-8", "replace").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    fields = {key: value[1:] if value[:1] == " " else value for key, colon, value in pairs if colon}
    plain = len(fields) == len(lines) and block.count(b"\n") == len(lines) - 1
    return _made(fields, at) if plain else _event(block.split(_CRLF), at)


def _event(lines: list[bytes], at: datetime | None) -> Event | None:
    """Make an event of a block's lines; None for debris that is neither event nor response."""
    fields: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon:
            continue
        value = value.removeprefix(" ").rstrip("\n")
        if key not in fields:
            fields[key] = value
        elif key in _REPEATED:
            fields[key] += "\n" + value
    return _made(fields, at)


def _made(fields: dict[str, str], at: datetime | None) -> Event | None:
    if "Event" in fields:
        return Event(name=fields["Event"], fields=fields, at=at)
    if "Response" in fields:
        return Event(name=fields["Response"], fields=fields, at=at, kind=RESPONSE)
    return None

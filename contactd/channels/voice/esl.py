"""FreeSWITCH's event socket as a pure session: bytes in, messages out; no socket, no clock.

A message is header lines ended by LF and a blank line; `Content-Length` of them says how many bytes of body follow.  In plain
events every value is percent-encoded, so a caller's number cannot end a line (`switch_event_serialize` in switch_event.c); they are
split first and decoded after.  No server was at hand: everything here is tested on messages in the documented form
(https://developer.signalwire.com/freeswitch/FreeSWITCH-Explained/Modules/mod_event_socket_1048924/).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

MAX_HEAD = 64 * 1024
MAX_BODY = 1024 * 1024
"""A longer body is passed over, byte by byte, without being kept."""
MEMORY = 1000
"""Numbers of events that are remembered, to know one that comes again."""
_HEAD_END = b"\n\n"
_LONGEST_NUMBER = 9
"""Digits of a Content-Length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message."""

    kind: str
    """Its content type: `auth/request`, `command/reply`, `api/response`, `text/event-plain`, `text/disconnect-notice` …"""
    fields: Mapping[str, str]
    """Its headers; of an event the event's own, decoded."""
    body: str = ""
    at: datetime | None = None

    @property
    def name(self) -> str:
        """An event's name; of `CUSTOM` its subclass; empty when it is no event."""
        name = self.fields.get("Event-Name", "") if self.kind.startswith("text/event-") else ""
        return self.fields.get("Event-Subclass", "") if name == "CUSTOM" else name

    @property
    def reply(self) -> str:
        """What a command was answered with: `+OK accepted`."""
        return self.fields.get("Reply-Text", "") or self.body.strip()

    def get(self, key: str, default: str = "") -> str:
        """Return a field's value, or `default`."""
        return self.fields.get(key, default)


class Session:
    """One connection's stream.

    Attributes:
        dropped: how many messages were too long, or no message at all.
        doubled: how many events came again, by their numbers, and were passed over.
        restarts: how often another switch answered on this line than before (`Core-UUID`).
    """

    def __init__(self) -> None:
        self.dropped = 0
        self.doubled = 0
        self.restarts = 0
        self._core = ""
        self._seen: dict[str, None] = {}
        self._buffer = bytearray()
        self._skip = 0
        self._head: dict[str, str] | None = None
        self._length = 0

    def feed(self, data: bytes, at: datetime | None = None) -> list[Message]:
        """Take received bytes, cut anywhere; return the messages that are complete now, stamped with `at`."""
        self._buffer += data
        found: list[Message] = []
        while self._step(found, at):
            pass
        return found

    def _step(self, found: list[Message], at: datetime | None) -> bool:
        """Take one head or one body; return False when more bytes are needed."""
        if self._skip:
            taken = min(self._skip, len(self._buffer))
            del self._buffer[:taken]
            self._skip -= taken
            return bool(taken) and bool(self._buffer)
        if self._head is None:
            return self._take_head(found, at)
        if len(self._buffer) < self._length:
            return False
        body = bytes(self._buffer[: self._length]).decode("utf-8", "replace")
        del self._buffer[: self._length]
        head, self._head = self._head, None
        self._made(head, body, found, at)
        return True

    def _take_head(self, found: list[Message], at: datetime | None) -> bool:
        while self._buffer[:1] == b"\n":
            del self._buffer[:1]
        end = self._buffer.find(_HEAD_END)
        if end < 0 or end > MAX_HEAD:
            if len(self._buffer) > MAX_HEAD:
                self.dropped += 1
                del self._buffer[: len(self._buffer) - 1 if end < 0 else end]
                return end >= 0
            return False
        head = _pairs(bytes(self._buffer[:end]).decode("utf-8", "replace"))
        del self._buffer[: end + len(_HEAD_END)]
        length = head.get("Content-Length", "0").strip()
        if not (length.isascii() and length.isdigit() and len(length) <= _LONGEST_NUMBER):
            self.dropped += 1
            return True
        if int(length) > MAX_BODY:
            self.dropped += 1
            self._skip = int(length)
            return True
        if int(length):
            self._head, self._length = head, int(length)
        else:
            self._made(head, "", found, at)
        return True

    def _made(self, head: dict[str, str], body: str, found: list[Message], at: datetime | None) -> None:
        kind = head.get("Content-Type", "")
        if not kind:
            self.dropped += 1
            return
        fields: dict[str, str] = head
        if kind == "text/event-plain":
            fields, body = _plain(body)
        elif kind == "text/event-json":
            fields, body = _json(body)
        if kind.startswith("text/event-"):
            if "Event-Name" not in fields:
                self.dropped += 1
                return
            if self._is_double(fields):
                self.doubled += 1
                return
        found.append(Message(kind=kind, fields=fields, body=body, at=at))

    def _is_double(self, fields: Mapping[str, str]) -> bool:
        """Tell whether an event came before.

        Its number counts every event of the switch, so a gap says nothing to who hears only some; what is lost is noticed by the
        heartbeat's count of calls instead.
        """
        core = fields.get("Core-UUID", "")
        if core and core != self._core:
            self.restarts += bool(self._core)
            self._core = core
            self._seen.clear()
        number = fields.get("Event-Sequence", "")
        if not number:
            return False
        if number in self._seen:
            return True
        self._seen[number] = None
        if len(self._seen) > MEMORY:
            del self._seen[next(iter(self._seen))]
        return False


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.split("\n"):
        key, colon, value = line.partition(":")
        if colon:
            found.setdefault(key.strip(), value.strip())
    return found


def _plain(text: str) -> tuple[dict[str, str], str]:
    """Read a plain event: lines, then a body of its own, if it names a length."""
    head, _, body = text.partition("\n\n")
    return {key: unquote(value) for key, value in _pairs(head).items()}, body


def _json(text: str) -> tuple[dict[str, str], str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}, ""
    if not isinstance(found, dict):
        return {}, ""
    fields = {str(key): value for key, value in found.items() if isinstance(value, str)}
    return fields, fields.pop("_body", "")


def encode(command: str, **headers: str) -> bytes:
    """Write one command.

    Raises:
        ValueError: a value holds a control character, which could end the command and begin one of its own.
    """
    lines = [command, *(f"{key.replace('_', '-')}: {value}" for key, value in headers.items())]
    for line in lines:
        if any(ord(each) < 0x20 or ord(each) == 0x7F for each in line):  # noqa: PLR2004 - the control characters
            message = "a control character in a command"
            raise ValueError(message)
    return ("\n".join(lines) + "\n\n").encode()

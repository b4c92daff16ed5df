"""FastAGI as a pure session: a dialplan asks who calls; bytes in, bytes out; no socket, no clock.

The PBX connects and sends `agi_key: value` lines and a blank line; then the sides take turns: a command of ours, `200 result=…` of
its (https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Gateway-Interface-AGI/).  A caller's number stands there raw, so a
line break in it forges keys, all of them after the true ones that are printed before the number and before the true ones that are
printed after it: of the former the first counts, of the latter the last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MAX_BYTES = 16 * 1024
"""All that one connection may send: the keys of a call are about a kilobyte."""
_KEY = re.compile(r"agi_[a-z0-9_]{1,40}")
_VALUE = re.compile(r"[^A-Za-z0-9_.:@+*#/ -]")
_RESULT = re.compile(r"(\d{3})[ -](?:result=(-?\d+))?")
SERVED = 200


class Turn(StrEnum):
    """Whose turn it is."""

    KEYS = "keys"
    """The PBX tells of the call."""
    ASKING = "asking"
    """We look it up."""
    ANSWERING = "answering"
    """Our variables are set, one after another."""
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Question:
    """What the dialplan wants to know."""

    caller: str
    dialled: str
    uniqueid: str
    channel: str
    presentation: str
    """First argument of the AGI() call: `${CALLERID(pres)}`; without it a number counts as withheld."""

    @property
    def shown(self) -> bool:
        """Whether the caller's number may be looked up."""
        return self.presentation.startswith("allowed")


class Session:
    """One connection's conversation."""

    def __init__(self) -> None:
        self.turn = Turn.KEYS
        self.refused = 0
        """Variables the PBX did not set."""
        self._buffer = b""
        self._got = 0
        self._keys: dict[str, str] = {}
        self._before: set[str] = set()
        """Keys that came before the number, and it."""
        self._numbered = False
        self._waiting: list[bytes] = []

    def feed(self, data: bytes) -> tuple[Question | None, bytes]:
        """Take received bytes, cut anywhere; return the question when it is whole, and what is to be sent."""
        self._got += len(data)
        if self._got > MAX_BYTES or self.turn is Turn.OVER:
            self.turn = Turn.OVER
            return None, b""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        question, out = None, b""
        for line in lines:
            text = line.rstrip(b"\r").decode("utf-8", "replace")
            if self.turn is Turn.KEYS:
                question = self._key(text) or question
            elif self.turn is Turn.ANSWERING:
                out += self._next(text)
        return question, out

    def _key(self, text: str) -> Question | None:
        if text:
            key, _, value = text.partition(":")
            if _KEY.fullmatch(key) and (key not in self._keys or key not in self._before):
                self._keys[key] = value.strip()
                if not self._numbered:
                    self._before.add(key)
                    self._numbered = key == "agi_callerid"
            return None
        if not self._keys:
            return None
        self.turn = Turn.ASKING
        get = self._keys.get
        return Question(
            caller=get("agi_callerid", ""),
            dialled=get("agi_extension", "") if get("agi_dnid", "unknown") == "unknown" else get("agi_dnid", ""),
            uniqueid=get("agi_uniqueid", ""),
            channel=get("agi_channel", ""),
            presentation=get("agi_arg_1", ""),
        )

    def answer(self, variables: Mapping[str, str]) -> bytes:
        """Begin to set variables; return what is to be sent.  With none the conversation is over."""
        if self.turn is not Turn.ASKING:
            return b""
        self._waiting = [
            f'SET VARIABLE {name} "{_VALUE.sub("", value)[:80]}"\n'.encode() for name, value in variables.items()
        ]
        self.turn = Turn.ANSWERING if self._waiting else Turn.OVER
        return self._waiting.pop(0) if self._waiting else b""

    def _next(self, text: str) -> bytes:
        """Take the answer to a command; return the next one."""
        found = _RESULT.match(text)
        if found is None:  # `HANGUP`, or a usage text of several lines
            return b""
        self.refused += int(found[1]) != SERVED
        if self._waiting:
            return self._waiting.pop(0)
        self.turn = Turn.OVER
        return b""

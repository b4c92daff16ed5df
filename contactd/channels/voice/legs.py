"""One leg of a call as the manager interface shows it, and how to read its names and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from contactd.core.plain import one_line

NOBODY = frozenset({"", "<unknown>", "anonymous", "unknown", "unavailable", "restricted", "private", "withheld", "s"})
"""What stands where a number should, when there is none to show."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
OUTSIDE_DIGITS = 7
"""The shortest numbers of a town have seven."""
_DIGITS = re.compile(r"[+*#0-9]{3,32}")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Control characters, invisible ones, and those that turn the direction of the text after them."""


def number(text: str) -> str | None:
    """Return a caller's number as it came, without control characters; None when nobody's number stands there."""
    clean = _CONTROLS.sub("", text).strip()
    return None if clean.lower() in NOBODY else clean[:64]


def person(text: str) -> str:
    """Return a caller's name: unescaped (Asterisk escapes names the C way, never numbers), without control characters."""
    clean = one_line(_ESCAPE.sub(r"\1", text), 80)
    return "" if clean.lower() in NOBODY else clean


def is_outside(digits: str) -> bool:
    """Tell whether a number that was dialled lies outside the house: inner ones are short."""
    return len(digits.lstrip("+")) >= OUTSIDE_DIGITS


def called(dial_string: str) -> str:
    """Return the number in a dial string (`13700001111@trunk`, `trunk/sip:13700001111@host`); empty when there is none."""
    found = _DIGITS.search(dial_string)
    return found[0] if found else ""


@dataclass(slots=True, kw_only=True)
class Leg:
    """One channel of the PBX."""

    uniqueid: str
    channel: str
    linkedid: str
    born: datetime
    number: str = ""
    name: str = ""
    exten: str = ""
    extension: bool = False
    """It is a phone of the house: its own number is its device's name."""
    dialled: bool = False
    """The PBX called it (the far end of a Dial or of a queue's ring)."""
    dialled_number: str = ""
    """The number in the dial string it was called with."""
    interface: str = ""
    """As a queue calls the agent behind it."""
    pair: str = ""
    """The other half of a Local channel."""
    bridge: str = ""
    requested: bool = False
    """Its party hung up."""
    cause: str = ""

    @property
    def device(self) -> str:
        """Its device: the channel's name without the serial number."""
        return self.channel.partition(";")[0].rpartition("-")[0]

    @property
    def local(self) -> bool:
        """Whether it is half of a Local channel: a pipe inside the PBX, nobody's phone."""
        return self.channel.startswith("Local/")

    def learn(self, number: str, name: str) -> None:
        """Keep number and name when they become known (some legs are born without)."""
        if number not in NOBODY and self.number in NOBODY:
            self.number = number
        if name not in NOBODY and self.name in NOBODY:
            self.name = name


def is_extension(channel: str, number: str) -> bool:
    """Tell whether a newborn leg is a phone of the house: `PJSIP/1001-0000002a` whose own number is `1001`."""
    device = channel.partition(";")[0].rpartition("-")[0]
    return not channel.startswith("Local/") and bool(number) and device.partition("/")[2] == number

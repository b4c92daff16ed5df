"""Names by which people trick: whatever door they come by, nothing invisible or turned around is shown."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.api.arrivals import NewInteraction, content_of
from contactd.api.files import _name
from contactd.channels.chat import wire
from contactd.channels.email.parse import parse
from contactd.channels.fax.reader import read as read_fax
from contactd.channels.voice import legs
from contactd.clock import SystemClock
from contactd.core.plain import one_line

INVISIBLE = {
    "left-to-right mark": "\u200e",
    "right-to-left mark": "\u200f",
    "arabic letter mark": "\u061c",
    "left-to-right embedding": "\u202a",
    "right-to-left embedding": "\u202b",
    "pop directional formatting": "\u202c",
    "left-to-right override": "\u202d",
    "right-to-left override": "\u202e",
    "left-to-right isolate": "\u2066",
    "right-to-left isolate": "\u2067",
    "first strong isolate": "\u2068",
    "pop directional isolate": "\u2069",
    "zero width space": "\u200b",
    "word joiner": "\u2060",
    "invisible times": "\u2062",
    "byte order mark": "\ufeff",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "null": "\x00",
    "bell": "\x07",
    "backspace": "\x08",
    "escape": "\x1b",
    "delete": "\x7f",
    "next line": "\x85",
    "control sequence introducer": "\x9b",
    "interlinear anchor": "\ufff9",
    "tag letter a": "\U000e0061",
}
NAMES = [f"Bank{mark}txt.exe" for mark in INVISIBLE.values()] + [
    "\u202egpj.exe",
    "photo_\u202egpj.exe",
    "a\u200bd\u200bm\u200bi\u200bn",
    "\x1b]0;owned\x07support",
    "\u2067\u2066" * 50 + "x",
    "line\r\nBcc: everybody@example.com",
    "\ud800half",
    "\u200f" * 500,
    "tab\tand\vvertical",
]


def mail(name: str) -> list[str]:
    quoted = "".join(f"={byte:02X}" for byte in name.encode("utf-8", "surrogatepass"))
    words = f"=?utf-8?q?{quoted}?="
    escaped = "".join(f"%{byte:02X}" for byte in name.encode("utf-8", "surrogatepass"))
    read = parse(
        f"From: {words} <a@b.example>\r\nSubject: {words}\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: application/pdf; name*=utf-8''{escaped}\r\n\r\nx".encode()
    )
    return [read.from_name, read.subject, read.attachments[0].filename]


def chat(name: str) -> list[str]:
    frame = wire.read(json.dumps({"type": "hello", "protocol": 1, "site": "s", "profile": {"name": name}}))
    return [frame.profile.name]  # type: ignore[union-attr]


def program(name: str) -> list[str]:
    try:
        given = NewInteraction.model_validate(
            {"channel": "form", "name": name, "subject": name, "text": "x"}
            | {"attachments": [{"name": name, "data": ""}], "from": "a@b.example"},
        )
    except ValueError:
        return []
    content = content_of(given, "CN", SystemClock().now(), claimed=True)
    (message,) = content.messages
    return [content.sender_name, content.subject, message.sender_name, message.attachments[0].name]


def fax(name: str) -> list[str]:
    content = read_fax(b"II*\x00", {"name": name, "number": "10086"})
    return [content.sender_name, *(one.sender_name for one in content.messages)]


DOORS: dict[str, Any] = {
    "mail": mail,
    "chat": chat,
    "program": program,
    "fax": fax,
    "call": lambda name: [legs.person(name)],
    "upload": lambda name: [_name(name)],
    "any": lambda name: [one_line(name)],
}


def shown_as_it_is(text: str) -> bool:
    """Tell whether a text holds nothing that is not seen, but the joiners that belong to words and emoji."""
    return all(unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or one in "\u200c\u200d" for one in text)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", NAMES)
def test_no_name_hides_anything(door: str, name: str) -> None:
    for shown in DOORS[door](name):
        assert shown_as_it_is(shown), shown


@pytest.mark.parametrize("name", ["张伟", "Łukasz Żółć", "محمد", "👩‍💻 Ann", "O’Neil-Smith, J. (Ops)", "אבי"])
@pytest.mark.parametrize("door", [one for one in DOORS if one != "upload"])
def test_an_honest_name_stays_what_it_is(door: str, name: str) -> None:
    shown = DOORS[door](name)
    assert shown
    assert set(shown) == {name}


@given(st.text(max_size=300))
def test_any_text_is_one_line_of_what_is_seen(text: str) -> None:
    shown = one_line(text)
    assert len(shown) <= 500
    assert "\n" not in shown
    assert one_line(shown) == shown

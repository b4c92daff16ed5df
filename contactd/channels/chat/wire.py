"""The visitor's frames, checked, and the events a visitor is sent.

A fixed table on both sides: a name outside it is an error with a generic code, whatever it says is never echoed, and no
event carries a field that is not written down here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contactd.core.plain import one_line
from contactd.core.survey import Asked

PROTOCOL = 1
FRAME_BYTES = 32 * 1024
TEXT_CHARS = 4000
ANSWERS = 10
"""Answers of one survey."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SITE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class FrameError(Exception):
    """A frame that cannot be understood or may not be; `code` is all the visitor is told."""

    def __init__(self, code: str, client_id: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.client_id = client_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a visitor says about themselves: nothing of it is proved."""

    name: str = ""
    email: str = ""
    phone: str = ""
    lang: str = ""
    page: str = ""
    identity: str = ""
    """A statement signed by the site (see `identity`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The first frame: who is there, and the last message they have (`resume` is the same)."""

    site: str
    token: str | None
    profile: Profile
    last_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A line; `client_id` makes sending it twice harmless."""

    client_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The visitor closes the conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Something that is not kept: typing, read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a visitor answers to one question."""

    question: str
    score: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How it was; without an answer: the visitor would rather not say."""

    replies: tuple[Answer, ...]


Frame = Hello | Say | End | Sign | Rate


def read(text: str) -> Frame:
    """Read one frame of a visitor.

    Raises:
        FrameError: it is too large, no JSON object, of an unknown type or with a wrong field.
    """
    if len(text) > FRAME_BYTES or len(text.encode("utf-8", "surrogatepass")) > FRAME_BYTES:
        code = "too_large"
        raise FrameError(code)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        code = "bad_frame"
        raise FrameError(code)
    reader = _READERS.get(str(data.get("type"))[:32])
    if reader is None:
        code = "unknown_type"
        raise FrameError(code)
    return reader(data)


def _hello(data: Mapping[str, Any]) -> Hello:
    """Read `hello` and `resume`; a token that cannot be ours counts as none."""
    if data.get("protocol", PROTOCOL) != PROTOCOL:
        code = "protocol"
        raise FrameError(code)
    site = data.get("site", "")
    token = data.get("visitor")
    last = data.get("last_id")
    if not isinstance(site, str) or (site and not _SITE.fullmatch(site)):
        code = "unknown_site"
        raise FrameError(code)
    return Hello(
        site=site,
        token=token if isinstance(token, str) and _TOKEN.fullmatch(token) else None,
        profile=_profile(data.get("profile")),
        last_id=last if isinstance(last, str) and _ID.fullmatch(last) else None,
    )


def _profile(data: Any) -> Profile:
    """Read a profile; what is not text is left out."""
    if not isinstance(data, dict):
        return Profile()

    def field(name: str, chars: int) -> str:
        value = data.get(name)
        return line(value)[:chars] if isinstance(value, str) else ""

    return Profile(
        name=field("name", 80),
        email=field("email", 254),
        phone=field("phone", 64),
        lang=field("lang", 16),
        page=field("page", 500),
        identity=field("identity", 4096),
    )


def _say(data: Mapping[str, Any]) -> Say:
    """Read `say`."""
    client_id, text = data.get("client_id"), data.get("text")
    if not isinstance(client_id, str) or not _ID.fullmatch(client_id):
        code = "bad_field"
        raise FrameError(code)
    if not isinstance(text, str):
        code = "bad_field"
        raise FrameError(code, client_id)
    text = clean(text)
    if not text:
        code = "empty"
        raise FrameError(code, client_id)
    if len(text) > TEXT_CHARS:
        code = "too_long"
        raise FrameError(code, client_id)
    return Say(client_id=client_id, text=text)


def _end(_: Mapping[str, Any]) -> End:
    """Read `end`."""
    return End()


def _sign(_: Mapping[str, Any]) -> Sign:
    """Read `typing` and `read`."""
    return Sign()


def _rate(data: Mapping[str, Any]) -> Rate:
    """Read `rate`."""
    given = data.get("replies", [])
    if not isinstance(given, list) or len(given) > ANSWERS:
        code = "bad_field"
        raise FrameError(code)
    return Rate(replies=tuple(_answer(one) for one in given))


def _answer(one: Any) -> Answer:
    code = "bad_field"
    if not isinstance(one, dict):
        raise FrameError(code)
    question, score, text = one.get("question"), one.get("score"), one.get("text", "")
    if not isinstance(question, str) or not _ID.fullmatch(question) or not isinstance(text, str):
        raise FrameError(code)
    if score is not None and (not isinstance(score, int) or isinstance(score, bool)):
        raise FrameError(code)
    return Answer(question=question, score=score, text=clean(text)[:TEXT_CHARS])


_READERS: dict[str, Callable[[Mapping[str, Any]], Frame]] = {
    "hello": _hello,
    "resume": _hello,
    "say": _say,
    "end": _end,
    "typing": _sign,
    "read": _sign,
    "rate": _rate,
}


def clean(text: str) -> str:
    """Return what a visitor wrote without control characters, overrides of direction and lone surrogates."""
    kept = (
        c for c in text.replace("\r\n", "\n") if c in "\n\t" or (unicodedata.category(c) not in _NO and c not in _BIDI)
    )
    return "".join(kept).strip()


_NO = frozenset({"Cc", "Cs"})


def line(text: str) -> str:
    """Return `text` cleaned and on one line, without what cannot be seen."""
    return one_line(text, len(text))


Event = dict[str, Any]
"""What is sent to a visitor: `type` and the fields of the functions below."""


def message(view: Mapping[str, Any]) -> Event | None:
    """Return the event that shows a stored message to its visitor; None for what is not theirs to see (notes)."""
    direction = view.get("direction")
    if direction not in {"inbound", "outbound"}:
        return None
    mine = direction == "inbound"
    return {
        "type": "message",
        "id": view.get("id"),
        "seq": view.get("seq"),
        "at": view.get("at"),
        "from": "visitor" if mine else "agent",
        "name": "" if mine else view.get("sender_name") or "",
        "text": view.get("text") or "",
        "client_id": (view.get("client_id") or view.get("provider_id")) if mine else None,
    }


def said(client_id: str, message_id: str, seq: int, at: str) -> Event:
    """Return the receipt of a line: it is safe, and stands at `seq` in its conversation."""
    return {"type": "said", "client_id": client_id, "id": message_id, "seq": seq, "at": at}


def slow(client_id: str, retry_s: float) -> Event:
    """Say that a line was not taken in and is to be sent again after `retry_s` seconds."""
    return {"type": "slow", "client_id": client_id, "retry_s": retry_s}


def survey(asked: Asked) -> Event:
    """Ask how it was."""
    return {
        "type": "survey",
        "intro": asked.intro,
        "questions": [
            {
                "key": one.key,
                "kind": one.kind,
                "text": one.words(asked.language),
                "lowest": one.lowest,
                "best": one.best,
            }
            for one in asked.questions
        ],
    }


def rated(closing: str) -> Event:
    """Say that what the visitor answered is safe."""
    return {"type": "rated", "text": closing}


def error(code: str, client_id: str | None = None) -> Event:
    """Say that a frame was refused, by a word of the table only."""
    return {"type": "error", "code": code, "client_id": client_id}

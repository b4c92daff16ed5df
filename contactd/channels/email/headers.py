"""What the fields of a header say: bytes into words people can read, dates and ids.  Every step is linear."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from functools import lru_cache

from contactd.channels.email import charset
from contactd.channels.email.hint import Hint

MAX_NAME = 300
MAX_SUBJECT = 2000
MAX_IDS = 100
MAX_ID = 500
_MAX_DATE = 200
_MAX_WORDS = 4000
_DAY_S = 86_400
_YEARS = range(1970, 2200)

_WORD = re.compile(r"=\?([A-Za-z0-9_.:+\-]{1,60})(?:\*[A-Za-z0-9\-]{0,20})?\?([BbQq])\?")
_LONE_WORD = re.compile(
    r"=\?([A-Za-z0-9_.:+\-]{1,60})\?[Bb]\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?="
)
"""An encoded word as nearly all are that stand alone: whole base64."""
_QUOTED_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]",
)
_HIDING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
_SPACES = re.compile(r"[ \t\r\n\u2028\u2029]+")
_ID = re.compile(r"<([^<>\s]{1,500})>")
_BARE_ID = re.compile(r"[^\s<>,;]{1,400}@[^\s<>,;]{1,200}")
_MONTHS = {"Jan": "01", "Feb": "02", "Mar": "03", "Apr": "04", "May": "05", "Jun": "06"}
_MONTHS |= {"Jul": "07", "Aug": "08", "Sep": "09", "Oct": "10", "Nov": "11", "Dec": "12"}
_DATE = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d{{1,2}}) ({'|'.join(_MONTHS)}) (\d{{4}}) "
    r"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d) (GMT|[+-](?:[01]\d|2[0-3])[0-5]\d)(?: \([A-Z]{1,5}\))?",
    re.ASCII,
)
"""A date as nearly all mailers write it (RFC 5322): day, month, year, time, zone."""


def clean(text: str, limit: int = MAX_SUBJECT) -> str:
    """Make text safe and short for one line: control, bidirectional and invisible characters out, white space to one blank."""
    if len(text) <= limit and text.isprintable() and "  " not in text:
        # What Python calls printable holds none of the unsafe characters and no white space but the blank.
        return text.strip()
    return _UNSAFE.sub("", _SPACES.sub(" ", text[: limit * 4])).strip()[:limit]


def hides(text: str) -> bool:
    """Tell whether there are characters in a text that nobody sees, or that turn the text after them around."""
    return not text.isprintable() and _HIDING.search(text) is not None


def unstructured(value: bytes, hint: str | Hint = "") -> str:
    """Decode a free-text field (Subject, Comments): raw 8-bit bytes and encoded words."""
    return clean(words(raw_text(value, hint)))


def raw_text(value: bytes, hint: str | Hint = "") -> str:
    """Decode the raw bytes of a field and leave its encoded words as they are."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    return charset.decode(value, "", hint)[0]


def words(text: str) -> str:
    """Replace encoded words (RFC 2047) by what they say.

    Neighbours of one charset are joined as bytes before they are decoded: many mailers split inside a character.
    """
    if "=?" not in text:
        return text
    lone = _LONE_WORD.match(text)
    if lone is not None and text.find("=?", lone.end()) < 0:
        return charset.decode(binascii.a2b_base64(lone[2]), lone[1].lower())[0] + text[lone.end() :]
    out: list[str] = []
    run: list[tuple[str, str, str]] = []
    at = 0
    for word, begin, end in _words_in(text):
        gap = text[at:begin]
        if not (run and (not gap or gap.isspace())):
            out.append(_joined(run))
            run = []
            out.append(gap)
        run.append(word)
        at = end
    out.append(_joined(run))
    out.append(text[at:])
    return "".join(out)


def _words_in(text: str) -> list[tuple[tuple[str, str, str], int, int]]:
    """Find encoded words: ((charset, encoding, payload), begin, end).  One pass; a missing end stops the search."""
    found: list[tuple[tuple[str, str, str], int, int]] = []
    at = 0
    while len(found) < _MAX_WORDS:
        begin = text.find("=?", at)
        if begin < 0:
            break
        head = _WORD.match(text, begin)
        if head is None:
            at = begin + 2
            continue
        end = text.find("?=", head.end())
        if end < 0:
            break
        found.append(((head[1].lower(), head[2].upper(), text[head.end() : end]), begin, end + 2))
        at = end + 2
    return found


def _joined(run: list[tuple[str, str, str]]) -> str:
    """Decode neighbouring words, those of one charset together."""
    out: list[str] = []
    at = 0
    while at < len(run):
        label = run[at][0]
        end = at
        while end < len(run) and run[end][0] == label:
            end += 1
        out.append(charset.decode(_payloads(run[at:end]), label)[0])
        at = end
    return "".join(out)


def _payloads(run: list[tuple[str, str, str]]) -> bytes:
    """Return the bytes of words of one charset, also where base64 was cut at the wrong place."""
    out = bytearray()
    pending = ""
    for label, encoding, payload in run:
        if encoding == "B":
            pending += _NOT_BASE64.sub("", payload)
            if len(pending) % 4 and "=" not in payload:
                continue
            out += unbase64(pending)
            pending = ""
        else:
            out += unbase64(pending) + _unquote(payload, label)
            pending = ""
    return bytes(out + unbase64(pending))


def unbase64(text: str) -> bytes:
    """Decode base64 characters without padding, forgiving a cut end."""
    usable = text[:-1] if len(text) % 4 == 1 else text
    try:
        return base64.b64decode(usable + "=" * (-len(usable) % 4))
    except (binascii.Error, ValueError):
        return b""


def _unquote(payload: str, label: str) -> bytes:
    """Decode the Q encoding; characters that should have been encoded go back to the bytes they came from."""
    raw = payload.replace("_", " ")
    try:
        data = raw.encode("ascii") if raw.isascii() else raw.encode(charset.codec(label) or "utf_8", "replace")
    except (UnicodeError, LookupError):
        data = raw.encode("utf_8", "replace")
    return _QUOTED_HEX.sub(lambda pair: bytes((int(pair[1], 16),)), data)


def told_ids(value: bytes) -> str:
    """Return the text of a field of Message-IDs; some programs (Python's `email`) put a long one into encoded words."""
    return words(value.decode("utf_8", "replace"))


def message_ids(value: bytes) -> list[str]:
    """Return the Message-IDs of a References or In-Reply-To field, each `<…>`, at most the first and the last ones."""
    if not value:
        return []
    text = told_ids(value)
    found = [f"<{one}>" for one in _ID.findall(text)]
    if not found:
        found = [f"<{one}>" for one in _BARE_ID.findall(text[:4000])]
    if len(found) == 1:
        return [clean(found[0], MAX_ID)]
    unique = list(dict.fromkeys(clean(one, MAX_ID) for one in found))
    return unique if len(unique) <= MAX_IDS else unique[:10] + unique[-(MAX_IDS - 10) :]


def message_id(value: bytes) -> str | None:
    """Return a Message-ID as `<…>`, or None when the field is empty."""
    found = message_ids(value)
    if found:
        return found[0]
    text = clean(value.decode("utf_8", "replace"), MAX_ID).strip("<> ")
    return f"<{text}>" if text else None


def date(value: bytes) -> datetime | None:
    """Read a Date field; None when it says no possible moment.  A missing zone counts as UTC."""
    text = value[:_MAX_DATE].decode("ascii", "replace")
    plain = _DATE.fullmatch(text)
    try:
        if plain is not None:
            return _plain_date(*plain.groups())
        parts = parsedate_tz(text)
        if parts is None or parts[0] not in _YEARS:
            return None
        offset = timedelta(seconds=parts[9] or 0)
        if abs(offset.total_seconds()) >= _DAY_S:
            return None
        return datetime(*parts[:5], min(parts[5], 59), tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _plain_date(day: str, month: str, year: str, time: str, zone: str) -> datetime | None:
    """Make the moment of the parts of a date.

    Raises:
        ValueError: the month has no such day.
    """
    if int(year) not in _YEARS:
        return None
    return datetime.fromisoformat(f"{year}-{_MONTHS[month]}-{day:0>2}T{time}+00:00") - _offset(zone)


@lru_cache(maxsize=100)
def _offset(zone: str) -> timedelta:
    """Return what `+0800` or `GMT` says."""
    if zone == "GMT":
        return timedelta()
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return offset if zone.startswith("+") else -offset

"""The header block of a mail: fields out of bytes, and bytes into words people can read.

Every step is linear: the standard library's new header parser can be killed by one long field, so the structure is
found here on raw bytes, and only then are characters decoded.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from contactd.channels.email import charset

MAX_BLOCK = 256 * 1024
"""Bytes of header block that are looked at; the rest is left out and named as a defect."""
MAX_FIELD = 64 * 1024
MAX_FIELDS = 2000
MAX_NAME = 300
MAX_SUBJECT = 2000
MAX_IDS = 100
MAX_ID = 500
_MAX_DATE = 200
_MAX_WORDS = 4000
_MAX_BROKEN = 50
_DAY_S = 86_400
_YEARS = range(1970, 2200)

_NAME = re.compile(rb"[!-9;-~]{1,100}[ \t]*:")
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
_EMPTY_LINES = re.compile(rb"[\r\n]*")
_LINES = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_WORD = re.compile(r"=\?([A-Za-z0-9_.:+\-]{1,60})(?:\*[A-Za-z0-9\-]{0,20})?\?([BbQq])\?")
_QUOTED_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]",
)
_SPACES = re.compile(r"[ \t\r\n\u2028\u2029]+")
_ID = re.compile(r"<([^<>\s]{1,500})>")
_BARE_ID = re.compile(r"[^\s<>,;]{1,400}@[^\s<>,;]{1,200}")
_WELL_KNOWN = re.compile(
    rb"(?:from|to|subject|date|received|return-path|message-id|mime-version|content-type"
    rb"|delivered-to|x-[a-z-]+|reply-to|cc|sender)[ \t]*:",
    re.IGNORECASE,
)


class Fields:
    """The fields of one header block: lower-case name → raw values in order, with the folds taken out."""

    def __init__(self) -> None:
        self.count = 0
        self.defects: list[str] = []
        self._values: dict[str, list[bytes]] = {}

    def add(self, name: str, value: bytes) -> None:
        """Note one more field."""
        self.count += 1
        self._values.setdefault(name, []).append(value)

    def first(self, name: str) -> bytes | None:
        """Return the first value of a field, or None."""
        values = self._values.get(name)
        return values[0] if values else None

    def all(self, name: str) -> list[bytes]:
        """Return every value of a field, in order."""
        return self._values.get(name, [])

    def plain(self, name: str) -> str:
        """Return the first value of a structured field as ASCII text in one line; empty when there is none."""
        value = self.first(name)
        return "" if value is None else value.decode("ascii", "replace").strip()


def split(raw: bytes) -> tuple[Fields, int]:
    """Find the header block at the start of `raw`.

    Returns:
        The fields and the offset at which the body begins.
    """
    fields = Fields()
    start = _leading_blank(raw)
    blank = _BLANK.search(raw, start)
    end, body = (blank.start(), blank.end()) if blank else (len(raw), len(raw))
    if not _opens_header(raw, start, end):
        return fields, start
    if end - start > MAX_BLOCK:
        fields.defects.append("header_too_large")
        end = start + MAX_BLOCK
    broken = _collect(raw[start:end], fields)
    if broken is not None:
        return fields, start + broken
    return fields, body


def _leading_blank(raw: bytes) -> int:
    """Return where the first line with something in it begins: some gateways put empty lines before the header."""
    blank = _EMPTY_LINES.match(raw)
    return blank.end() if blank else 0


def _opens_header(raw: bytes, start: int, end: int) -> bool:
    """Tell whether a header begins at `start`; a mail without any is all body."""
    if _NAME.match(raw, start) or raw.startswith((b"From ", b">From "), start):
        return True
    window = raw[start : min(end, start + 8192)]
    return any(_WELL_KNOWN.match(line) for line in _LINES.split(window))


def _collect(block: bytes, fields: Fields) -> int | None:
    """Read the fields of a block; return the offset of the line at which it turns out to be body already, else None."""
    at = broken = 0
    for line in _unfolded(block):
        size = len(line)
        if _NAME.match(line) and fields.count < MAX_FIELDS:
            name, _, value = line.partition(b":")
            if len(value) > MAX_FIELD:
                fields.defects.append("field_too_large")
                value = value[:MAX_FIELD]
            value = _FOLD.sub(b"", value) if b"\n" in value else value
            fields.add(name.strip().lower().decode("ascii"), value.strip(b" \t\r\n"))
        elif fields.count >= MAX_FIELDS:
            fields.defects.append("too_many_fields")
            return None
        elif not (at == 0 and line.startswith((b"From ", b">From "))) and line.strip():
            broken += 1
            if broken > _MAX_BROKEN or not _more_fields(block, at + size):
                fields.defects.append("header_without_end")
                return at
            fields.defects.append("broken_header_line")
        at += size
        at += 2 if block.startswith(b"\r\n", at) else 1
    return None


def _more_fields(block: bytes, at: int) -> bool:
    """Tell whether a well-known field still follows soon after a line that is none."""
    return any(_WELL_KNOWN.match(line) for line in _LINES.split(block[at : at + 4096]))


def _unfolded(block: bytes) -> list[bytes]:
    """Cut a block into fields, each with its continuation lines."""
    return re.split(rb"\r?\n(?![ \t])", block)


def clean(text: str, limit: int = MAX_SUBJECT) -> str:
    """Make text safe and short for one line: control, bidirectional and invisible characters out, white space to one blank."""
    return _UNSAFE.sub("", _SPACES.sub(" ", text[: limit * 4])).strip()[:limit]


def unstructured(value: bytes, hint: str = "") -> str:
    """Decode a free-text field (Subject, Comments): raw 8-bit bytes and encoded words."""
    return clean(words(raw_text(value, hint)))


def raw_text(value: bytes, hint: str = "") -> str:
    """Decode the raw bytes of a field and leave its encoded words as they are."""
    return charset.decode(value, "", hint)[0]


def words(text: str) -> str:
    """Replace encoded words (RFC 2047) by what they say.

    Neighbours of one charset are joined as bytes before they are decoded: many mailers split inside a character.
    """
    if "=?" not in text:
        return text
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


def message_ids(value: bytes) -> list[str]:
    """Return the Message-IDs of a References or In-Reply-To field, each `<…>`, at most the first and the last ones."""
    text = value.decode("utf_8", "replace")
    found = [f"<{one}>" for one in _ID.findall(text)]
    if not found:
        found = [f"<{one}>" for one in _BARE_ID.findall(text[:4000])]
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
    try:
        parts = parsedate_tz(value[:_MAX_DATE].decode("ascii", "replace"))
        if parts is None or parts[0] not in _YEARS:
            return None
        offset = timedelta(seconds=parts[9] or 0)
        if abs(offset.total_seconds()) >= _DAY_S:
            return None
        return datetime(*parts[:5], min(parts[5], 59), tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None

"""The tree of a mail: parts found on the raw bytes by their boundaries, outermost first, within fixed limits.

Cutting the outer multipart first means that an inner one that was never closed cannot swallow its neighbours.
"""

from __future__ import annotations

import binascii
import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from contactd.channels.email import block, charset, headers
from contactd.channels.email.hint import Hint

MAX_DEPTH = 50
"""Nesting below this is left as one opaque part."""
MAX_PARTS = 2000
_MAX_BOUNDARY = 2048
_MAX_PARAMS = 100
_MAX_KEPT = 80

_TYPE = re.compile(r"\s*([A-Za-z0-9!#$&^_.+\-]{1,100})/([A-Za-z0-9!#$&^_.+\-]{1,100})")
_PARAM_NAME = re.compile(r"[;\s]*([A-Za-z0-9_!#$&^.+\-]{1,80}(?:\*\d{1,3})?\*?)[ \t]{0,20}=[ \t]{0,20}")
_PARAM_VALUE = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))""", re.DOTALL)
_LONE_PARAM = re.compile(r"\s*([A-Za-z\-]{1,40})=(?:\"([^\"\\]*)\"|([^\s\";\\]+))\s*")
"""Nearly every list of parameters: a boundary or a charset alone."""
_SEGMENT = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?$")
_CHARSET_MARK = re.compile(r"([^']{0,40})'[^']{0,20}'")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_ESCAPED = re.compile(r"\\([\"\\])")
_DELIMITER_END = re.compile(rb"(--)?[ \t]*(?:\r?\n|\r|\Z)")
_LIKELY_DELIMITER = re.compile(
    rb"^--([^\s][^\r\n]{1,199}?)[ \t]*\r?\n(?=[Cc]ontent-[A-Za-z-]{2,30}:|\r?\n)", re.MULTILINE
)
_SEARCHED = 16 * 1024
_BASE64_ONLY = re.compile(rb"[A-Za-z0-9+/\s]*")
_BASE64_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\r\n"
_MAX_PADDING = 2
_PAD = 0x3D
_MAX_STRAYS = 1000
_NOT_BASE64 = bytes(
    byte for byte in range(256) if not (chr(byte).isascii() and chr(byte).isalnum()) and byte not in b"+/="
)
_UU_BEGIN = re.compile(rb"begin [0-7]{3,4} [^\r\n]{1,300}\r?\n")


@dataclass(slots=True)
class Part:
    """One node: its fields, its type, and either children or the bytes between `start` and `end` of the mail."""

    fields: block.Fields
    media_type: str
    params: Mapping[str, str]
    disposition: str
    disposition_params: Mapping[str, str]
    start: int
    end: int
    begin: int = 0
    """Where its fields begin."""
    children: list[Part] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        """Whether the part is a container whose children were found."""
        return bool(self.children)

    @property
    def content_id(self) -> str | None:
        """Content-ID without its brackets, or None."""
        value = headers.clean(self.fields.plain("content-id"), 300).strip("<> ")
        return value or None

    @property
    def file_name(self) -> str:
        """The name the sender gave the file, decoded but not yet made safe; empty when there is none."""
        return self.disposition_params.get("filename") or self.params.get("name") or ""


class Tree:
    """The parts of one raw mail and what was found wrong with them."""

    def __init__(self, raw: bytes, hint: str | Hint = "") -> None:
        self.raw = raw
        self.hint = hint
        self.defects: list[str] = []
        self._count = 0
        self.root = self._entity(0, len(raw), 0, "text/plain")

    def content(self, part: Part) -> bytes:
        """Return a leaf's bytes with the transfer encoding taken off."""
        data = self.raw[part.start : part.end]
        encoding = part.fields.plain("content-transfer-encoding").lower().strip(" \"';")
        decoded, fine = decode_transfer(data, encoding)
        if not fine:
            self.note("broken_transfer_encoding")
        return decoded

    def text(self, part: Part) -> str:
        """Return a text leaf as text; its lines end with a line feed alone."""
        data = self.content(part)
        label = part.params.get("charset", "")
        if not label and part.media_type == "text/html":
            label = _meta_charset(data)
        text, fine = charset.lines(data, label, self.hint)
        if not fine:
            self.note("wrong_charset")
        return text

    def note(self, defect: str) -> None:
        """Remember a defect once."""
        if defect not in self.defects:
            self.defects.append(defect)

    def _entity(self, start: int, end: int, depth: int, default_type: str) -> Part:
        """Read one entity: its header block, its type, and its children if it has any."""
        self._count += 1
        if start == 0 and end == len(self.raw):
            fields, offset = block.split(self.raw)
        elif self.raw.startswith((b"\r\n", b"\n"), start, end):
            fields, offset = block.Fields(), 2 if self.raw.startswith(b"\r\n", start) else 1
        else:
            fields, offset = block.split(self.raw[start : min(end, start + block.MAX_BLOCK)])
        for defect in fields.defects:
            self.note(defect)
        part = self._described(fields, start + offset, end, default_type)
        part.begin = start
        if part.media_type.startswith("multipart/"):
            self._divide(part, depth)
        return part

    def _described(self, fields: block.Fields, start: int, end: int, default_type: str) -> Part:
        """Make the part of its fields: type and disposition with their parameters."""
        media_type = default_type
        params: Mapping[str, str] = {}
        value = fields.first("content-type")
        if value is not None:
            read = _typed if len(value) > _MAX_KEPT else _typed_before
            media_type, params = read(headers.raw_text(value, self.hint), default_type)
        disposition = ""
        disposition_params: Mapping[str, str] = {}
        value = fields.first("content-disposition")
        if value is not None:
            text = headers.raw_text(value, self.hint)
            disposition = text.partition(";")[0].strip().lower()
            disposition_params = _parameters(text.partition(";")[2])
        return Part(fields, media_type, params, disposition, disposition_params, start, end)

    def _divide(self, part: Part, depth: int) -> None:
        """Find the children of a multipart; without any it is shown as plain text."""
        boundary = part.params.get("boundary", "")[:_MAX_BOUNDARY].encode("utf_8", "replace").rstrip()
        if depth >= MAX_DEPTH:
            self.note("too_deep")
            part.media_type = "application/octet-stream"
            return
        default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        if boundary:
            self._children(part, boundary, depth, default)
        if not part.children:
            seen = _LIKELY_DELIMITER.search(self.raw, part.start, min(part.end, part.start + _SEARCHED))
            if seen is not None:
                self.note("boundary_guessed")
                self._children(part, seen[1], depth, default)
        if not part.children:
            self.note("multipart_without_parts")
            part.media_type = "text/plain"

    def _children(self, part: Part, boundary: bytes, depth: int, default: str) -> None:
        """Read the children between the delimiters of one boundary."""
        for begin, end in self._regions(part, boundary):
            if self._count >= MAX_PARTS:
                self.note("too_many_parts")
                return
            part.children.append(self._entity(begin, end, depth + 1, default))

    def _regions(self, part: Part, boundary: bytes) -> Iterator[tuple[int, int]]:
        """Yield where each child begins and ends (without the line end before the next delimiter)."""
        raw, mark = self.raw, b"--" + boundary
        line = b"\n" + mark
        # One byte back: the line end of a delimiter may be what comes before the next one.
        at = part.start if raw.startswith(mark, part.start, part.end) else _next(raw, line, part.start - 1, part.end)
        begin: int | None = None
        while at >= 0:
            after = at + len(mark)
            tail = _DELIMITER_END.match(raw, after, part.end)
            if tail is not None:
                if begin is not None:
                    yield begin, max(begin, self._without_line_end(begin, at))
                if tail[1] is not None:
                    return
                begin = tail.end()
            at = _next(raw, line, after - 1, part.end)
        if begin is not None:
            self.note("multipart_without_end")
            yield begin, part.end

    def _without_line_end(self, begin: int, line: int) -> int:
        """Return the end of a child's bytes: the line end before a delimiter belongs to the delimiter."""
        end = line
        if end > begin and self.raw[end - 1 : end] == b"\n":
            end -= 1
        if end > begin and self.raw[end - 1 : end] == b"\r":
            end -= 1
        return end


def _next(raw: bytes, line: bytes, start: int, end: int) -> int:
    """Return where the next line that begins with a delimiter begins, or -1; `line` has the line feed before it, too."""
    found = raw.find(line, max(start, 0), end)
    return -1 if found < 0 else found + 1


def _typed(text: str, default_type: str) -> tuple[str, Mapping[str, str]]:
    """Read a Content-Type field."""
    match = _TYPE.match(text)
    params = _parameters(text.partition(";")[2])
    if match is None:
        bare = text.partition(";")[0].strip().lower()
        return {"text": "text/plain", "html": "text/html", "multipart": "multipart/mixed"}.get(
            bare, default_type
        ), params
    return f"{match[1]}/{match[2]}".lower(), params


_typed_before = lru_cache(maxsize=200)(_typed)
"""`_typed` for short values: few are in use, and they come again and again."""


def _parameters(text: str) -> dict[str, str]:
    """Read `; name=value` parameters: quoted, bare, RFC 2231 (charset, pieces), encoded words, raw 8-bit."""
    lone = _LONE_PARAM.fullmatch(text)
    if lone is not None:
        return {lone[1].lower(): headers.words(lone[3] if lone[2] is None else lone[2])}
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in _pairs(text):
        segment = _SEGMENT.match(name)
        if segment is None or (segment[2] is None and segment[3] is None):
            plain.setdefault(name, headers.words(value))
        else:
            pieces.setdefault(segment[1], {})[int(segment[2] or 0)] = value, segment[3] is not None
    for name, numbered in pieces.items():
        value = _extended(numbered)
        if value:
            plain[name] = value
    return plain


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield each name (lower case) and value, quotes taken off; what is no parameter is skipped up to the next `;`."""
    at = 0
    for _ in range(_MAX_PARAMS):
        head = _PARAM_NAME.match(text, at)
        if head is None:
            at = text.find(";", at + 1)
            if at < 0:
                return
            continue
        value = _PARAM_VALUE.match(text, head.end())
        if value is None:
            return
        yield head[1].lower(), _ESCAPED.sub(r"\1", value[1]) if value[1] is not None else value[2].strip()
        at = value.end()


def _extended(pieces: dict[int, tuple[str, bool]]) -> str:
    """Join the pieces of an RFC 2231 value as bytes and decode them by the charset of the first."""
    label, data = "", bytearray()
    first = min(pieces)
    for number in sorted(pieces):
        value, encoded = pieces[number]
        marked = _CHARSET_MARK.match(value) if number == first and encoded else None
        if marked is not None:
            label, value = marked[1], value[marked.end() :]
        raw = value.encode("utf_8", "replace")
        data += _PERCENT.sub(lambda pair: bytes((int(pair[1], 16),)), raw) if encoded else raw
    return headers.words(charset.decode(bytes(data), label)[0])


_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:\-]{2,40})", re.IGNORECASE)


def _meta_charset(data: bytes) -> str:
    """Return the charset an HTML document names for itself."""
    found = _META.search(data[:4096])
    return found[1].decode("ascii") if found else ""


def decode_transfer(data: bytes, encoding: str) -> tuple[bytes, bool]:
    """Take a transfer encoding off; False when the bytes did not keep to it (they are decoded as far as they go)."""
    if encoding.startswith("base64"):
        return _unbase64(data)
    if encoding.startswith("quoted"):
        return binascii.a2b_qp(data), True
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        return _unuu(data)
    return data, encoding in {"", "7bit", "8bit", "binary", "7-bit", "8-bit"}


def _unbase64(data: bytes) -> tuple[bytes, bool]:
    """Decode base64 that may be cut, joined from several pieces, or followed by a list's footer in plain text."""
    padding = data.translate(None, _BASE64_BYTES)
    if len(padding) <= _MAX_PADDING and data.rstrip().endswith(padding):
        with contextlib.suppress(binascii.Error):
            return binascii.a2b_base64(data), True
    out = bytearray()
    fine = True
    at = strays = 0
    while at < len(data):
        begin = at
        at = _end_of_run(data, at)
        while at < len(data) and data[at] != _PAD:
            # A character that is none: skip it, unless the padding was passed and this is text behind it.
            fine = False
            strays += 1
            if begin > 0 or strays > _MAX_STRAYS:
                at = len(data) if begin == 0 else at
                break
            at = _end_of_run(data, at + 1)
        digits = data[begin:at].translate(None, _NOT_BASE64).replace(b"=", b"")
        if begin > 0 and not fine:
            break
        fine = fine and len(digits) % 4 != 1
        out += headers.unbase64(digits.decode("ascii"))
        while at < len(data) and data[at] in b"= \t\r\n":
            at += 1
    return bytes(out), fine


def _end_of_run(data: bytes, at: int) -> int:
    """Return where the base64 characters and line ends that begin at `at` end."""
    run = _BASE64_ONLY.match(data, at)
    return run.end() if run else at


def _unuu(data: bytes) -> tuple[bytes, bool]:
    """Decode a uuencoded part, with or without its `begin` line."""
    begin = _UU_BEGIN.search(data)
    return unuu_lines(data[begin.end() if begin else 0 :].splitlines())


def unuu_lines(lines: list[bytes]) -> tuple[bytes, bool]:
    """Decode uuencoded lines up to `end`; False when a line was broken."""
    out = bytearray()
    fine = True
    for line in lines:
        if line.strip() in {b"end", b"`"}:
            break
        if not line.strip():
            continue
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders pad with garbage: read as many characters as the count asks for.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out += binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                fine = False
    return bytes(out), fine

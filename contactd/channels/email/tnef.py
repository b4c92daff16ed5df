"""TNEF (`winmail.dat`): the files, and the text, that Outlook hides in a form of its own ([MS-OXTNEF]).

Linear in its input; what is broken is left out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from contactd.channels.email import charset

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_FILES = 200
_MAX_ATTRIBUTES = 5000
_MAX_PROPERTIES = 2000
_RENDERING, _TITLE, _DATA, _PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_BODY, _CODEPAGE, _MESSAGE_PROPERTIES = 0x800C, 0x9007, 0x9003
_LONG_NAME, _NAME, _HTML, _CONTENT = 0x3707, 0x3001, 0x1013, 0x3701
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_TEXT8, _TEXT16, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0x0D
_NAMED = 0x8000
_MULTIPLE = 0x1000
_OBJECT_ID = 16


@dataclass(slots=True)
class Contents:
    """What was found."""

    files: list[tuple[str, bytes]] = field(default_factory=list)
    text: str = ""
    html: str = ""


def decode(data: bytes) -> Contents | None:
    """Return what a TNEF stream holds; None when it is none, or holds nothing that can be read."""
    if not data.startswith(SIGNATURE):
        return None
    reader = _Reader()
    for attribute, value in _attributes(data):
        reader.take(attribute, value)
    reader.end_file()
    found = reader.found
    return found if found.files or found.text or found.html else None


class _Reader:
    """Puts together what attributes say one after another."""

    def __init__(self) -> None:
        self.found = Contents()
        self._encoding = "cp1252"
        self._file: dict[str, bytes] | None = None

    def take(self, attribute: int, value: bytes) -> None:
        """Note one attribute."""
        if attribute == _CODEPAGE:
            self._encoding = f"cp{int.from_bytes(value[:4], 'little')}"
        elif attribute == _BODY:
            self.found.text = self._text(value)
        elif attribute == _MESSAGE_PROPERTIES:
            self.found.html = self._text(dict(_properties(value)).get(_HTML, b""))
        elif attribute == _RENDERING:
            self.end_file()
            self._file = {}
        elif self._file is not None:
            self._describe(self._file, attribute, value)

    def end_file(self) -> None:
        """Keep the file whose attributes came last."""
        if self._file is not None and len(self.found.files) < MAX_FILES:
            name = self._file.get("long") or self._file.get("name", b"")
            self.found.files.append((self._text(name), self._file.get("data") or self._file.get("content", b"")))
        self._file = None

    def _describe(self, file: dict[str, bytes], attribute: int, value: bytes) -> None:
        if attribute == _TITLE:
            file["name"] = value
        elif attribute == _DATA:
            file["data"] = value
        elif attribute == _PROPERTIES:
            known = dict(_properties(value))
            file["long"] = known.get(_LONG_NAME) or known.get(_NAME, b"")
            file["content"] = known.get(_CONTENT, b"")

    def _text(self, value: bytes) -> str:
        text, _ = charset.decode(value.rstrip(b"\x00"), self._encoding)
        return text


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (number, value) of each attribute as far as they are whole."""
    at = 6
    for _ in range(_MAX_ATTRIBUTES):
        if at + 9 > len(data):
            return
        _level, number, _kind, size = struct.unpack_from("<BHHI", data, at)
        end = at + 9 + size
        if end > len(data):
            return
        yield number, data[at + 9 : end]
        at = end + 2


def _properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (id, value) of the texts and bytes among MAPI properties; ends at the first that is not understood."""
    try:
        (count,) = struct.unpack_from("<I", data)
        at = 4
        for _ in range(min(count, _MAX_PROPERTIES)):
            kind, number = struct.unpack_from("<HH", data, at)
            at += 4
            if number >= _NAMED:
                (by_name,) = struct.unpack_from("<I", data, at + 16)
                at += 24
                if by_name:
                    (size,) = struct.unpack_from("<I", data, at - 4)
                    at += _padded(size)
            if kind & _MULTIPLE and kind not in (_TEXT8, _TEXT16, _BINARY):
                return
            if kind in _FIXED:
                at += _FIXED[kind]
                continue
            if kind not in (_TEXT8, _TEXT16, _BINARY, _OBJECT):
                return
            values, size = struct.unpack_from("<II", data, at)
            value = data[at + 8 : at + 8 + size]
            if values != 1 or len(value) < size:
                return
            at += 8 + _padded(size)
            if kind == _OBJECT:
                value = value[_OBJECT_ID:]
            yield number, value.decode("utf_16_le", "replace").encode() if kind == _TEXT16 else value
    except struct.error:
        return


def _padded(size: int) -> int:
    return size + -size % 4

"""How mail programs put words on the wire: their own ways, written here without a line of ours."""

from __future__ import annotations

import base64
import quopri
import textwrap
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

TO = "support@example.com"
AT = datetime(2026, 11, 20, 2, 30, 15, tzinfo=UTC)
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n" * 3
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it came, and what is to be understood of it."""

    name: str
    raw: bytes
    expected: dict[str, Any]
    shows: tuple[str, ...] = field(default=())
    """Words a person has to be able to read in it."""


def lines(*parts: bytes | str, end: bytes = b"\r\n") -> bytes:
    """Join lines; those that are text have to be ASCII."""
    made = [part.encode("ascii") if isinstance(part, str) else part for part in parts]
    return end.join(made).replace(b"\r\n", b"\n").replace(b"\n", end)


def b64(data: bytes, width: int = 76) -> bytes:
    """Return base64 in lines."""
    return "\r\n".join(textwrap.wrap(base64.b64encode(data).decode(), width)).encode()


def qp(data: bytes) -> bytes:
    """Return quoted-printable in lines."""
    return quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")


def crlf(text: str, charset: str) -> bytes:
    """Return text as bytes with the line ends of the wire."""
    return text.replace("\n", "\r\n").encode(charset)


def word(text: str, charset: str = "utf-8", label: str = "", way: str = "B") -> bytes:
    """Return one encoded word, however long, as many programs write it."""
    data = text.encode(charset)
    if way == "B":
        said = base64.b64encode(data).decode()
    else:
        said = "".join(chr(c) if chr(c).isalnum() and c < 128 else "_" if c == 32 else f"={c:02X}" for c in data)
    return f"=?{label or charset}?{way}?{said}?=".encode()


def folded(text: str, charset: str = "utf-8", label: str = "", way: str = "B", size: int = 42) -> bytes:
    """Return encoded words of `size` bytes each, folded: cut where the bytes happen to end, also inside a character."""
    data = text.encode(charset)
    out = []
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        said = base64.b64encode(piece).decode() if way == "B" else "".join(f"={c:02X}" for c in piece)
        out.append(f"=?{label or charset}?{way}?{said}?=")
    return "\r\n ".join(out).encode()


def whole(text: str, charset: str = "utf-8", label: str = "", size: int = 12) -> bytes:
    """Return encoded words of `size` characters each, folded as the standard wants it."""
    return b"\r\n ".join(word(text[at : at + size], charset, label) for at in range(0, len(text), size))


def rfc2231(text: str, charset: str = "UTF-8", name: str = "filename", size: int = 0) -> bytes:
    """Return a parameter in the form of RFC 2231, in pieces of about `size` letters where that is given."""
    said = quote(text.encode(charset), safe="")
    if not size:
        return f"{name}*={charset}''{said}".encode()
    pieces: list[str] = []
    while said:
        cut = size if "%" not in said[size - 2 : size] else said.rfind("%", 0, size)
        pieces.append(said[:cut])
        said = said[cut:]
    made = [f"{name}*{n}*={charset + chr(39) * 2 if n == 0 else ''}{one}" for n, one in enumerate(pieces)]
    return ";\r\n ".join(made).encode()


def page(body: str, *, style: str = "", signature: str = "") -> str:
    """Return HTML as a mail program makes it of paragraphs."""
    shown = body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    paragraphs = "".join(f"<p{style}>{line or '&nbsp;'}</p>\n" for line in shown.split("\n"))
    return f"<html><head><meta charset=utf-8></head><body>\n{paragraphs}{signature}</body></html>\n"

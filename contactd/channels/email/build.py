"""`build`: a mail out of its parts, by a header builder of our own that cannot be talked into a second header.

Line ends are CRLF, header text is ASCII (encoded words in UTF-8), file names follow RFC 2231.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Literal, NoReturn

import idna

from contactd.channels.email.addresses import Mailbox
from contactd.core.errors import BadRequestError
from contactd.core.message import NewAttachment

MAX_REFERENCES = 20
_LINE = 76
_WORD_BYTES = 42
"""UTF-8 bytes in one encoded word: 56 characters of base64 and 12 around them stay under 75 (RFC 2047 section 2)."""
_FORBIDDEN = re.compile(r"[\r\n\x00]")
_PLAIN = re.compile(r"[ -~]*")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&*+/?^_`{|}~ -]+")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.?){1,127}|\[[0-9A-Fa-f:.]{2,50}\]")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,480}>")
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,80}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_ATTRIBUTE_CHARS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`{|}~")
_PIECE = 54
_ASCII_NAME = re.compile(r"[A-Za-z0-9 !#$&+^_{}~.,()@-]{1,60}")
_MOSTLY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class OutMail:
    """A mail to be written.  Names, subject and file names may be any text without line breaks."""

    sender: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    subject: str = ""
    text: str = ""
    html: str | None = None
    attachments: tuple[NewAttachment, ...] = ()
    message_id: str
    date: datetime
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    """Oldest first; the first and the last nineteen are written."""
    charset: Literal["utf-8", "gb18030"] = "utf-8"
    """Of text and header values; file names stand in UTF-8 (RFC 2231)."""
    extra: tuple[tuple[str, str], ...] = ()
    """Further fields of ours (`Auto-Submitted` for automatic answers)."""


def build(mail: OutMail) -> bytes:
    """Write `mail` as RFC 5322 bytes with CRLF line ends.

    Raises:
        BadRequestError: a line break or NUL in a header value, or an address, id or type that is none.
    """
    head = _Head(mail.charset)
    head.boxes("From", (mail.sender,))
    head.boxes("To", mail.to)
    head.boxes("Cc", mail.cc)
    head.boxes("Reply-To", mail.reply_to)
    head.text("Subject", mail.subject)
    head.plain("Date", format_datetime(mail.date))
    head.plain("Message-ID", _checked_id(mail.message_id))
    if mail.in_reply_to:
        head.plain("In-Reply-To", _checked_id(mail.in_reply_to))
    if mail.references:
        head.folded("References", [_checked_id(one) for one in bounded(mail.references)])
    for name, value in mail.extra:
        head.text(name, value)
    head.plain("MIME-Version", "1.0")
    return head.bytes() + _body(mail)


def _refuse(text: str, field: str) -> NoReturn:
    """Refuse one field."""
    raise BadRequestError(text, field=field)


def bounded(references: Iterable[str]) -> tuple[str, ...]:
    """Keep the thread's root and its latest ids: a field that grows with every answer is cut by mail systems."""
    unique = tuple(dict.fromkeys(references))
    return unique if len(unique) <= MAX_REFERENCES else (unique[0], *unique[-(MAX_REFERENCES - 1) :])


class _Head:
    """Writes header fields; every value passes through `_put`, which lets no line break pass."""

    def __init__(self, charset: str) -> None:
        self._lines: list[str] = []
        self._charset = charset

    def bytes(self) -> bytes:
        """Return the fields written so far, without the empty line behind them."""
        return "".join(self._lines).encode("ascii")

    def plain(self, name: str, value: str) -> None:
        """Write an ASCII value on one line."""
        self._put(name, [value])

    def text(self, name: str, value: str) -> None:
        """Write free text: as it is where that is safe, else in encoded words."""
        refuse_breaks(value, name)
        if value and _is_simple(value):
            self._put(name, _wrapped(value, len(name) + 2))
        elif value:
            self._put(name, encoded_words(value, self._charset))
        else:
            self._put(name, [""])

    def boxes(self, name: str, boxes: tuple[Mailbox, ...]) -> None:
        """Write an address list; nothing for an empty one."""
        pieces: list[str] = []
        for number, box in enumerate(boxes, 1):
            written = mailbox(*box, field=name, charset=self._charset)
            pieces += [*written[:-1], written[-1] + ("," if number < len(boxes) else "")]
        if pieces:
            self._put(name, pieces)

    def folded(self, name: str, values: list[str]) -> None:
        """Write values one a line."""
        self._put(name, values)

    def _put(self, name: str, pieces: list[str]) -> None:
        """Write a field, its pieces on lines of their own."""
        if not _FIELD.fullmatch(name):
            _refuse("that is no header name", name)
        for piece in pieces:
            refuse_breaks(piece, name)
            if not piece.isascii():
                _refuse("a header value may be ASCII only", name)
        self._lines.append(f"{name}: " + "\r\n ".join(pieces) + "\r\n")


def refuse_breaks(value: str, field: str) -> None:
    """Refuse what could end a header line.

    Raises:
        BadRequestError: there is a CR, LF or NUL in `value`.
    """
    if _FORBIDDEN.search(value):
        _refuse("a line break is not allowed here", field.lower())


def _is_simple(value: str) -> bool:
    """Tell whether text can stand in a header as it is and be read back the same."""
    if not _PLAIN.fullmatch(value) or "=?" in value or "  " in value or value != value.strip():
        return False
    return all(len(word) < _LINE - 1 for word in value.split(" "))


def _wrapped(value: str, used: int) -> list[str]:
    """Break text at blanks into lines of at most 76 characters; a fold reads as one blank."""
    lines: list[str] = []
    line = ""
    for word in value.split(" "):
        if line and used + len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line, used = word, 1
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def encoded_words(value: str, charset: str = "utf-8") -> list[str]:
    """Return `value` as encoded words (RFC 2047) in base64, cut between characters."""
    words: list[str] = []
    chunk = b""
    for char in value:
        encoded = char.encode(charset, "replace")
        if len(chunk) + len(encoded) > _WORD_BYTES:
            words.append(_word(chunk, charset))
            chunk = b""
        chunk += encoded
    return [*words, _word(chunk, charset)]


def _word(chunk: bytes, charset: str) -> str:
    """Write one encoded word."""
    return f"=?{charset.upper()}?B?{base64.b64encode(chunk).decode('ascii')}?="


def mailbox(name: str, address: str, *, field: str, charset: str = "utf-8") -> list[str]:
    """Write one mailbox in pieces that may stand on lines of their own, its name quoted or encoded, its domain in ASCII.

    Raises:
        BadRequestError: the name breaks the line, or the address is none.
    """
    refuse_breaks(name, field)
    spec = wire_address(address, field=field)
    if not name:
        return [spec]
    if not _is_simple(name) or len(name) > _LINE:
        return [*encoded_words(name, charset), f"<{spec}>"]
    if _ATOM.fullmatch(name):
        return [f"{name} <{spec}>"]
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return [f'"{escaped}" <{spec}>']


def wire_address(address: str, *, field: str) -> str:
    """Return an address as SMTP takes it, an international domain in its ASCII form.

    Raises:
        BadRequestError: it is no address, or its local part is not ASCII.
    """
    refuse_breaks(address, field)
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            _refuse("that is no mail domain", field.lower())
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(domain) > 253:  # noqa: PLR2004 - RFC 1035
        _refuse("that is no mail address", field.lower())
    return f"{local}@{domain}"


def _checked_id(value: str) -> str:
    """Let only a well-formed `<…>` id into a header."""
    if not _MESSAGE_ID.fullmatch(value):
        _refuse("that is no message id", "message_id")
    return value


def _body(mail: OutMail) -> bytes:
    """Write everything behind the header: the fields of the body and the body."""
    seed = hashlib.sha256(mail.message_id.encode()).hexdigest()[:24]
    parts = [_text_part(mail.text, "plain", mail.charset)]
    if mail.html is not None:
        shown = _text_part(mail.html, "html", mail.charset)
        own = [_file_part(one) for one in mail.attachments if _is_within(one)]
        if own:
            # RFC 2387: the pictures of a page stand beside it, not among the files.
            shown = _multipart("related", [shown, *own], f"r-{seed}", mail)
        parts = [_multipart("alternative", [*parts, shown], f"a-{seed}", mail)]
    files = [_file_part(one) for one in mail.attachments if mail.html is None or not _is_within(one)]
    if files:
        parts = [_multipart("mixed", [*parts, *files], f"m-{seed}", mail)]
    return parts[0]


def _is_within(file: NewAttachment) -> bool:
    """Tell whether a file is a picture of the HTML, named there by its Content-ID."""
    return file.inline and bool(file.content_id)


def _multipart(subtype: str, parts: list[bytes], boundary: str, mail: OutMail) -> bytes:
    """Put parts between boundaries that occur in none of them."""
    content = b"".join(parts)
    while f"--{boundary}".encode() in content:
        boundary = hashlib.sha256((boundary + mail.message_id).encode()).hexdigest()[:26]
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode() + body + mark + b"--\r\n"


def _text_part(text: str, subtype: str, charset: str) -> bytes:
    """Write a text part: quoted-printable where most of it is ASCII, else base64."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    data = (lines if lines.endswith("\n") else f"{lines}\n").encode(charset, "replace")
    many = sum(1 for byte in data if byte >= 0x80) * _MOSTLY > len(data)  # noqa: PLR2004 - outside ASCII
    if many:
        encoding, body = "base64", _base64(data.replace(b"\n", b"\r\n"))
    else:
        encoding, body = "quoted-printable", binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


def _base64(data: bytes) -> bytes:
    """Write base64 in lines of 76."""
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def _file_part(file: NewAttachment) -> bytes:
    """Write an attachment."""
    if not _TYPE.fullmatch(file.media_type):
        _refuse("that is no media type", "attachments")
    refuse_breaks(file.name, "attachments")
    media_type = file.media_type.lower()
    if media_type.startswith(("multipart/", "message/")):
        media_type = "application/octet-stream"
    lines = [f"Content-Type: {media_type}"]
    if not _ASCII_NAME.fullmatch(file.name):
        # Old clients read the name from here, and only as an encoded word.
        words = encoded_words(file.name)
        lines[0] += ';\r\n name="' + "\r\n ".join(words) + '"'
    lines.append("Content-Transfer-Encoding: base64")
    if file.content_id:
        lines.append(f"Content-ID: {_checked_id(f'<{file.content_id}>')}")
    kind = "inline" if file.inline else "attachment"
    lines.append(f"Content-Disposition: {kind}" + "".join(f";\r\n {piece}" for piece in _file_name(file.name)))
    return "\r\n".join([*lines, "", ""]).encode("ascii") + _base64(file.data)


def _file_name(name: str) -> list[str]:
    """Write a file name as parameters: quoted when plain, else RFC 2231, in pieces when long."""
    if _ASCII_NAME.fullmatch(name):
        return [f'filename="{name}"']
    data = name.encode("utf_8", "replace")
    tokens = [chr(byte) if byte in _ATTRIBUTE_CHARS else f"%{byte:02X}" for byte in data]
    pieces = [""]
    for token in tokens:
        if len(pieces[-1]) + len(token) > _PIECE:
            pieces.append("")
        pieces[-1] += token
    if len(pieces) == 1:
        return [f"filename*=UTF-8''{pieces[0]}"]
    pieces[0] = f"UTF-8''{pieces[0]}"
    return [f"filename*{number}*={piece}" for number, piece in enumerate(pieces)]

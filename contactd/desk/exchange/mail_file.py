"""Mails kept by another program: an mbox file (RFC 4155), a folder of single mails, or a zip of either, one after the other.

Nothing is held but the mail at hand, however large the file is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import HeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePath
from typing import IO, Protocol

from contactd.core.errors import BadRequestError
from contactd.desk.exchange.bundle import BROKEN, Zip
from contactd.desk.exchange.sheet import Line, Sheet

MAX_MAIL = 64 * 1024 * 1024
MAX_MAILS = 2_000_000
_LINE = 1024 * 1024
_HEAD = 64 * 1024
_FROM = b"From "
_QUOTED = re.compile(rb"^>+From ")
_ENDINGS = (".eml", ".mail", ".msg822")
_BOXES = (".mbox", ".mbx")
HEADERS = ("Date", "From", "To", "Subject", "Message-ID")
"""What is shown of a mail before it is taken over, and in a result file."""
_SHOWN = 300
_DATE = re.compile(rb"^date:[ \t]*([^\r\n]{6,100})", re.IGNORECASE | re.MULTILINE)
_POSTMARK = re.compile(rb"^From \S+ +(?:\w{3} )?(\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (?:[+\-A-Z0-9]+ )?(\d{4})")


class Lines(Protocol):
    """What is read line by line."""

    def readline(self, size: int, /) -> bytes:
        """Return the next line, or `size` bytes of it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail of a file: its number, its bytes (empty where it is too large), and when its postmark says it came."""

    number: int
    raw: bytes
    postmark: datetime | None = None
    too_large: bool = False


def letters(path: Path, name: str = "") -> Iterator[Letter]:
    """Yield the mails of an mbox file in its order, or those of a folder or a zip by their dates.

    Args:
        path: the file or folder.
        name: what the file was called, where its path does not say it.

    Raises:
        BadRequestError: it is none of these, or holds more than may be.
    """
    if path.is_dir():
        yield from _of_folder(path)
        return
    with path.open("rb") as file:
        start = file.read(len(_FROM))
    if start.startswith(b"PK\x03\x04"):
        yield from _of_zip(path)
        return
    if start != _FROM:
        ending = PurePath(name or path.name).suffix.lower()
        raw = path.open("rb").read(MAX_MAIL + 1) if ending in _ENDINGS else b""
        if not raw:
            message = "this is no mbox file: its first line does not begin with 'From '"
            raise BadRequestError(message, code="no_mbox", field="file")
        yield _letter(1, raw, None)
        return
    with path.open("rb") as file:
        yield from _of_mbox(file)


def files_of(folder: Path) -> list[Path]:
    """Return the single mails below a folder, in the order of their dates; links are not followed.

    Raises:
        BadRequestError: there are none, or too many.
    """
    found: list[tuple[datetime, str, Path]] = []
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file() or path.suffix.lower() not in _ENDINGS:
            continue
        with path.open("rb") as file:
            found.append((_date_of(file.read(_HEAD)), str(path), path))
        if len(found) > MAX_MAILS:
            raise _too_many()
    if not found:
        message = "there is no .eml file in this folder"
        raise BadRequestError(message, code="empty", field="file")
    return [path for _, _, path in sorted(found)]


def _of_folder(folder: Path) -> Iterator[Letter]:
    for number, path in enumerate(files_of(folder), 1):
        with path.open("rb") as file:
            yield _letter(number, file.read(MAX_MAIL + 1), None)


def _of_zip(path: Path) -> Iterator[Letter]:
    """Yield the mails of a zip: those of each mbox file in its order, then the single ones by their dates."""
    packed = Zip(path)
    try:
        names = [name for name, _ in packed.names()]
        count = 0
        for name in sorted(one for one in names if one.lower().endswith(_BOXES)):
            with packed.open(name) as file:
                for letter in _of_mbox(_Safe(file)):
                    count += 1
                    yield replace(letter, number=count)
        single = []
        for name in names:
            if name.lower().endswith(_ENDINGS):
                with packed.open(name) as file:
                    single.append((_date_of(_Safe(file).read(_HEAD)), name))
        for _, name in sorted(single):
            count += 1
            with packed.open(name) as file:
                yield _letter(count, _Safe(file).read(MAX_MAIL + 1), None)
        if not count:
            message = "there is no .mbox and no .eml file in this zip"
            raise BadRequestError(message, code="empty", field="file")
    finally:
        packed.close()


class _Safe:
    """A file of a zip whose damage is told as such."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        return self._whole(self._file.read, size)

    def readline(self, size: int) -> bytes:
        """Return the next line, or as much of it."""
        return self._whole(self._file.readline, size)

    def _whole(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            return read(size)
        except (*BROKEN, OSError) as error:
            message = "the zip is damaged"
            raise BadRequestError(message, code="damaged", field="file") from error


def sheet_of(path: Path, name: str = "") -> Sheet:
    """Return what mails say about themselves as a table, one a row, to be looked at.

    Raises:
        BadRequestError: as `letters`.
    """
    lines = (Line(one.number, _about(one)) for one in letters(path, name))
    return Sheet("mails", "", HEADERS, lines)


def _about(letter: Letter) -> tuple[str, ...]:
    head = letter.raw[:_HEAD]
    text = head.decode("utf-8", "ignore") if _is_utf8(head) else head.decode("gb18030", "replace")
    found = HeaderParser().parsestr(text, headersonly=True)
    return tuple(_readable(str(found.get(name) or ""))[:_SHOWN] for name in HEADERS)


def _is_utf8(head: bytes) -> bool:
    try:
        head[: _HEAD - 4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head[: _HEAD - 4]) - 4 and len(head) == _HEAD
    return True


def _readable(value: str) -> str:
    """Return a header as people read it (RFC 2047); one that is wrong stays as it is."""
    with suppress(ValueError, LookupError, HeaderParseError):
        value = str(make_header(decode_header(value)))
    return " ".join(value.split())


def _date_of(head: bytes) -> datetime:
    found = _DATE.search(head)
    try:
        at = parsedate_to_datetime(found[1].decode("ascii", "replace")) if found else None
    except (ValueError, TypeError, OverflowError):
        at = None
    if at is None:
        return datetime.max.replace(tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _of_mbox(file: Lines) -> Iterator[Letter]:
    """Cut at postmarks that follow an empty line; a quoted one belongs to the text."""
    number, size, empty = 0, 0, True
    held: list[bytes] = []
    postmark: datetime | None = None
    while line := file.readline(_LINE):
        if empty and line.startswith(_FROM):
            if number:
                yield _letter(number, _joined(held), postmark, too_large=size > MAX_MAIL)
            number, size, held, postmark = number + 1, 0, [], _postmark(line)
            if number > MAX_MAILS:
                raise _too_many()
            empty = False
            continue
        empty = line in {b"\n", b"\r\n"}
        size += len(line)
        if size <= MAX_MAIL:
            held.append(line[1:] if _QUOTED.match(line) else line)
    if number:
        yield _letter(number, _joined(held), postmark, too_large=size > MAX_MAIL)


def _joined(lines: list[bytes]) -> bytes:
    """Put a mail together, without the empty line that ends it in the file."""
    if len(lines) > 1 and lines[-1] in {b"\n", b"\r\n"}:
        lines = lines[:-1]
    return b"".join(lines)


def _letter(number: int, raw: bytes, postmark: datetime | None, *, too_large: bool = False) -> Letter:
    if too_large or len(raw) > MAX_MAIL:
        return Letter(number, b"", postmark, too_large=True)
    return Letter(number, raw, postmark)


def _postmark(line: bytes) -> datetime | None:
    found = _POSTMARK.match(line)
    if found is None:
        return None
    month, day, clock, year = (part.decode() for part in found.groups())
    try:
        return datetime.strptime(f"{year} {month} {day} {clock} +0000", "%Y %b %d %H:%M:%S %z")
    except ValueError:
        return None


def _too_many() -> BadRequestError:
    return BadRequestError(f"more than {MAX_MAILS} mails", code="too_large", field="file")

"""Mails kept by another program: an mbox file (RFC 4155) or a folder of single mails, one after the other.

Nothing is held but the mail at hand, however large the file is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from contactd.core.errors import BadRequestError

MAX_MAIL = 64 * 1024 * 1024
MAX_MAILS = 2_000_000
_LINE = 1024 * 1024
_HEAD = 64 * 1024
_FROM = b"From "
_QUOTED = re.compile(rb"^>+From ")
_ENDINGS = (".eml", ".mail", ".msg822")
_DATE = re.compile(rb"^date:[ \t]*([^\r\n]{6,100})", re.IGNORECASE | re.MULTILINE)
_POSTMARK = re.compile(rb"^From \S+ +(?:\w{3} )?(\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (?:[+\-A-Z0-9]+ )?(\d{4})")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail of a file: its number, its bytes (empty where it is too large), and when its postmark says it came."""

    number: int
    raw: bytes
    postmark: datetime | None = None
    too_large: bool = False


def letters(path: Path) -> Iterator[Letter]:
    """Yield the mails of an mbox file in its order, or those of a folder by their dates.

    Raises:
        BadRequestError: it is neither, or holds more than may be.
    """
    if path.is_dir():
        yield from _of_folder(path)
        return
    with path.open("rb") as file:
        start = file.read(len(_FROM))
    if start != _FROM:
        raw = path.open("rb").read(MAX_MAIL + 1) if path.suffix.lower() in _ENDINGS else b""
        if not raw:
            message = "this is no mbox file: its first line does not begin with 'From '"
            raise BadRequestError(message, code="no_mbox", field="file")
        yield _letter(1, raw, None)
        return
    yield from _of_mbox(path)


def files_of(folder: Path) -> list[Path]:
    """Return the single mails below a folder, in the order of their dates; links are not followed.

    Raises:
        BadRequestError: there are none, or too many.
    """
    found: list[tuple[datetime, str, Path]] = []
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file() or path.suffix.lower() not in _ENDINGS:
            continue
        found.append((_date_of(path), str(path), path))
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


def _date_of(path: Path) -> datetime:
    with path.open("rb") as file:
        found = _DATE.search(file.read(_HEAD))
    try:
        at = parsedate_to_datetime(found[1].decode("ascii", "replace")) if found else None
    except (ValueError, TypeError, OverflowError):
        at = None
    if at is None:
        return datetime.max.replace(tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _of_mbox(path: Path) -> Iterator[Letter]:
    """Cut at postmarks that follow an empty line; a quoted one belongs to the text."""
    number, size, empty = 0, 0, True
    held: list[bytes] = []
    postmark: datetime | None = None
    with path.open("rb") as file:
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

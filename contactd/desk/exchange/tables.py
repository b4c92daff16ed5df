"""Tables people bring, opened where a hostile one harms nobody: what has to be unpacked is unpacked in a worker process.

An Excel file keeps its texts apart from its rows, so reading the first row needs all of them in memory, a gigabyte at worst.
A worker does that under limits of memory and time, and writes the rows down one after the other; the server reads those.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from contactd.core.errors import BadRequestError, WorkerDiedError
from contactd.desk.exchange.bundle import BROKEN, Zip, is_zip
from contactd.desk.exchange.sheet import MAX_BYTES, Cell, Faulty, Line, Sheet, form_of, open_sheet, too_large

Work = Callable[..., Awaitable[Any]]
MAX_WRITTEN = 2 * 1024 * 1024 * 1024
"""Bytes the rows of one table may take: a text that stands in many cells is kept once in the file and once a cell here."""
HEAD = 20
"""Rows of a head."""
_PACKED = "xlsx"
_CHUNK = 1024 * 1024
XLSX_READER = "contactd.desk.exchange.xlsx_sheet"
"""The module a worker imports before its limits hold: what it brings along takes memory, too."""


class Tables:
    """Opens tables."""

    def __init__(self, folder: Path | None = None, work: Work | None = None) -> None:
        """Unpack with `work` into `folder`, which is emptied first; without them in this process, as a command does."""
        self._folder = folder
        self._work = work
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700, parents=True)

    async def head(self, path: Path, *, form: str = "", encoding: str = "") -> Sheet:
        """Open a file for its headers and its first rows only.

        Raises:
            BadRequestError: as `open_sheet`, or it takes more memory or time than a table may.
        """
        return await self._opened(path, form, encoding, self._head)

    async def _opened(self, path: Path, form: str, encoding: str, how: Callable[..., Awaitable[Sheet]]) -> Sheet:
        """Open a table, also one that is packed in a zip with the files it names: it lies unpacked for as long as it is read."""
        unpacked = await asyncio.to_thread(_unpacked, path, self._folder)
        if unpacked is None:
            return await how(path, form, encoding)
        try:
            sheet = await how(unpacked, form, encoding)
        except BaseException:
            unpacked.unlink(missing_ok=True)
            raise
        lines = _each(sheet.lines)
        weakref.finalize(lines, unpacked.unlink, missing_ok=True)
        return Sheet(sheet.format, sheet.encoding, sheet.headers, lines)

    async def _head(self, path: Path, form: str, encoding: str) -> Sheet:
        if self._work is None or await asyncio.to_thread(form_of, path, form) != _PACKED:
            return await asyncio.to_thread(open_sheet, path, form=form, encoding=encoding)
        headers, lines = await self._told(head_of, str(path))
        return Sheet(_PACKED, "", tuple(headers), iter([_line(one) for one in lines]))

    async def whole(self, path: Path, *, form: str = "", encoding: str = "") -> Sheet:
        """Open a file.

        Raises:
            BadRequestError: as `head`.
        """
        return await self._opened(path, form, encoding, self._whole)

    async def _whole(self, path: Path, form: str, encoding: str) -> Sheet:
        if self._work is None or self._folder is None or await asyncio.to_thread(form_of, path, form) != _PACKED:
            return await asyncio.to_thread(open_sheet, path, form=form, encoding=encoding)
        target = self._folder / secrets.token_hex(16)
        try:
            headers = await self._told(write_down, str(path), str(target))
            # Open from now on, and without a name: whatever becomes of the reader, nothing is left behind.
            rows = target.open("rb")
        finally:
            target.unlink(missing_ok=True)
        return Sheet(_PACKED, "", tuple(headers), _lines(rows))

    async def _told(self, task: Callable[..., Any], *given: str) -> Any:
        assert self._work is not None  # noqa: S101 - both callers have asked
        try:
            return await self._work(task, *given)
        except WorkerDiedError as error:
            message = "the Excel file takes more memory or time than a table may: save it as CSV"
            raise BadRequestError(message, code="too_large", field="file") from error


def _unpacked(path: Path, folder: Path | None) -> Path | None:
    """Write the table of a zip down by itself; None: it is a table already.

    Raises:
        BadRequestError: the zip is damaged, holds too much or no table, or its table is too large.
    """
    if not is_zip(path):
        return None
    packed = Zip(path)
    try:
        name = packed.table()
        if name is None:
            return None
        with packed.open(name) as source:
            return _written(source, folder)
    finally:
        packed.close()


def _written(source: IO[bytes], folder: Path | None) -> Path:
    """Write a table down in a file of its own; nothing is left of one that cannot be read to its end."""
    handle, name = tempfile.mkstemp(prefix="table-", dir=folder)
    target = Path(name)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - a handle has no path
            _copy(source, file)
    except BaseException:
        target.unlink()
        raise
    return target


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    left = MAX_BYTES
    while chunk := _piece(source):
        left -= len(chunk)
        if left < 0:
            raise too_large(MAX_BYTES - left)
        target.write(chunk)


def _piece(source: IO[bytes]) -> bytes:
    try:
        return source.read(_CHUNK)
    except BROKEN as error:
        message = "the zip is damaged"
        raise BadRequestError(message, code="damaged", field="file") from error


def _each(lines: Iterator[Line]) -> Iterator[Line]:
    """Hand lines on as a thing of its own, whose end can be waited for."""
    yield from lines


def head_of(path: str) -> tuple[tuple[str, ...], list[Any]]:
    """Return an Excel file's headers and its first rows; runs in a worker."""
    sheet = open_sheet(Path(path), form=_PACKED)
    return sheet.headers, [_plain(line) for line in islice(sheet.lines, HEAD)]


def write_down(path: str, target: str) -> tuple[str, ...]:
    """Write an Excel file's rows to `target`, a line of JSON each, and return its headers; runs in a worker.

    Raises:
        BadRequestError: it cannot be read, or its rows take too much room.
    """
    sheet = open_sheet(Path(path), form=_PACKED)
    written = 0
    with Path(target).open("wb") as file:
        for line in sheet.lines:
            row = json.dumps(_plain(line), ensure_ascii=True).encode() + b"\n"
            written += len(row)
            if written > MAX_WRITTEN:
                message = "the file grows too large when it is unpacked"
                raise BadRequestError(message, code="too_large", field="file")
            file.write(row)
    return sheet.headers


def _lines(rows: Any) -> Iterator[Line]:
    with rows:
        for row in rows:
            yield _line(json.loads(row))


def _plain(line: Line) -> list[Any]:
    return [line.number, *([one.reason, one.shown] if isinstance(one, Faulty) else one for one in line.cells)]


def _line(plain: list[Any]) -> Line:
    return Line(plain[0], tuple(_cell(one) for one in plain[1:]))


def _cell(plain: Any) -> Cell:
    return Faulty(*plain) if isinstance(plain, list) else str(plain)

"""Excel files (.xlsx): the first sheet, values only.

A number that was typed as a number (13800138000) is read without `.0`; one that Excel rounded (more than 15 digits) and a
formula are faults, since nobody can tell what was meant.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from contactd.core.errors import BadRequestError
from contactd.desk.exchange.sheet import MAX_COLUMNS, MAX_ROWS, Cell, Faulty, Line, Sheet, cell, too_many_rows

MAX_UNPACKED = 1024 * 1024 * 1024
MAX_RATIO = 200
MAX_PARTS = 2_000
MAX_GROWTH = 10_000_000
"""What a small file may grow to whatever its ratio."""
_EXACT = 10**15
"""From here on Excel keeps no more digits of a number."""


def read(path: Path) -> Sheet:
    """Open an Excel file.

    Raises:
        BadRequestError: it is damaged, grows too large, or names no columns.
    """
    _bounded(path)
    try:
        book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_col=MAX_COLUMNS)
        names = _names(next(rows, ()))
    except (InvalidFileException, KeyError, ValueError, IndexError, OSError, zipfile.BadZipFile, SyntaxError) as error:
        message = f"the Excel file cannot be read: {type(error).__name__}"
        raise BadRequestError(message, code="damaged", field="file") from None
    if not names:
        message = f"the first row must name the columns, {MAX_COLUMNS} at most"
        raise BadRequestError(message, code="no_header", field="file")
    return Sheet("xlsx", "", names, _lines(rows, len(names)))


def _bounded(path: Path) -> None:
    """Refuse an archive that would grow out of all proportion."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
    except (zipfile.BadZipFile, OSError):
        message = "the file is no Excel file"
        raise BadRequestError(message, code="damaged", field="file") from None
    packed = max(path.stat().st_size, 1)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or unpacked > MAX_GROWTH + packed * MAX_RATIO:
        message = "the file grows too large when it is unpacked"
        raise BadRequestError(message, code="too_large", field="file")


def _names(row: Any) -> tuple[str, ...]:
    names = [str(one.value).strip() if one.value is not None else "" for one in row]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _lines(rows: Iterator[Any], width: int) -> Iterator[Line]:
    for number, row in enumerate(rows, 2):
        if number > MAX_ROWS + 1:
            raise too_many_rows()
        cells = tuple(_cell(one) for one in row[:width])
        if any(cells):
            yield Line(number, cells + ("",) * (width - len(cells)))


def _cell(one: Any) -> Cell:
    """Read one cell as the text a person sees."""
    value = one.value
    if value is None:
        return ""
    if one.data_type == "f":
        return Faulty("formula", str(getattr(value, "text", value))[:40])
    if one.data_type == "e":
        return Faulty("error_value", str(value)[:40])
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.time() == time() else "%Y-%m-%d %H:%M:%S")
    return _number(value) if isinstance(value, int | float) else cell(str(value))


def _number(value: float) -> Cell:
    """Read a number, or a truth value as 1 and 0."""
    if abs(value) >= _EXACT:
        return Faulty("digits_lost", str(value))
    return str(int(value)) if value == int(value) else repr(value)

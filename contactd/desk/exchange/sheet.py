"""A file somebody exported elsewhere, as rows of cells: CSV, Excel, visiting cards or lines of JSON.

What is read is bounded: rows, columns, the length of a cell, and what an archive may grow to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contactd.core.errors import BadRequestError

MAX_BYTES = 512 * 1024 * 1024
MAX_ROWS = 1_000_000
MAX_COLUMNS = 200
MAX_CELL = 8_000
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
FORMATS = ("csv", "xlsx", "vcf", "jsonl")


@dataclass(frozen=True, slots=True)
class Faulty:
    """A cell that holds no value that can be used, and why: formula | error_value | digits_lost | damaged | too_long."""

    reason: str
    shown: str


Cell = str | Faulty


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file: its number as people count (a table's header is row 1), and its cells, as long as the headers."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's headers, and its rows one after another; empty rows are left out."""

    format: str
    encoding: str
    """How the bytes were read; empty where the format says so itself."""
    headers: tuple[str, ...]
    lines: Iterator[Line]


def open_sheet(path: Path, *, form: str = "", encoding: str = "") -> Sheet:
    """Open a file.

    Args:
        path: the file.
        form: one of `FORMATS`; without it the file's name and first bytes tell.
        encoding: of a text; without it: byte order mark, then strict UTF-8, then GB18030.

    Raises:
        BadRequestError: it is too large, of no known form, or cannot be read; the text says what and where.
    """
    from contactd.desk.exchange import cards, csv_sheet, json_sheet, xlsx_sheet  # noqa: PLC0415 - only who imports pays

    chosen = form_of(path, form)
    if chosen == "xlsx":
        return xlsx_sheet.read(path)
    if chosen == "vcf":
        return cards.read(path, encoding)
    if chosen == "jsonl":
        return json_sheet.read(path)
    return csv_sheet.read(path, encoding)


def form_of(path: Path, form: str = "") -> str:
    """Tell a file's form: the one that was named, else by its first bytes.

    Raises:
        BadRequestError: it is too large, or of the form Excel had before 2007.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise too_large(size)
    if form:
        return form
    with path.open("rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        message = "this is an Excel file of the form before 2007: save it as .xlsx or .csv"
        raise BadRequestError(message, code="old_excel", field="file")
    if head[:11].upper() == b"BEGIN:VCARD":
        return "vcf"
    if head.startswith(b"{"):
        return "jsonl"
    return "csv"


def cell(text: str) -> Cell:
    """Return what stands in a cell without blanks around it; what is too long for any field is faulty.

    The quote that keeps a spreadsheet from taking a text for a formula is no part of it.
    """
    stripped = text.strip().replace("\x00", "")
    if stripped.startswith("'") and stripped[1:].startswith(DANGEROUS):
        stripped = stripped[1:]
    return stripped if len(stripped) <= MAX_CELL else Faulty("too_long", stripped[:40])


def too_large(size: int) -> BadRequestError:
    """Make the error of a file of too many bytes."""
    text = f"the file has {size // 1024 // 1024} MB; {MAX_BYTES // 1024 // 1024} MB is the most"
    return BadRequestError(text, code="too_large", field="file")


def too_many_rows() -> BadRequestError:
    """Make the error of a file without end."""
    return BadRequestError(f"the file has more than {MAX_ROWS} rows", code="too_large", field="file")

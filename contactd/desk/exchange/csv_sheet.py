"""CSV, as Excel, other programs and people write it: any usual separator, quoted or not, UTF-8, UTF-16 or GB18030.

Excel in China saves CSV as GBK; a byte string that is strict UTF-8 by chance is rare in GBK, the other way round it is
common.  So: byte order mark, strict UTF-8, then GB18030 (docs: `locale-cn` rule measured on 349,000 words).
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from contactd.core.errors import BadRequestError
from contactd.desk.exchange.sheet import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Line, Sheet, cell, too_many_rows

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = (",", ";", "\t", "|")
_CHUNK = 1024 * 1024
_LONGEST = MAX_CELL * 8
"""A quote that is never closed would take in the whole file as one cell."""


def read(path: Path, encoding: str = "") -> Sheet:
    """Open a CSV file.

    Raises:
        BadRequestError: the bytes are of no known encoding, or there is no header.
    """
    encoding = encoding or encoding_of(path)
    separator = _separator(path, encoding)
    csv.field_size_limit(_LONGEST)
    rows = _rows(path, encoding, separator)
    headers = next(rows, None)
    if headers is None:
        message = "the file is empty"
        raise BadRequestError(message, code="empty", field="file")
    names = tuple(name.strip() for name in headers[1])
    while names and not names[-1]:
        names = names[:-1]
    if not names or len(names) > MAX_COLUMNS:
        message = f"the first row must name the columns, {MAX_COLUMNS} at most"
        raise BadRequestError(message, code="no_header", field="file")
    return Sheet("csv", encoding, names, _lines(rows, len(names)))


def encoding_of(path: Path) -> str:
    """Tell how a text file was written.

    Raises:
        BadRequestError: it is neither UTF-8 nor GB18030.
    """
    with path.open("rb") as file:
        head = file.read(4)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    for name in ("utf-8", "gb18030"):
        if _decodes(path, name):
            return name
    message = "the file is neither UTF-8 nor GB18030: name its encoding"
    raise BadRequestError(message, code="encoding", field="encoding")


def _decodes(path: Path, name: str) -> bool:
    """Tell whether every byte of a file is of an encoding."""
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(path: Path, encoding: str) -> str:
    """Return what stands most often in the header, outside quotes."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            head = file.readline(_LONGEST)
    except (UnicodeDecodeError, LookupError):
        message = f"the file is not {encoding}"
        raise BadRequestError(message, code="encoding", field="encoding") from None
    bare = "".join(head.split('"')[::2])
    return max(_SEPARATORS, key=lambda one: (bare.count(one), -_SEPARATORS.index(one)))


def _rows(path: Path, encoding: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number it has in a spreadsheet."""
    with path.open("rb") as raw, TextIOWrapper(raw, encoding, newline="") as text:
        reader = csv.reader(text, delimiter=separator)
        number = 0
        while True:
            number += 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except UnicodeDecodeError:
                message = f"row {number} is not {encoding}"
                raise BadRequestError(message, code="encoding", field="encoding") from None
            except csv.Error as error:
                message = f"row {number}: {error}"
                raise BadRequestError(message, code="row", field=f"row {number}") from None
            yield number, row


def _lines(rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[Line]:
    for number, row in islice(rows, MAX_ROWS + 1):
        if number > MAX_ROWS + 1:
            raise too_many_rows()
        if any(text.strip() for text in row):
            cells = tuple(cell(text) for text in row[:width])
            yield Line(number, cells + ("",) * (width - len(cells)))

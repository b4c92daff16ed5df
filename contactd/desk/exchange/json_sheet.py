"""Lines of JSON: one object a line, as our own export and other programs write them; keys are the headers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.desk.exchange.sheet import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Cell, Faulty, Line, Sheet, cell, too_many_rows

_LONGEST = 256 * 1024
_PEEKED = 1_000
"""Lines that are looked at to learn the keys; a key that comes later is a mistake of its row."""


def read(path: Path) -> Sheet:
    """Open a file of JSON lines.

    Raises:
        BadRequestError: a line is no object, or there is none.
    """
    names: dict[str, None] = {}
    for number, record in _records(path):
        names |= dict.fromkeys(record)
        if number >= _PEEKED or len(names) > MAX_COLUMNS:
            break
    if not names or len(names) > MAX_COLUMNS:
        message = f"each line must be an object of at most {MAX_COLUMNS} keys"
        raise BadRequestError(message, code="no_header", field="file")
    headers = tuple(names)
    return Sheet("jsonl", "utf-8", headers, _lines(path, headers))


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST + 1):
            number += 1
            if not line.strip():
                continue
            try:
                record = json.loads(line) if len(line) <= _LONGEST else None
            except (ValueError, RecursionError):
                record = None
            if not isinstance(record, dict):
                message = f"line {number} is no JSON object of at most {_LONGEST // 1024} KB"
                raise BadRequestError(message, code="row", field=f"line {number}")
            yield number, record


def _lines(path: Path, headers: tuple[str, ...]) -> Iterator[Line]:
    known = set(headers)
    for number, record in _records(path):
        if number > MAX_ROWS:
            raise too_many_rows()
        late = next((key for key in record if key not in known), None)
        if late is not None:
            message = f"line {number} has a key that none of the first {_PEEKED} lines has: {late[:40]}"
            raise BadRequestError(message, code="row", field=f"line {number}")
        yield Line(number, tuple(_cell(record.get(name)) for name in headers))


def _cell(value: Any) -> Cell:
    """Read a value; several in a list are one cell, as people write several numbers."""
    if value is None:
        return ""
    if isinstance(value, list):
        parts = [_cell(one) for one in value]
        faulty = next((one for one in parts if isinstance(one, Faulty)), None)
        return faulty or cell("\n".join(str(one) for one in parts))
    if isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= MAX_CELL else Faulty("too_long", text[:40])
    if isinstance(value, bool):
        return "1" if value else "0"
    return cell(str(value))

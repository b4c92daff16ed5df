"""A table on its way from another system into an import: rows written down as lines of JSON, safe before they are dealt with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.desk.exchange.sheet import MAX_CELL, MAX_COLUMNS

CHUNK = 2_000
"""Rows of one table, about: the cursor moves after each."""
LONGEST = 256 * 1024
"""Bytes of one row."""
DEPTH = 4
"""How deep objects inside a row are taken apart into columns: `customer.address.city`."""
_DEEPEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A table that is there, or only the word that nothing is new (no `path`)."""

    path: Path | None
    source: str
    """What people know it by."""
    cursor: Mapping[str, Any] | None = None
    """Where the connector stands once it is taken over; None: where it stood."""
    form: str = "jsonl"
    ours: bool = True
    """The file is ours, and goes when it was dealt with."""


def wrong(*, code: str, text: str, field: str = "") -> BadRequestError:
    """Make the error of a source that cannot be used as it is."""
    return BadRequestError(text, code=code, field=field or None)


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows to a file of ours, a line of JSON each, and have the disk keep it.  Blocks.

    Raises:
        BadRequestError: a row is too large, or they have too many columns.
    """
    flat = [flattened(row) for row in rows]
    names = dict.fromkeys(name for row in flat for name in row)
    if flat:
        # Who reads lines learns the columns from the first ones.
        flat[0] = dict.fromkeys(names) | flat[0]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for row in flat:
            line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")
            if len(line) > LONGEST or len(names) > MAX_COLUMNS:
                message = f"a row has more than {LONGEST // 1024} KB, or the rows more than {MAX_COLUMNS} columns"
                raise wrong(code="too_large", text=message)
            file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk keep what a folder names.  Blocks."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flattened(row: Mapping[str, Any], head: str = "", depth: int = 1) -> dict[str, Any]:
    """Return a row whose objects have become columns of their own, with dots in their names."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        name = f"{head}{key}"[:200]
        if isinstance(value, Mapping) and value and depth < DEPTH:
            flat |= flattened(value, f"{name}.", depth + 1)
        else:
            flat[name] = _plain(value)
    return flat


def _plain(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON may hold it; what is too long for a cell stays too long, but no longer."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth < _DEEPEST and isinstance(value, list | tuple):
        return [_plain(one, depth + 1) for one in value]
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {str(key): _plain(one, depth + 1) for key, one in value.items()}
    return _text(value)[: MAX_CELL + 1]


def _text(value: Any) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)

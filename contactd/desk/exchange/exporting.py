"""Customers as a file: CSV for Excel, Excel, or lines of JSON; what was exported can be corrected and imported by its ids.

No cell can become a formula (CWE-1236): Excel cells are typed as text; in CSV a dangerous beginning gets a quote before
it, which an import takes away again.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import xlsxwriter

from contactd.clock import Clock
from contactd.core.errors import BadRequestError
from contactd.core.levels import EVERYTHING, Levels
from contactd.crm_store import agents, audit, export_rows
from contactd.crm_store.audit import Entry
from contactd.crm_store.export_rows import EVERYBODY, Chosen
from contactd.crm_store.sight import Sight, parties
from contactd.crm_store.store import Store
from contactd.desk.exchange.headers import FIELDS
from contactd.desk.exchange.sheet import DANGEROUS

FORMS = ("csv", "xlsx", "jsonl")
SEVERAL = "\n"
_MOST_ROWS = 1_048_575
"""Rows of an Excel sheet below its header."""

Row = Mapping[str, Any]


class Writer(Protocol):
    """Writes rows to a file."""

    def row(self, row: Row) -> None:
        """Write one customer."""
        ...

    def close(self) -> None:
        """Bring everything to the disk."""
        ...


class Exporting:
    """Writes customers into files."""

    def __init__(self, store: Store, clock: Clock, by: str) -> None:
        """Read `store`; `by` is written down as who took customers out."""
        self._store = store
        self._clock = clock
        self._by = by

    async def run(
        self,
        path: Path,
        *,
        form: str = "",
        chosen: Chosen = EVERYBODY,
        columns: Sequence[str] = (),
        levels: Levels = EVERYTHING,
        sight: Sight | None = None,
    ) -> int:
        """Write customers to a file; return how many.

        Args:
            path: the file.
            form: one of `FORMS`; without it the file's name tells.
            chosen: which customers.
            columns: which fields, in this order; none = all.
            levels: how far fields are written.
            sight: whose customers are; None = everybody.

        The file appears when it is whole.  That customers leave is in the audit log before the first does.

        Raises:
            BadRequestError: there is no such form or column, or there are too many rows for it.
        """
        form = form or path.suffix.removeprefix(".").lower() or "csv"
        if form not in FORMS:
            message = f"the form is one of {', '.join(FORMS)}"
            raise BadRequestError(message, code="unknown_form", field="form")
        fields = [name for name in await self._fields(columns) if name not in levels.hidden | levels.closed.keys()]
        now = self._clock.now()
        detail = {"form": form, "all": chosen.everybody, "masked": levels.numbers}
        entry = Entry(actor=self._by, action="party.export", object_kind="party", detail=detail)
        await self._store.write(lambda conn: audit.append(conn, entry, now))
        owners = {ident: name for name, ident in (await self._store.read(agents.by_username)).items()}
        part = path.with_name(f".{path.name}.part")
        try:
            count = await self._write(_writer(part, form, fields), chosen, owners, levels=levels, sight=sight)
            part.replace(path)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
        return count

    async def _fields(self, columns: Sequence[str]) -> list[str]:
        """Return the fields to write."""
        every = [*FIELDS, *(f"custom.{key}" for key in await self._store.read(export_rows.custom_keys))]
        wrong = next((name for name in columns if name not in (*every, *export_rows.SCORED)), None)
        if wrong is not None:
            message = f"there is no column {wrong!r}"
            raise BadRequestError(message, code="unknown_column", field="columns")
        return list(dict.fromkeys(columns)) or every

    async def _write(
        self, writer: Writer, chosen: Chosen, owners: Mapping[str, str], *, levels: Levels, sight: Sight | None
    ) -> int:
        count, after, seen = 0, "", parties(sight, self._clock.now())
        try:
            while rows := await self._store.read(partial(export_rows.page, chosen=chosen, after=after, seen=seen)):
                for row in rows:
                    whole = row | {"owner": owners.get(row["owner_id"] or "", "")}
                    writer.row(levels.shown(whole) if levels.narrow else whole)
                count, after = count + len(rows), rows[-1]["id"]
        finally:
            writer.close()
        return count


def _writer(path: Path, form: str, fields: list[str]) -> Writer:
    makers: dict[str, Callable[[Path, list[str]], Writer]] = {"csv": Csv, "xlsx": Xlsx, "jsonl": JsonLines}
    return makers[form](path, fields)


def _texts(row: Row, fields: list[str]) -> Iterator[str]:
    """Yield a row's cells; several values are lines of one."""
    for field in fields:
        value = row.get(field) or ""
        yield SEVERAL.join(value) if isinstance(value, list) else str(value)


def harmless(text: str) -> str:
    """Return a cell's text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


class Csv:
    """UTF-8 with a byte order mark: without it Excel in China reads GBK."""

    def __init__(self, path: Path, fields: list[str]) -> None:
        """Begin a file."""
        self._file = os.fdopen(_private(path), "w", encoding="utf-8-sig", newline="")
        self._fields = fields
        self._writer = csv.writer(self._file)
        self._writer.writerow(fields)

    def row(self, row: Row) -> None:
        """Write one customer."""
        self._writer.writerow([harmless(text) for text in _texts(row, self._fields)])

    def close(self) -> None:
        """End the file."""
        _end(self._file)


class JsonLines:
    """One object a line, without what is empty."""

    def __init__(self, path: Path, fields: list[str]) -> None:
        """Begin a file."""
        self._file = os.fdopen(_private(path), "w", encoding="utf-8")
        self._fields = fields

    def row(self, row: Row) -> None:
        """Write one customer."""
        shown = {field: row[field] for field in self._fields if row.get(field)}
        self._file.write(json.dumps(shown, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """End the file."""
        _end(self._file)


class Xlsx:
    """An Excel file whose cells are all text: long numbers stay what they are."""

    def __init__(self, path: Path, fields: list[str]) -> None:
        """Begin a file."""
        os.close(_private(path))
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._sheet = self._book.add_worksheet("customers")
        self._fields = fields
        self._count = 0
        self._line(fields)
        self._sheet.freeze_panes(1, 0)

    def row(self, row: Row) -> None:
        """Write one customer.

        Raises:
            BadRequestError: an Excel sheet is full.
        """
        if self._count > _MOST_ROWS:
            message = f"an Excel sheet has {_MOST_ROWS} rows: export CSV"
            raise BadRequestError(message, code="too_large", field="form")
        self._line(_texts(row, self._fields))

    def close(self) -> None:
        """End the file."""
        self._book.close()

    def _line(self, texts: Any) -> None:
        for column, text in enumerate(texts):
            if text:
                self._sheet.write_string(self._count, column, text)
        self._count += 1


def _private(path: Path) -> int:
    """Open a file of customers that nobody else may read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _end(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()

"""What a table does not say itself: values another system calls otherwise, and such as are the same in every row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from contactd.desk.exchange.sheet import Cell, Line, Sheet


@dataclass(frozen=True, slots=True)
class Dress:
    """How the rows of a table are completed."""

    fixed: Mapping[str, str] = field(default_factory=dict)
    """Field → what it is in every row; a column of that name gives way."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Column → what stands there → what is meant."""

    def columns(self, headers: tuple[str, ...]) -> tuple[str, ...]:
        """Return a table's columns with those that are added."""
        return (*headers, *(name for name in self.fixed if name not in headers))

    def on(self, sheet: Sheet) -> Sheet:
        """Return a table as it is meant."""
        if not self.fixed and not self.values:
            return sheet
        return replace(sheet, headers=self.columns(sheet.headers), lines=self._lines(sheet))

    def _lines(self, sheet: Sheet) -> Iterator[Line]:
        columns = self.columns(sheet.headers)
        for line in sheet.lines:
            padded = (*line.cells, *("" for _ in range(len(columns) - len(line.cells))))
            cells = (self._cell(name, cell) for name, cell in zip(columns, padded, strict=True))
            yield Line(line.number, tuple(cells))

    def _cell(self, name: str, cell: Cell) -> Cell:
        if name in self.fixed:
            return self.fixed[name]
        meant = self.values.get(name, {})
        return meant.get(cell, cell) if isinstance(cell, str) else cell

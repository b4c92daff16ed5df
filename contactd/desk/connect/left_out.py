"""Rows left out of a connector's table: written down in the unit that left them out, and struck in the one that takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.crm_store import connector_dead_rows, connector_rows
from contactd.crm_store.connector_dead_rows import MOST, TAKEN
from contactd.crm_store.connector_rows import DONE
from contactd.crm_store.import_rows import AMBIGUOUS, ERROR, Outcome
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.exchange.sheet import Cell, Faulty, Line
from contactd.desk.exchange.wish import Company

LEFT_OUT = (ERROR, AMBIGUOUS)
MARK = "#left_out"
"""Column of a table made of rows that were left out before: which each was.  In any other table it is a column like another."""
ONCE_MORE = "left out"
"""Source of such a table."""


class Notes:
    """What a run writes beside its rows."""

    def __init__(self, run: Any, clock: Callable[[], datetime], known: int) -> None:
        """Write for a run of `connector_run`; `known` rows of its connector wait already."""
        self._run = run
        self._clock = clock
        self._kept = known
        # A system may call its columns as it likes, and a file may have any name; but what they bring moves a cursor, or was sent.
        self._marked = run.source == ONCE_MORE and run.cursor is None
        self._headers: tuple[str, ...] = ()

    def company(self, headers: Sequence[str]) -> Company:
        """Return what is written in the units of an import of a table with these columns."""
        self._headers = tuple(headers)
        return Company(self._rows, self._end)

    def _rows(self, conn: WriteConn, outcomes: Sequence[Outcome], lines: Mapping[int, Line]) -> None:
        now = self._clock()
        fresh = []
        for outcome in outcomes:
            line = lines.get(outcome.number)
            told = dict(zip(self._headers, line.cells, strict=False)) if line is not None else {}
            earlier = str(told.pop(MARK, "") or "") if self._marked else ""
            left_out = outcome.status in LEFT_OUT
            if earlier and left_out:
                connector_dead_rows.again(conn, earlier, outcome.reasons)
            elif earlier:
                connector_dead_rows.end(conn, earlier, TAKEN, self._run.by, now)
            elif left_out:
                fresh.append(self._row(outcome, told, now))
        connector_dead_rows.add(conn, fresh)
        self._kept += len(fresh)
        if self._kept > MOST:
            message = (
                f"more than {MOST} rows are left out: put the mapping right, and have the rest tried again or left"
            )
            raise BadRequestError(message, code="too_many_left_out", field="mapping")

    def _row(self, outcome: Outcome, told: Mapping[str, Cell], now: datetime) -> dict[str, Any]:
        run = self._run
        about = {"id": f"{run.id}-{outcome.number:07d}", "connector": run.connector, "run_id": run.id}
        cells = {name: _kept(cell) for name, cell in told.items() if cell}
        return about | {"n": outcome.number, "reasons": outcome.reasons, "row": cells, "at": now}

    def _end(self, conn: WriteConn, counts: Mapping[str, int]) -> None:
        connector_rows.end(conn, self._run.id, {"state": DONE, "counts": dict(counts), "ended_at": self._clock()})


def _kept(cell: Cell) -> Any:
    """Return a cell as it is kept: one without a usable value keeps why."""
    return [cell.reason, cell.shown] if isinstance(cell, Faulty) else cell


def once_more(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows that were left out as a table; those with cells nobody can read stay where they are."""
    return [
        {**row["row"], MARK: row["id"]}
        for row in rows
        if not any(isinstance(cell, list) for cell in row["row"].values())
    ]

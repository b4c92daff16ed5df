"""Rows of a unit that wait: written together, they cost a fraction of as many single statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.core.errors import ConflictError
from contactd.crm_store.statements import Hot
from contactd.crm_store.write_conn import WriteConn


class Later:
    """Collects rows by statement; `flush` writes them, statement after statement in the order of their first row.

    Whoever asks the store for what may be among them flushes first.
    """

    def __init__(self, conn: WriteConn) -> None:
        """Write through `conn`."""
        self._conn = conn
        self._rows: dict[Hot, list[Mapping[str, Any]]] = {}
        self._sure: set[Hot] = set()

    def add(self, statement: Hot, **row: Any) -> None:
        """Let a row wait."""
        self._rows.setdefault(statement, []).append(row)

    def change(self, statement: Hot, **row: Any) -> None:
        """Let a change wait that must find its row."""
        self._sure.add(statement)
        self.add(statement, **row)

    def flush(self) -> None:
        """Write what waits.

        Raises:
            ConflictError: a change did not find its row.
        """
        rows, self._rows = self._rows, {}
        for statement, waiting in rows.items():
            touched = self._conn.many(statement, waiting)
            if statement in self._sure and touched != len(waiting):
                message = "this was placed or put away already"
                raise ConflictError(message, code="bad_state")

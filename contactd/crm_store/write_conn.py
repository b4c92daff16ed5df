"""What a write unit is given: a transaction that somebody else begins and commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import Connection, CursorResult, Executable

from contactd.crm_store.database import Control, connection_lost, driver, for_callers, transaction_lost
from contactd.crm_store.statements import Hot


class TransactionLostError(Exception):
    """The transaction is gone before its COMMIT was sent: nothing of it is kept, all of it may be run again."""


class CommitUnknownError(Exception):
    """The connection broke during COMMIT: whether it is kept will only be known by asking again."""


class WriteConn:
    """One unit's view of the writer's transaction.

    Attributes:
        written: rows written since the writer last set it to 0 (bulk units have a limit).
    """

    def __init__(self, connection: Connection, words: Control) -> None:
        """Wrap the writer's connection; only the writer makes these."""
        self._connection = connection
        self._raw = driver(connection)
        self._cursor: Any = self._raw.cursor()
        self._dialect = connection.dialect
        self._words = words
        self.written = 0

    def run(self, statement: Hot, **values: Any) -> int:
        """Run a hot statement; return how many rows it touched (0 after ON CONFLICT DO NOTHING that found one)."""
        ready = statement.prepared(self._dialect)
        self._cursor.execute(ready.sql, ready.bind(values))
        touched: int = self._cursor.rowcount
        self.written += max(touched, 0)
        return touched

    def many(self, statement: Hot, rows: Iterable[Mapping[str, Any]]) -> int:
        """Run a hot statement once for each mapping of values; return how many rows were touched."""
        ready = statement.prepared(self._dialect)
        bound = [ready.bind(row) for row in rows]
        if not bound:
            return 0
        self._cursor.executemany(ready.sql, bound)
        self.written += len(bound)
        return int(self._cursor.rowcount)

    def all(self, statement: Hot, **values: Any) -> list[Any]:
        """Run a hot SELECT (or RETURNING) and return its rows, named by column."""
        ready = statement.prepared(self._dialect)
        self._cursor.execute(ready.sql, ready.bind(values))
        return ready.rows(self._cursor.fetchall())

    def one(self, statement: Hot, **values: Any) -> Any:
        """Run a hot SELECT (or RETURNING) and return its first row, or None."""
        rows = self.all(statement, **values)
        return rows[0] if rows else None

    def execute(self, statement: Executable, values: Any = None) -> CursorResult[Any]:
        """Run any Core statement in the same transaction, the slow and general way."""
        # preserve_rowcount: else the count of an INSERT … ON CONFLICT DO NOTHING is gone on PostgreSQL.
        result = self._connection.execute(statement, values, execution_options={"preserve_rowcount": True})
        self.written += max(result.rowcount, 0) if not result.returns_rows else 0
        return result

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection, for reading functions that take one; never begin, commit or close it."""
        return self._connection

    def begin(self) -> None:
        """Open the group's transaction and the first unit's savepoint.

        Raises:
            TransactionLostError: the connection was cut while it stood idle.
            StoreDownError: the database refuses to begin.
        """
        try:
            self._say(self._words.begin)
            self._say("SAVEPOINT unit")
        except (sqlite3.Error, psycopg.Error) as error:
            if connection_lost(self._raw):
                raise TransactionLostError from error
            raise for_callers(error) from error

    def next_unit(self) -> None:
        """Keep what the unit before did, and open the next one's savepoint.

        Raises:
            TransactionLostError: the whole transaction is gone.
        """
        try:
            for statement in self._words.between:
                self._say(statement)
        except (sqlite3.Error, psycopg.Error) as error:
            raise TransactionLostError from error

    def undo_unit(self) -> None:
        """Take back all that was done since the unit's savepoint.

        Raises:
            TransactionLostError: the whole transaction is gone.
        """
        if transaction_lost(self._raw):
            raise TransactionLostError
        try:
            self._say("ROLLBACK TO SAVEPOINT unit")
        except (sqlite3.Error, psycopg.Error) as error:
            raise TransactionLostError from error

    @property
    def aborted(self) -> bool:
        """True when a statement failed and the unit went on as if it had not (PostgreSQL then refuses all further ones)."""
        if isinstance(self._raw, psycopg.Connection):
            return self._raw.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        return False

    def commit(self) -> None:
        """Commit the group.

        Raises:
            CommitUnknownError: the connection broke; it may or may not be kept.
            Exception: it was refused and nothing is kept.
        """
        try:
            self._say("COMMIT")
        except (sqlite3.Error, psycopg.Error) as error:
            if connection_lost(self._raw):
                raise CommitUnknownError from error
            self.rollback()
            raise for_callers(error) from error

    def rollback(self) -> None:
        """Give the whole group up."""
        if not transaction_lost(self._raw):
            self._say("ROLLBACK")

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        with suppress(Exception):  # a broken one may refuse even this
            self._connection.invalidate()
            self._connection.close()

    def _say(self, statement: str) -> None:
        """Send a word of transaction control, as plain text."""
        if isinstance(self._raw, psycopg.Connection):
            # prepare=False: two words in one message cannot be prepared.
            self._cursor.execute(statement, prepare=False)
        else:
            self._cursor.execute(statement)

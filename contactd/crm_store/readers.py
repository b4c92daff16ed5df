"""Reading: a small pool of threads, each with its own connection; every call sees a fresh snapshot and writes nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection

from contactd.core.errors import BusyError, StoreDownError
from contactd.crm_store.database import Database, driver, for_callers, original

T = TypeVar("T")

THREADS = 4
WAITING = 1000
LIMIT = timedelta(seconds=2)
_CHECK_EVERY = 20_000
"""SQLite virtual-machine steps between two looks at the time."""


class Readers:
    """Runs reading functions off the event loop."""

    def __init__(self, database: Database, threads: int = THREADS) -> None:
        """Make the pool; connections are opened when first needed."""
        self._database = database
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="store-reader")
        self._local = threading.local()
        self._opened: list[Connection] = []
        self._waiting = 0

    async def read(self, fn: Callable[[Connection], T], limit: timedelta = LIMIT) -> T:
        """Run `fn` in a transaction of its own and return its result.

        Raises:
            BusyError: too many reads wait, or this one took longer than `limit` (code `too_slow`).
            StoreDownError: the database cannot be reached.
        """
        if self._waiting >= WAITING:
            message = "too many reads are waiting"
            raise BusyError(message)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._call, fn, limit)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Wait for what is being read, then close; blocks."""
        self._pool.shutdown(wait=True)
        for connection in self._opened:
            connection.close()

    def _call(self, fn: Callable[[Connection], T], limit: timedelta) -> T:
        """Run `fn` on this thread's connection; once more on a new one when the old had been cut."""
        reused = getattr(self._local, "connection", None) is not None
        try:
            return self._once(fn, limit)
        except StoreDownError:
            if not reused or getattr(self._local, "connection", None) is not None:
                raise
            return self._once(fn, limit)

    def _once(self, fn: Callable[[Connection], T], limit: timedelta) -> T:
        """Run `fn` between BEGIN and ROLLBACK, under the time limit."""
        connection = self._connection()
        raw = driver(connection)
        deadline = time.monotonic() + limit.total_seconds()
        try:
            self._limit(raw, connection, limit, deadline)
            return fn(connection)
        except BaseException as error:
            told = _told(error)
            if told is error:
                raise
            raise told from error
        finally:
            self._end(raw, connection)

    def _limit(self, raw: Any, connection: Connection, limit: timedelta, deadline: float) -> None:
        """Begin, and bound the time a statement may take."""
        connection.exec_driver_sql(self._database.words.begin_read)
        if isinstance(raw, sqlite3.Connection):
            raw.set_progress_handler(lambda: time.monotonic() > deadline, _CHECK_EVERY)
        elif limit != LIMIT:
            connection.exec_driver_sql(f"SET LOCAL statement_timeout={int(limit.total_seconds() * 1000)}")

    def _end(self, raw: Any, connection: Connection) -> None:
        """End the transaction; throw the connection away if that fails."""
        try:
            if isinstance(raw, sqlite3.Connection):
                raw.set_progress_handler(None, 0)
            connection.exec_driver_sql("ROLLBACK")
        except Exception:  # noqa: BLE001 - a cut connection: the next call opens a new one
            self._local.connection = None
            self._opened.remove(connection)
            connection.invalidate()
            connection.close()

    def _connection(self) -> Connection:
        """Return this thread's connection."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._database.reader(int(LIMIT.total_seconds() * 1000))
            self._local.connection = connection
            self._opened.append(connection)
        return connection


def _told(error: BaseException) -> BaseException:
    """Turn a driver's error into one of ours; a statement stopped by the time limit is `too_slow`."""
    cause = original(error)
    stopped = isinstance(cause, psycopg.errors.QueryCanceled) or (
        isinstance(cause, sqlite3.OperationalError) and str(cause) == "interrupted"
    )
    if stopped:
        message = "the question takes too long"
        return BusyError(message, code="too_slow")
    return for_callers(error)

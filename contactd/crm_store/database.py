"""Connections: how SQLite and PostgreSQL are opened, checked and spoken to; the only place where they differ below SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from contactd.core.errors import BadRequestError, ConfigError, ConflictError, ContactdError, StoreDownError

RETRY_ALONE = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL's SQLSTATEs of a unit that met another writer: serialization, deadlock, lock timeout."""

_SQLITE_SETUP = ("PRAGMA busy_timeout=5000", "PRAGMA temp_store=MEMORY", "PRAGMA cache_size=-32768")
_SQLITE_WRITER = (
    *_SQLITE_SETUP,
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # What is deleted is overwritten: an erased person is not to be found in a free page.
    "PRAGMA secure_delete=ON",
    # Pages of a busy index are then copied back once in 32 MB of writes, not once in 4.
    "PRAGMA wal_autocheckpoint=8000",
)
_SQLITE_READER = (*_SQLITE_SETUP, "PRAGMA query_only=ON")
_POSTGRES_WRITER = (
    "SET lock_timeout='2s'",
    "SET statement_timeout='30s'",
    "SET idle_in_transaction_session_timeout='60s'",
    "SET client_min_messages='warning'",
)


@dataclass(frozen=True, slots=True)
class Control:
    """What a transaction is called in one dialect; `between` ends one savepoint and begins the next."""

    begin: str
    begin_read: str
    between: tuple[str, ...]


_SQLITE_WORDS = Control("BEGIN IMMEDIATE", "BEGIN", ("RELEASE SAVEPOINT unit", "SAVEPOINT unit"))
_POSTGRES_WORDS = Control(
    "BEGIN",
    "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    ("RELEASE SAVEPOINT unit; SAVEPOINT unit",),
)


class Database:
    """One database: makes connections that leave BEGIN and COMMIT to their user."""

    def __init__(self, url: str) -> None:
        """Read `url` (`sqlite:///FILE` or `postgresql+psycopg://…`).

        Raises:
            ConfigError: the URL is malformed, or of another database or driver.
        """
        self.url = _read_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.words = _SQLITE_WORDS if self.sqlite else _POSTGRES_WORDS
        self.engine = self._engine()

    def _engine(self) -> Engine:
        """Make the engine: no pool, no transactions of its own, tuples for parameters.

        Parameters hold what customers said: they stand in no exception's text, and so in no log.
        """
        if self.sqlite:
            # isolation_level=None: with the driver's own BEGIN an outer rollback leaves rows of a released savepoint.
            arguments = {"isolation_level": None, "check_same_thread": False, "cached_statements": 512}
            return create_engine(self.url, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
        arguments = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 15000}
        return create_engine(
            self.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            paramstyle="format",
            connect_args=arguments,
            hide_parameters=True,
        )

    def writer(self) -> Connection:
        """Open a connection for writing.

        Raises:
            StoreDownError: the database cannot be reached.
        """
        return self._open(_SQLITE_WRITER if self.sqlite else _POSTGRES_WRITER)

    def grouping(self) -> Connection:
        """Open the writer thread's connection: on SQLite its COMMIT leaves the sync to `log_sync`.

        Raises:
            StoreDownError: the database cannot be reached.
        """
        return self._open((*_SQLITE_WRITER, "PRAGMA synchronous=NORMAL")) if self.sqlite else self.writer()

    def reader(self, limit_ms: int) -> Connection:
        """Open a connection that only reads; on PostgreSQL the server stops any statement after `limit_ms`.

        Raises:
            StoreDownError: the database cannot be reached.
        """
        if self.sqlite:
            return self._open(_SQLITE_READER)
        return self._open((f"SET statement_timeout={int(limit_ms)}",))

    def keeper(self) -> Connection:
        """Open a connection that reads or writes everything, for as long as it takes.

        Raises:
            StoreDownError: the database cannot be reached.
        """
        return self._open(_SQLITE_SETUP if self.sqlite else ())

    def _open(self, setup: tuple[str, ...]) -> Connection:
        """Connect and send the set-up."""
        try:
            connection = self.engine.connect()
            for statement in setup:
                connection.exec_driver_sql(statement)
        except DBAPIError as error:
            message = "the database cannot be reached"
            raise StoreDownError(message) from error
        return connection

    def clean(self) -> None:
        """Take what was deleted out of the files: empty SQLite's log, vacuum PostgreSQL's dead rows.  Blocks.

        Raises:
            StoreDownError: readers or writers are in the way.
        """
        connection = self.writer()
        try:
            if not self.sqlite:
                connection.exec_driver_sql("VACUUM")
            elif connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one():
                message = "the log cannot be emptied now"
                raise StoreDownError(message)
        except DBAPIError as error:
            message = "the database cannot be cleaned now"
            raise StoreDownError(message) from error
        finally:
            connection.close()

    def copy_log(self) -> bool:
        """Copy all of SQLite's log into the database and sync that; False when a reader is in the way.  Blocks.

        Raises:
            StoreDownError: it cannot be done now.
        """
        connection = self.writer()
        try:
            busy, frames, copied = connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()
        except DBAPIError as error:
            message = "the log cannot be copied now"
            raise StoreDownError(message) from error
        finally:
            connection.close()
        return not busy and frames == copied

    def check(self) -> None:
        """See that a commit is really durable here.

        Raises:
            ConfigError: PostgreSQL runs with fsync, synchronous_commit or full_page_writes off, or not in UTF-8.
            StoreDownError: it cannot be reached.
        """
        if self.sqlite:
            return
        connection = self._open(())
        try:
            for name, refused in _REFUSED.items():
                value = str(connection.exec_driver_sql(f"SHOW {name}").scalar_one()).lower()
                if refused(value):
                    message = f"PostgreSQL runs with {name}={value}: a commit would not be safe"
                    raise ConfigError(message, field="database.url")
        finally:
            connection.close()


_REFUSED: dict[str, Callable[[str], bool]] = {
    "fsync": lambda value: value != "on",
    "full_page_writes": lambda value: value != "on",
    "synchronous_commit": lambda value: value == "off",
    "server_encoding": lambda value: value != "utf8",
}
"""Setting → whether a value of it is refused."""


def driver(connection: Connection) -> Any:
    """Return the driver's own connection (sqlite3 or psycopg)."""
    return connection.connection.dbapi_connection


def transaction_lost(raw: Any) -> bool:
    """Tell whether the transaction that was open on the driver connection `raw` is gone (cut off, or rolled back whole)."""
    if isinstance(raw, sqlite3.Connection):
        return not raw.in_transaction
    return bool(raw.closed)


def connection_lost(raw: Any) -> bool:
    """Tell whether the driver connection `raw` itself is gone: then a COMMIT under way has an unknown end."""
    return not isinstance(raw, sqlite3.Connection) and bool(raw.closed)


def original(error: BaseException) -> BaseException:
    """Return the driver's exception behind SQLAlchemy's."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def retry_alone(error: BaseException) -> bool:
    """Tell whether a unit met another writer and is to be run again by itself."""
    cause = original(error)
    return isinstance(cause, psycopg.Error) and cause.sqlstate in RETRY_ALONE


def for_callers(error: BaseException) -> BaseException:
    """Turn a driver's exception into one of ours: nobody outside the store knows its driver."""
    cause = original(error)
    if isinstance(cause, (sqlite3.IntegrityError, psycopg.IntegrityError)):
        return _chained(ConflictError("the store holds something that contradicts this", code="integrity"), cause)
    if isinstance(cause, (sqlite3.DataError, psycopg.DataError, OverflowError, UnicodeEncodeError)):
        return _chained(BadRequestError("a value cannot be stored"), cause)
    if isinstance(cause, (sqlite3.OperationalError, psycopg.OperationalError)):
        return _chained(StoreDownError("the store cannot do this now"), cause)
    return error


def _chained(ours: ContactdError, cause: BaseException) -> ContactdError:
    """Keep the driver's exception as the cause, for the log."""
    ours.__cause__ = cause
    return ours


def _read_url(text: str) -> URL:
    """Read and check the URL."""
    field = "database.url"
    try:
        url = make_url(text)
        name = url.get_dialect().name
    except (ArgumentError, NoSuchModuleError) as error:
        message = "not a database URL; use sqlite:///FILE or postgresql+psycopg://…"
        raise ConfigError(message, field=field) from error
    if name == "sqlite":
        if not url.database or url.database == ":memory:":
            message = "SQLite needs a file: sqlite:///FILE"
            raise ConfigError(message, field=field)
        return url
    if name == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    message = f"{name} is not supported; use sqlite:///FILE or postgresql+psycopg://…"
    raise ConfigError(message, field=field)

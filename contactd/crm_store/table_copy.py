"""Every table of a PostgreSQL database as one compressed file in COPY's text form, and the way back."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, inspect

from contactd.core.errors import BadRequestError
from contactd.crm_store.database import driver

FOLDER = "tables"
_VERSION = "alembic_version"
_ENDING = ".copy.gz"
_CHUNK = 1 << 20
_COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s "
    "AND is_generated = 'NEVER' ORDER BY ordinal_position"
)
_COUNTERS = (
    "WITH mine AS MATERIALIZED (SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = current_schema()), counted AS (SELECT table_name, column_name, "
    "pg_get_serial_sequence(quote_ident(table_name), column_name) AS counter FROM mine) "
    "SELECT table_name, column_name, counter FROM counted WHERE counter IS NOT NULL"
)


def _names(connection: Connection) -> list[str]:
    """Return the tables, each after those its rows point to."""
    sorted_names = inspect(connection).get_sorted_table_and_fkc_names()
    return [str(name) for name, _keys in sorted_names if name is not None and name != _VERSION]


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _columns(connection: Connection, table: str) -> str:
    found = connection.exec_driver_sql(_COLUMNS, (table,)).scalars()
    return ", ".join(_quoted(connection, name) for name in found)


def write(connection: Connection, folder: Path) -> None:
    """Write every table, as the open transaction sees it."""
    (folder / FOLDER).mkdir(mode=0o700)
    for table in _names(connection):
        statement = f"COPY {_quoted(connection, table)} ({_columns(connection, table)}) TO STDOUT"
        path = folder / FOLDER / f"{table}{_ENDING}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(handle, "wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=3, mtime=0) as file,
            driver(connection).cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for data in copy:
                file.write(bytes(data))


def read(connection: Connection, folder: Path) -> None:
    """Fill every table of the open transaction with what was written of it; counters go on behind the last row.

    Raises:
        BadRequestError: the tables are not those of this schema.
    """
    names = _names(connection)
    there = {path.name.removesuffix(_ENDING) for path in (folder / FOLDER).glob(f"*{_ENDING}")}
    if there != set(names):
        message = f"the tables of the copy are not those of its schema: {', '.join(sorted(there ^ set(names))[:5])}"
        raise BadRequestError(message)
    connection.exec_driver_sql(f"TRUNCATE {', '.join(_quoted(connection, name) for name in names)}")
    for table in names:
        statement = f"COPY {_quoted(connection, table)} ({_columns(connection, table)}) FROM STDIN"
        with (
            gzip.open(folder / FOLDER / f"{table}{_ENDING}", "rb") as file,
            driver(connection).cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for data in _chunks(file):
                copy.write(data)
    _set_counters(connection)


def _chunks(file: gzip.GzipFile) -> Iterator[bytes]:
    while data := file.read(_CHUNK):
        yield data


def _set_counters(connection: Connection) -> None:
    for table, column, sequence in connection.exec_driver_sql(_COUNTERS).all():
        highest = f"SELECT max({_quoted(connection, column)}) FROM {_quoted(connection, table)}"  # noqa: S608 - quoted names of the catalogue
        connection.exec_driver_sql(f"SELECT setval(%s, coalesce(({highest}), 1), ({highest}) IS NOT NULL)", (sequence,))


def drop(connection: Connection) -> None:
    """Drop every table, and with it what hangs on it."""
    names = inspect(connection).get_table_names()
    if names:
        connection.exec_driver_sql(f"DROP TABLE {', '.join(_quoted(connection, name) for name in names)} CASCADE")

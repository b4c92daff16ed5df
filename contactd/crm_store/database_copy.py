"""A whole database as files, and files as a database: what a backup is made of.

SQLite is copied by its own online backup, which holds up no writer; of PostgreSQL every table is read by COPY in one snapshot.
A copy goes back only into a database that holds nothing, of the same kind, at the schema it was made of; `migrations.upgrade`
does the rest.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from contactd.core.errors import BadRequestError, ConflictError, StoreDownError
from contactd.crm_store import migrations, table_copy
from contactd.crm_store.database import Database, driver

FILE = "database.sqlite"
"""SQLite's copy; a PostgreSQL's is a folder, `table_copy.FOLDER`."""
_BESIDE = ("", "-wal", "-shm", "-journal")
"""Endings of the files of one SQLite database."""


def copy_out(url: str, folder: Path) -> tuple[str, str]:
    """Write a copy of the database into `folder`; return its kind and the revision of its schema.  Blocks.

    Raises:
        ConflictError: the database was never set up, or its copy is damaged (SQLite's own `integrity_check`).
        StoreDownError: it cannot be reached or read.
    """
    database = Database(url)
    with closing(database.keeper()) as connection:
        try:
            if database.sqlite:
                _copy_sqlite(connection, folder / FILE)
            else:
                connection.exec_driver_sql(database.words.begin_read)
                table_copy.write(connection, folder)
            revision = migrations.current(connection)
        except (DBAPIError, sqlite3.Error) as error:
            message = "the database cannot be read whole"
            raise StoreDownError(message) from error
    if revision is None:
        message = "there is no database to copy: it was never set up"
        raise ConflictError(message)
    return database.url.get_backend_name(), revision


def _copy_sqlite(connection: Connection, file: Path) -> None:
    """Copy page by page, leave one plain file, and see that it is sound."""
    with closing(sqlite3.connect(file)) as copy:
        driver(connection).backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    file.chmod(0o600)
    if found != "ok":
        message = f"the database is damaged: {found}"
        raise ConflictError(message)


def fit(url: str, kind: str, revision: str) -> None:
    """See that a copy can go into the database at `url`.

    Raises:
        BadRequestError: the copy is of another kind of database, or was made by a newer version.
    """
    database = Database(url)
    if database.url.get_backend_name() != kind:
        message = f"this is the copy of a {kind} database, and database.url names another kind"
        raise BadRequestError(message, field="database.url")
    if revision > (migrations.head() or ""):
        message = f"this was made by a newer version (schema {revision}): install that one first"
        raise BadRequestError(message)


def copy_in(url: str, folder: Path, revision: str) -> None:
    """Make the empty database at `url` what was copied.  Blocks.

    Raises:
        BadRequestError: the tables are not those of `revision`.
        StoreDownError: the database cannot be reached or written.
    """
    database = Database(url)
    if database.sqlite:
        _put_sqlite(folder / FILE, Path(str(database.url.database)).resolve())
        return
    migrations.upgrade(url, revision)
    with closing(database.keeper()) as connection:
        try:
            connection.exec_driver_sql(database.words.begin)
            table_copy.read(connection, folder)
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("ANALYZE")
        except DBAPIError as error:
            message = "the database did not take the copy"
            raise StoreDownError(message) from error


def _put_sqlite(copy: Path, file: Path) -> None:
    """Write the file beside its place, and give it its name when it is whole on disk."""
    draft = file.with_name(f".{file.name}.coming")
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.chmod(0o600)
    draft.replace(file)


def is_empty(url: str) -> bool:
    """Tell whether nothing was ever kept there.

    Raises:
        StoreDownError: it cannot be reached.
    """
    database = Database(url)
    if database.sqlite and not Path(str(database.url.database)).exists():
        return True
    with closing(database.keeper()) as connection:
        return not inspect(connection).get_table_names()


def is_in_use(url: str) -> bool:
    """Tell whether anybody else has the database open at this moment.

    Raises:
        StoreDownError: it cannot be reached.
    """
    database = Database(url)
    if not database.sqlite:
        with closing(database.keeper()) as connection:
            others = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return bool(connection.exec_driver_sql(f"{others} AND backend_type = 'client backend'").scalar_one())
    if not Path(str(database.url.database)).exists():
        return False
    with closing(sqlite3.connect(str(database.url.database), timeout=0.5)) as connection:
        try:  # who has it open in the mode of the server keeps everybody else from changing that mode
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError:
            return True
        except sqlite3.DatabaseError:  # damaged: that is why somebody wants another
            return False
    return False


def files_of(url: str) -> list[Path]:
    """Return the files an SQLite database may consist of; of PostgreSQL none."""
    database = Database(url)
    if not database.sqlite:
        return []
    file = Path(str(database.url.database)).resolve()
    return [file.with_name(file.name + ending) for ending in _BESIDE]


def clear(url: str) -> None:
    """Drop every table of a PostgreSQL database.

    Raises:
        StoreDownError: it cannot be reached.
    """
    with closing(Database(url).keeper()) as connection:
        table_copy.drop(connection)

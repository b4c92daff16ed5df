"""Migrations: how a database comes to the schema of this version, by Alembic, without a file of settings.

Alembic is imported only when something is to be migrated: at most starts nothing is, and it takes a tenth of the time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from contactd.core.errors import ConfigError
from contactd.crm_store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

_VERSION_TABLE = "alembic_version"
_LOCK = 4_207_001
"""Key of PostgreSQL's advisory lock: two nodes that start at once migrate one after the other."""


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to the newest schema, or to that of `revision`.  Blocks.

    Raises:
        ConfigError: the URL is wrong.
        StoreDownError: it cannot be reached.
    """
    database = Database(url)
    with database.writer() as connection:
        _upgrade(database, connection, revision)


def prepare(database: Database) -> None:
    """Migrate an empty database; see that any other has this version's schema.

    Raises:
        ConfigError: the schema is older (`contactd db upgrade` helps) or newer than this version.
    """
    with database.writer() as connection:
        if current(connection) is None:
            _upgrade(database, connection)
        found, wanted = current(connection), head()
        if found != wanted:
            message = f"the database has schema {found}, this version needs {wanted}: run `contactd db upgrade`"
            raise ConfigError(message, field="database.url")


def head() -> str | None:
    """Return the newest revision: each is named like its file, and the files are numbered; None while there is none."""
    return max((file.stem for file in (Path(__file__).parent / "versions").glob("[0-9]*.py")), default=None)


def current(connection: Connection) -> str | None:
    """Return the revision of a database, None when it was never migrated."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    found = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION_TABLE}").scalar_one_or_none()  # noqa: S608 - a constant
    return None if found is None else str(found)


def _upgrade(database: Database, connection: Connection, revision: str = "head") -> None:
    """Run what is missing, in one transaction, one node at a time."""
    from alembic import command  # noqa: PLC0415 - see above

    connection.exec_driver_sql(database.words.begin)
    if not database.sqlite:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    if current(connection) is None and inspect(connection).has_table("interaction"):
        connection.exec_driver_sql("ROLLBACK")
        message = "the database holds tables that no migration made"
        raise ConfigError(message, field="database.url")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    connection.exec_driver_sql("COMMIT")


def _config() -> Config:
    """Point Alembic at the scripts beside this file."""
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config

"""Migrations: how a database comes to the schema of this version, by Alembic, without a file of settings."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from contactd.core.errors import ConfigError
from contactd.crm_store.database import Database

_LOCK = 4_207_001
"""Key of PostgreSQL's advisory lock: two nodes that start at once migrate one after the other."""


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest schema.  Blocks.

    Raises:
        ConfigError: the URL is wrong.
        StoreDownError: it cannot be reached.
    """
    database = Database(url)
    with database.writer() as connection:
        _upgrade(database, connection)


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
    """Return the newest revision; None while there is no migration at all."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def current(connection: Connection) -> str | None:
    """Return the revision of a database, None when it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(database: Database, connection: Connection) -> None:
    """Run what is missing, in one transaction, one node at a time."""
    connection.exec_driver_sql(database.words.begin)
    if not database.sqlite:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    if current(connection) is None and inspect(connection).has_table("interaction"):
        connection.exec_driver_sql("ROLLBACK")
        message = "the database holds tables that no migration made"
        raise ConfigError(message, field="database.url")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.exec_driver_sql("COMMIT")


def _config() -> Config:
    """Point Alembic at the scripts beside this file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config

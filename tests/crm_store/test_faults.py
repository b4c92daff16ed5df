"""What breaks: cut connections, lost answers, full disks, other writers.  Nothing is lost, doubled, or reported wrongly."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Connection, bindparam, select, text, update

from contactd.core.errors import ConfigError, ConflictError, StoreDownError
from contactd.crm_store import database, schema
from contactd.crm_store.database import Database
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import Store, WriteConn
from contactd.crm_store.write_conn import CommitUnknownError

NOW = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)

_OLD = hot(select(schema.receipt.c.id).where(schema.receipt.c.external_key == bindparam("key")))
_NEW = hot(insert(schema.receipt).on_conflict_do_nothing(index_elements=["adapter", "external_key"]))
_BUMP = hot(
    update(schema.number_seq)
    .where(schema.number_seq.c.name == bindparam("b_name"))
    .values(value=schema.number_seq.c.value + 1),
)


class TakeIn:
    """An intake unit as they all are: the receipt's key makes a second run find the first one's traces."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.runs = 0

    def __call__(self, conn: WriteConn) -> str:
        self.runs += 1
        new = conn.run(
            _NEW,
            id=str(uuid4()),
            channel="c",
            adapter="a",
            external_key=self.key,
            digest="d",
            at=NOW,
            interaction_id="i",
        )
        return f"new {self.key}" if new else str(conn.one(_OLD, key=self.key).id)


def keys(conn: Connection) -> list[str]:
    return [row.external_key for row in conn.execute(select(schema.receipt).order_by(schema.receipt.c.external_key))]


def terminate_writer(url: str) -> None:
    """Cut every connection that has a transaction open, from outside."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )


@pytest.fixture
async def postgres(postgres_url: str, tmp_path: Path) -> Any:
    store = Store.open(postgres_url, tmp_path / "blobs")
    yield store
    await store.close()


async def test_a_commit_whose_answer_is_lost_is_run_again_and_found_kept(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, lost = WriteConn.commit, []

    def commit(self: WriteConn) -> None:
        real(self)
        if not lost:
            lost.append(True)
            raise CommitUnknownError

    monkeypatch.setattr(WriteConn, "commit", commit)
    unit = TakeIn("k")
    kept = await store.write(unit)
    assert not kept.startswith("new")
    assert unit.runs == 2
    assert await store.read(keys) == ["k"]


async def test_a_commit_that_never_arrived_is_run_again_and_kept_once(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, lost = WriteConn.commit, []

    def commit(self: WriteConn) -> None:
        if not lost:
            lost.append(True)
            raise CommitUnknownError
        real(self)

    monkeypatch.setattr(WriteConn, "commit", commit)
    assert await store.write(TakeIn("k")) == "new k"
    assert await store.read(keys) == ["k"]


@pytest.mark.postgres
async def test_a_connection_cut_before_commit_loses_and_doubles_nothing(postgres: Store, postgres_url: str) -> None:
    units = [TakeIn(f"{n}") for n in range(5)]
    with postgres.hold_commits() as hold:
        tasks = [asyncio.create_task(postgres.write(unit)) for unit in units]
        assert await hold.reached()
        terminate_writer(postgres_url)
    assert await asyncio.gather(*tasks) == [f"new {n}" for n in range(5)]
    assert await postgres.read(keys) == ["0", "1", "2", "3", "4"]
    assert max(unit.runs for unit in units) == 2


@pytest.mark.postgres
async def test_an_idle_connection_that_was_cut_is_opened_again(postgres: Store, postgres_url: str) -> None:
    await postgres.write(TakeIn("a"))
    assert await postgres.read(keys) == ["a"]
    terminate_writer(postgres_url)
    assert await postgres.write(TakeIn("b")) == "new b"
    assert await postgres.read(keys) == ["a", "b"]


@pytest.mark.postgres
async def test_a_unit_that_kills_its_connection_is_refused_and_its_neighbours_are_not(postgres: Store) -> None:
    def deadly(conn: WriteConn) -> None:
        conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with postgres.hold_commits() as hold:
        first = asyncio.create_task(postgres.ping())
        assert await hold.reached()
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(postgres.write(unit)) for unit in (TakeIn("a"), deadly, TakeIn("b"))
        ]
        await asyncio.sleep(0)
    await first
    a, dead, b = await asyncio.gather(*tasks, return_exceptions=True)
    assert (a, b) == ("new a", "new b")
    assert isinstance(dead, StoreDownError)
    assert await postgres.read(keys) == ["a", "b"]


@pytest.mark.postgres
async def test_a_unit_that_meets_another_writer_is_tried_again_alone(
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "_POSTGRES_WRITER", ("SET lock_timeout='300ms'",))
    store = Store.open(postgres_url, tmp_path / "blobs")
    await store.write(lambda conn: conn.execute(insert(schema.number_seq).values(name="case", value=1)))
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as other:
        other.execute("UPDATE number_seq SET value = value + 1")
        with store.hold_commits() as hold:
            first = asyncio.create_task(store.ping())
            assert await hold.reached()
            bump = asyncio.create_task(store.write(lambda conn: conn.run(_BUMP, b_name="case")))
            free = asyncio.create_task(store.write(TakeIn("free")))
            await asyncio.sleep(0)
        await first
        assert await free == "new free"
        assert not bump.done()
        other.commit()
    assert await bump == 1
    assert await store.read(lambda conn: conn.execute(select(schema.number_seq.c.value)).scalar()) == 3
    await store.close()


@pytest.mark.postgres
async def test_two_nodes_keep_one_receipt(postgres_url: str, tmp_path: Path) -> None:
    one = Store.open(postgres_url, tmp_path / "blobs", node="one")
    two = Store.open(postgres_url, tmp_path / "blobs", node="two")
    answers = await asyncio.gather(*(store.write(TakeIn(f"{n % 20}")) for n in range(40) for store in (one, two)))
    assert sum(answer.startswith("new") for answer in answers) == 20
    assert len(await one.read(keys)) == 20
    await one.close()
    await two.close()


@pytest.mark.postgres
@pytest.mark.parametrize("setting", ["synchronous_commit"])
def test_a_postgres_that_would_not_keep_a_commit_is_refused(postgres_url: str, tmp_path: Path, setting: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET {setting} = off")
    with pytest.raises(ConfigError, match=setting):
        Store.open(postgres_url, tmp_path / "blobs")


def test_every_setting_that_endangers_a_commit_has_its_rule() -> None:
    refused = database._REFUSED
    bad = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "server_encoding": "sql_ascii"}
    good = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "remote_apply", "server_encoding": "utf8"}
    assert all(refused[name](value) for name, value in bad.items())
    assert not any(refused[name](value) for name, value in good.items())


async def test_a_database_that_cannot_be_reached_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreDownError):
        Store.open(f"postgresql+psycopg://nobody@/none?host={tmp_path}", tmp_path / "blobs")


def test_the_sqlite_writer_is_durable_and_checks_keys(sqlite_url: str) -> None:
    with Database(sqlite_url).writer() as connection:
        asked = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _ASKED]
    assert asked == ["wal", 2, 1]


_ASKED = ("journal_mode", "synchronous", "foreign_keys")


def test_an_outer_rollback_leaves_nothing_of_a_released_savepoint(sqlite_url: str) -> None:
    with Database(sqlite_url).writer() as connection:
        for statement in ("BEGIN IMMEDIATE", "SAVEPOINT unit"):
            connection.exec_driver_sql(statement)
        connection.execute(insert(schema.number_seq).values(name="x", value=1))
        for statement in ("RELEASE SAVEPOINT unit", "ROLLBACK"):
            connection.exec_driver_sql(statement)
        assert connection.execute(select(schema.number_seq)).all() == []


def test_the_drivers_own_transactions_would_leave_it(sqlite_url: str) -> None:
    """Why `isolation_level=None`: by the driver's defaults, the same steps keep the row."""
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    connection.execute("SAVEPOINT unit")
    connection.execute("INSERT INTO number_seq (name, value) VALUES ('x', 1)")
    connection.execute("RELEASE SAVEPOINT unit")
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM number_seq").fetchone() == (1,)
    connection.close()


async def test_a_full_disk_refuses_and_the_store_lives_on(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Database(sqlite_url).writer() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    monkeypatch.setattr(database, "_SQLITE_WRITER", (*database._SQLITE_WRITER, f"PRAGMA max_page_count={pages + 100}"))
    store = Store.open(sqlite_url, tmp_path / "blobs")

    def big(conn: WriteConn) -> None:
        conn.execute(insert(schema.skill).values(name="x" * 2_000_000, created_at=NOW))

    with store.hold_commits() as hold:
        first = asyncio.create_task(store.ping())
        assert await hold.reached()
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(store.write(unit)) for unit in (TakeIn("a"), big, TakeIn("b"))
        ]
        await asyncio.sleep(0)
    await first
    a, full, b = await asyncio.gather(*tasks, return_exceptions=True)
    assert (a, b) == ("new a", "new b")
    assert isinstance(full, StoreDownError)
    assert await store.write(TakeIn("c")) == "new c"
    assert await store.read(keys) == ["a", "b", "c"]
    await store.close()


async def test_a_failed_statement_does_not_repeat_what_was_given_to_it(store: Store) -> None:
    """A traceback in the log may not hold what a customer said."""
    said = "my-diagnosis"
    question = text("SELECT 1 FROM nowhere WHERE a = :a")
    with pytest.raises(Exception, match=r"store|nowhere") as caught:
        await store.read(lambda conn: conn.execute(question, {"a": said}))
    assert said not in "".join(traceback.format_exception(caught.value))


async def test_a_foreign_key_to_nothing_is_a_conflict(store: Store) -> None:
    with pytest.raises(ConflictError):
        await store.write(
            lambda conn: conn.execute(insert(schema.agent_skill).values(agent_id="none", skill="s", level=1)),
        )


_CHILD = """
import asyncio, sys
from pathlib import Path
from contactd.crm_store.store import Store
from tests.crm_store.test_faults import TakeIn

async def main():
    store = Store.open(sys.argv[1], Path(sys.argv[2]))
    async def stream(name):
        n = 0
        while True:
            key = f"{sys.argv[3]}-{name}-{n}"
            await store.write(TakeIn(key))
            print(key, flush=True)
            n += 1
    await asyncio.gather(*(stream(name) for name in range(20)))

asyncio.run(main())
"""


@pytest.mark.integration
async def test_kill_nine_loses_nothing_that_was_acknowledged(store_url: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    told: list[str] = []
    for n in range(3):
        with subprocess.Popen(  # noqa: ASYNC220, S603 - a child of our own, to be killed
            [sys.executable, "-c", _CHILD, store_url, str(tmp_path / "blobs"), f"{n}"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root)},
        ) as child:
            assert child.stdout is not None
            told += [child.stdout.readline().strip() for _ in range(200 + 37 * n)]
            child.send_signal(signal.SIGKILL)
            told += [line.strip() for line in child.stdout if line.endswith("\n")]
    store = Store.open(store_url, tmp_path / "blobs")
    kept = await store.read(keys)
    assert set(told) <= set(kept)
    assert len(set(told)) == len(told) > 600
    if store.sqlite:
        assert await store.read(lambda conn: conn.execute(text("PRAGMA integrity_check")).scalar()) == "ok"
    await store.close()

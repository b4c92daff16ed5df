"""SQLite's log reaches the disk behind the writer, and nobody is answered before."""

from __future__ import annotations

import asyncio
import errno
import shutil
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contactd.core.errors import StoreDownError
from contactd.crm_store import log_sync, schema
from contactd.crm_store.database import Database
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import Store, WriteConn

NOW = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
ADD = hot(insert(schema.thread))


class SlowDisk:
    """Keeps every sync until it is let go."""

    def __init__(self) -> None:
        self.syncs = 0
        self.reached = threading.Event()
        self.go = threading.Event()

    def __call__(self, _file: int) -> None:
        self.syncs += 1
        self.reached.set()
        self.go.wait(30)


def adding(name: str) -> Callable[[WriteConn], str]:
    def unit(conn: WriteConn) -> str:
        conn.run(ADD, id=name, channel="mail", created_at=NOW, last_at=NOW)
        return name

    return unit


def kept(file: Path) -> list[str]:
    """Return what stands in a copy of a database, read after its server has gone."""
    with sqlite3.connect(file) as db:
        return [row[0] for row in db.execute("SELECT id FROM thread ORDER BY id")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.sqlite"


@pytest.fixture
def own(file: Path) -> Store:
    return Store.open(f"sqlite:///{file}", file.parent / "blobs")


async def test_nobody_is_answered_before_the_log_is_on_the_disk(own: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk()
    monkeypatch.setattr(log_sync, "to_disk", disk)
    task = asyncio.create_task(own.write(adding("a")))
    assert await asyncio.to_thread(disk.reached.wait, 30)
    await asyncio.sleep(0)
    assert not task.done()
    disk.go.set()
    assert await task == "a"
    await own.close()


async def test_what_comes_while_the_disk_is_busy_shares_the_next_sync(
    own: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk()
    monkeypatch.setattr(log_sync, "to_disk", disk)
    first = asyncio.create_task(own.write(adding("a")))
    assert await asyncio.to_thread(disk.reached.wait, 30)
    ran = threading.Event()
    names = ["b", "c", "d"]
    others = [asyncio.create_task(own.write(adding(name))) for name in names]
    last = asyncio.create_task(own.write(lambda _conn: ran.set()))
    # It runs, though the disk has not answered.
    assert await asyncio.to_thread(ran.wait, 30)
    assert not any(task.done() for task in (first, *others, last))
    disk.go.set()
    assert await asyncio.gather(first, *others) == ["a", *names]
    await last
    assert disk.syncs == 2
    await own.close()


async def test_what_is_synced_survives_by_the_files_alone(
    own: Store, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[list[str]] = []

    def copying(_file: int) -> None:
        folder = tmp_path / f"copy{len(copies)}"
        folder.mkdir()
        for name in (file.name, f"{file.name}-wal"):
            shutil.copy(file.parent / name, folder / name)
        copies.append(kept(folder / file.name))

    monkeypatch.setattr(log_sync, "to_disk", copying)
    await own.write(adding("a"))
    await own.write(adding("b"))
    assert copies == [["a"], ["a", "b"]]
    await own.close()


async def test_where_the_log_cannot_be_synced_it_is_copied_into_the_database(
    own: Store, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    await own.write(adding("a"))
    monkeypatch.setattr(log_sync, "to_disk", failing)
    assert await own.write(adding("b")) == "b"
    alone = tmp_path / "alone.sqlite"
    shutil.copy(file, alone)
    assert kept(alone) == ["a", "b"]
    await own.close()


async def test_what_cannot_be_brought_to_the_disk_is_not_said_to_be_kept(
    own: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Event()

    def failing(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    def in_the_way(_database: Database) -> bool:
        tried.set()
        return False

    monkeypatch.setattr(log_sync, "to_disk", failing)
    monkeypatch.setattr(Database, "copy_log", in_the_way)
    task = asyncio.create_task(own.write(adding("a")))
    assert await asyncio.to_thread(tried.wait, 30)
    assert not task.done()
    await own.close()
    with pytest.raises(StoreDownError) as told:
        await task
    assert told.value.code == "unknown"


async def test_a_database_that_is_linked_to_is_synced_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "linked.sqlite").symlink_to(tmp_path / "disk" / "own.sqlite")
    store = Store.open(f"sqlite:///{tmp_path}/linked.sqlite", tmp_path / "blobs")
    monkeypatch.setattr(Database, "copy_log", None)  # nothing has to be copied
    assert await asyncio.wait_for(store.write(adding("a")), 30) == "a"
    await store.close()

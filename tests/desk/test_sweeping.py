"""What no row names goes after a day; what a row names, or is about to, stays."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contactd.core.address import email
from contactd.core.channel import Arrival, Content
from contactd.core.message import NewAttachment, NewMessage
from contactd.crm_store import blob_rows, import_files, upload_rows
from contactd.crm_store.blobs import Blobs
from contactd.crm_store.schema import metadata
from contactd.crm_store.store import Store
from contactd.desk import sweeping
from contactd.desk.sweeping import Sweeping
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench

DAY = timedelta(hours=25)


def age(store: Store, *names: str) -> None:
    """Let blobs have been put long ago."""
    for name in names:
        os.utime(store.blobs.path(name), (0, 0))


async def swept(store: Store, clock: ManualClock) -> int:
    sweeper = Sweeping(store, clock)
    return sum([await sweeper.sweep(digit) for digit in "0123456789abcdef"])


async def test_what_nobody_names_goes_and_what_is_young_stays(store: Store, clock: ManualClock) -> None:
    old, young = await store.blobs.store(b"old"), await store.blobs.store(b"young")
    age(store, old)
    os.utime(store.blobs.path(young), (clock.now().timestamp() - 3600,) * 2)
    assert await swept(store, clock) == 1
    assert (store.blobs.has(old), store.blobs.has(young)) == (False, True)


async def test_everything_a_row_names_stays(bench: Bench, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_rows, "PAGE", 2)
    store = bench.store
    files = tuple(NewAttachment(name=f"{n}", media_type="text/plain", data=f"{n}".encode()) for n in range(5))
    message = NewMessage(
        direction="inbound", sender="li@example.cn", text="t", html="<p>t</p>" * 10_000, attachments=files
    )
    arrival = Arrival(channel="email", adapter="x", external_key="1", raw=b"x" * 300_000, at=clock.now())
    await bench.mail.tools.accept(arrival, Content(messages=(message,), sender=email("li@example.cn")))
    ann = await bench.agent("ann")
    await bench.ready(ann)
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.run(ann, "interaction.send", interaction=offer["interaction"]["id"], text="y" * 300_000)
    upload = await store.blobs.store(b"upload")
    await _upload(store, clock, "u1", upload)
    names = {path.name for path in _files(store)}
    assert len(names) == 1 + 1 + 5 + 1 + 1
    age(store, *names)
    assert await swept(store, clock) == 0
    assert {path.name for path in _files(store)} == names


def _files(store: Store) -> list[Path]:
    return [path for path in store.blobs.path("0" * 64).parent.parent.glob("??/*") if path.is_file()]


async def _upload(store: Store, clock: ManualClock, ident: str, blob: str, *, size: int = 1) -> None:
    now = clock.now()
    row = {"id": ident, "owner": "ann", "blob": blob, "name": "a", "media_type": "a/b", "size": size}
    row |= {"created_at": now, "expires_at": now + timedelta(hours=24)}
    quota = upload_rows.Quota(files=100, size=1000, since=now)
    await store.write(lambda conn: upload_rows.add(conn, row, quota))


async def test_an_upload_that_was_not_sent_in_a_day_goes_with_its_bytes(store: Store, clock: ManualClock) -> None:
    name = await store.blobs.store(b"upload")
    await _upload(store, clock, "u1", name)
    age(store, name)
    assert await swept(store, clock) == 0
    clock.advance(DAY)
    assert await swept(store, clock) == 1
    assert not store.blobs.has(name)


async def test_bytes_that_are_put_again_are_young_again(store: Store) -> None:
    name = await store.blobs.store(b"twice")
    age(store, name)
    await store.blobs.store(b"twice")
    before = (datetime.now(UTC) - timedelta(hours=24)).timestamp()
    assert name not in store.blobs.old(name[0], before)
    assert not store.blobs.drop(name, before)
    assert store.blobs.has(name)


def test_putting_and_dropping_together_never_lose_what_was_put(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    data = b"contested"
    name = blobs.put(data)
    before = datetime.now(UTC).timestamp() - 3600
    ended = threading.Event()

    def drop() -> None:
        while not ended.is_set():
            blobs.drop(name, before)

    dropper = threading.Thread(target=drop)
    dropper.start()
    try:
        for _ in range(300):
            with suppress(FileNotFoundError):
                os.utime(blobs.path(name), (0, 0))
            blobs.put(data)
            assert blobs.get(name) == data
    finally:
        ended.set()
        dropper.join()


async def test_what_a_dead_writer_left_goes(store: Store, clock: ManualClock) -> None:
    name = await store.blobs.store(b"x")
    left = store.blobs.path(name).parent / ".new-abc"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    await swept(store, clock)
    assert not left.exists()
    assert store.blobs.has(name)


async def test_a_folder_beside_the_wrong_database_is_left_alone(store: Store, clock: ManualClock) -> None:
    names = [await store.blobs.store(f"{n}".encode()) for n in range(16 * sweeping.SUSPICIOUS * 3)]
    age(store, *names)
    await swept(store, clock)
    left = [name for name in names if store.blobs.has(name)]
    assert len(left) == len(names)


async def test_trouble_does_not_end_it(store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    name = await store.blobs.store(b"old")
    age(store, name)
    monkeypatch.setattr(sweeping, "EVERY_S", 0)
    troubles: Iterator[str] = iter(("now", "later"))
    real = Blobs.old

    def old(self: Blobs, first: str, before: float) -> set[str]:
        if next(troubles, None) is not None:
            raise OSError(5, "input/output error")
        return real(self, first, before)

    monkeypatch.setattr(Blobs, "old", old)
    running = asyncio.create_task(Sweeping(store, clock).run())
    for _ in range(2000):
        if not store.blobs.has(name):
            break
        await asyncio.sleep(0.005)
    running.cancel()
    assert not store.blobs.has(name)


def test_no_column_that_names_blobs_is_forgotten() -> None:
    asked = " ".join(str(name) for _, name in blob_rows.NAMING).replace('"', "")
    naming = [str(column) for table in metadata.tables.values() for column in table.columns if "blob" in column.name]
    assert len(naming) >= len(blob_rows.NAMING)
    # An erasure's list says what is to go; it keeps nothing.
    assert [column for column in naming if column not in asked and column != "privacy_request.blobs"] == []


async def test_a_file_that_comes_in_pieces_may_take_days(store: Store, clock: ManualClock) -> None:
    pieces = [await store.blobs.store(data) for data in (b"one", b"two")]
    row = {"id": "f", "node": store.node, "owner": "ann", "name": "a.csv", "size": 9, "pieces": pieces}
    row |= {"created_at": clock.now(), "expires_at": clock.now() + timedelta(days=7)}
    await store.write(lambda conn: import_files.add(conn, row))
    age(store, *pieces)
    assert await swept(store, clock) == 0
    whole = await store.blobs.store(b"onetwo...")
    change = {"state": import_files.WHOLE, "blob": whole}
    await store.write(lambda conn: import_files.change(conn, "f", (import_files.UPLOADING,), **change))
    age(store, whole)
    assert await swept(store, clock) == len(pieces), "the whole stays, the pieces are not needed any more"
    assert store.blobs.has(whole)

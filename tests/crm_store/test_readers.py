"""Reading: fresh snapshots, nothing written, and an end to what takes too long."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError

from contactd.core.errors import BadRequestError, BusyError, StoreDownError
from contactd.crm_store import readers, schema
from contactd.crm_store.store import Store

ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT max(i) FROM n"
)


async def test_a_read_sees_what_was_committed_before_it(store: Store) -> None:
    for n in range(20):
        await store.write(lambda conn, n=n: conn.execute(insert(schema.number_seq).values(name=f"{n}", value=n)))
        found = await asyncio.gather(
            *(store.read(lambda conn: len(conn.execute(select(schema.number_seq)).all())) for _ in range(4)),
        )
        assert found == [n + 1] * 4


async def test_one_read_sees_one_moment(store: Store) -> None:
    loop = asyncio.get_running_loop()

    def twice(conn: Connection) -> tuple[int, int]:
        first = len(conn.execute(select(schema.node)).all())
        asyncio.run_coroutine_threadsafe(store.ping(), loop).result(10)
        return first, len(conn.execute(select(schema.node)).all())

    assert await store.read(twice, limit=timedelta(seconds=30)) == (0, 0)
    assert await store.read(lambda conn: len(conn.execute(select(schema.node)).all())) == 1


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises((StoreDownError, DBAPIError)):
        await store.read(lambda conn: conn.execute(insert(schema.number_seq).values(name="x", value=1)))
    assert await store.read(lambda conn: conn.execute(select(schema.number_seq)).all()) == []


async def test_what_takes_too_long_is_stopped_and_the_reader_lives_on(store: Store) -> None:
    for _ in range(readers.THREADS + 1):
        with pytest.raises(BusyError) as caught:
            await store.read(lambda conn: conn.execute(ENDLESS).all(), limit=timedelta(milliseconds=50))
        assert caught.value.code == "too_slow"
    assert await store.read(lambda conn: conn.execute(text("SELECT 1")).scalar()) == 1


async def test_an_error_of_the_function_comes_out_as_it_is(store: Store) -> None:
    def wrong(_: Connection) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await store.read(wrong)


async def test_a_value_no_database_can_look_for_is_a_bad_request_or_finds_nothing(store: Store) -> None:
    try:
        found = await store.read(
            lambda conn: conn.execute(select(schema.party).where(schema.party.c.id == "\x00")).all()
        )
    except BadRequestError:
        return
    assert found == []


async def test_too_many_waiting_reads_are_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "WAITING", 2)
    first = [asyncio.create_task(store.read(lambda conn: conn.execute(text("SELECT 1")).scalar())) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await store.read(lambda conn: conn.execute(text("SELECT 1")).scalar())
    assert await asyncio.gather(*first) == [1, 1]

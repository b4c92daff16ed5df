"""Writing: groups share a commit but not their fate, and nothing comes out before the commit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, delete, func, select, update

from contactd.core.errors import BadRequestError, BusyError, ConflictError, StoreDownError
from contactd.crm_store import schema, writer
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import Store, WriteConn

NOW = datetime(2026, 11, 23, 9, 5, 0, 123000, tzinfo=UTC)

ADD = hot(insert(schema.thread))
ADD_ONCE = hot(insert(schema.thread).on_conflict_do_nothing(index_elements=["id"]))
RENAME = hot(update(schema.thread).where(schema.thread.c.id == bindparam("thread")).values(subject=bindparam("to")))
ALL = select(schema.thread.c.id).order_by(schema.thread.c.id)


def adding(*names: str, fail: bool = False) -> Callable[[WriteConn], str]:
    def unit(conn: WriteConn) -> str:
        for name in names:
            conn.run(ADD, id=name, channel="mail", created_at=NOW, last_at=NOW)
        if fail:
            raise KeyError(names[0])
        return names[-1]

    return unit


def names(conn: Connection) -> list[str]:
    return [row.id for row in conn.execute(ALL)]


async def held_together(store: Store, *units: Callable[[WriteConn], object]) -> list[object]:
    """Run the units in one group: they queue up while the writer is kept busy."""
    with store.hold_commits() as hold:
        first = asyncio.create_task(store.ping())
        assert await hold.reached()
        tasks = [asyncio.create_task(store.write(unit)) for unit in units]
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_unit_returns_its_result_after_the_commit(store: Store) -> None:
    assert await store.write(adding("a", "b")) == "b"
    assert await store.read(names) == ["a", "b"]


async def test_values_come_back_as_they_went_in(store: Store) -> None:
    row = {"id": "p", "channel": "chat", "subject": "发票 \x00 \ud800", "created_at": NOW, "last_at": NOW}
    await store.write(lambda conn: conn.run(ADD, **row))
    got = await store.write(lambda conn: conn.one(hot(select(schema.thread))))
    assert (got.created_at, got.subject, got.line) == (NOW, "发票 \ufffd \ufffd", None)
    cold = await store.read(lambda conn: conn.execute(select(schema.thread)).one())
    assert tuple(cold) == tuple(got)


async def test_a_naive_moment_is_refused(store: Store) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(TypeError):
        await store.write(lambda conn: conn.run(ADD, id="a", channel="c", created_at=naive, last_at=NOW))


async def test_a_misspelt_or_missing_value_is_refused(store: Store) -> None:
    with pytest.raises(TypeError, match="titel"):
        await store.write(lambda conn: conn.run(ADD, id="a", channel="c", created_at=NOW, last_at=NOW, titel="x"))
    with pytest.raises(TypeError, match="last_at"):
        await store.write(lambda conn: conn.run(ADD, id="a", channel="c", created_at=NOW))


async def test_a_failing_unit_takes_back_only_its_own_rows(store: Store) -> None:
    got = await held_together(store, adding("a"), adding("b", "c", fail=True), adding("d"))
    assert got[0] == "a"
    assert isinstance(got[1], KeyError)
    assert got[2] == "d"
    assert await store.read(names) == ["a", "d"]


async def test_a_broken_constraint_is_a_conflict_of_that_unit_alone(store: Store) -> None:
    got = await held_together(store, adding("a"), adding("a"), adding("b"))
    assert isinstance(got[1], ConflictError)
    assert got[1].code == "integrity"
    assert await store.read(names) == ["a", "b"]


async def test_a_unit_that_swallows_a_failed_statement_is_not_committed_half(store: Store) -> None:
    def unit(conn: WriteConn) -> str:
        conn.run(ADD, id="half", channel="c", created_at=NOW, last_at=NOW)
        try:
            conn.run(ADD, id="half", channel="c", created_at=NOW, last_at=NOW)
        except Exception:  # noqa: BLE001 - the mistake under test
            return "went on"
        return "no error"

    got = await held_together(store, adding("a"), unit, adding("b"))
    kept = await store.read(names)
    assert {"a", "b"} <= set(kept)
    assert ("half" in kept) == (got[1] == "went on")


async def test_nothing_comes_out_before_the_commit(store: Store) -> None:
    with store.hold_commits() as hold:
        task = asyncio.create_task(store.write(adding("a")))
        assert await hold.reached()
        assert await store.read(names) == []
        assert not task.done()
    assert await task == "a"
    assert await store.read(names) == ["a"]


async def test_units_run_and_answer_in_the_order_they_came(store: Store) -> None:
    ran: list[int] = []
    answered: list[int] = []

    async def one(number: int) -> None:
        await store.write(lambda _: ran.append(number))
        answered.append(number)

    await asyncio.gather(*(one(number) for number in range(500)))
    assert ran == answered == list(range(500))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=12))
async def test_any_mix_of_good_and_bad_units_keeps_exactly_the_good_ones(
    store: Store,
    fates: list[tuple[int, bool]],
) -> None:
    await store.write(lambda conn: conn.execute(delete(schema.thread)))
    units = [adding(*(f"{n:02}-{k}" for k in range(rows)), fail=fail) for n, (rows, fail) in enumerate(fates)]
    await held_together(store, *units)
    good = [f"{n:02}-{k}" for n, (rows, fail) in enumerate(fates) if not fail for k in range(rows)]
    assert await store.read(names) == good


async def test_too_many_live_units_are_refused_and_urgent_ones_never(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "LIVE_WAITING", 3)
    with store.hold_commits() as hold:
        tasks = [asyncio.create_task(store.ping())]
        assert await hold.reached()
        tasks += [asyncio.create_task(store.write(adding(str(n)))) for n in range(3)]
        await asyncio.sleep(0)
        assert store.waiting == 3
        with pytest.raises(BusyError):
            await store.write(adding("refused"))
        urgent = asyncio.create_task(store.write(adding("urgent"), urgent=True))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert await urgent == "urgent"
    assert await store.read(names) == ["0", "1", "2", "urgent"]


async def test_bulk_units_stand_behind_live_ones(store: Store) -> None:
    ran: list[str] = []
    with store.hold_commits() as hold:
        first = asyncio.create_task(store.ping())
        assert await hold.reached()
        bulk = asyncio.create_task(store.write(lambda _: ran.append("bulk"), bulk=True))
        await asyncio.sleep(0)
        live = asyncio.create_task(store.write(lambda _: ran.append("live")))
        await asyncio.sleep(0)
    await asyncio.gather(first, bulk, live)
    assert ran == ["live", "bulk"]


class Told:
    """Stands in for the log: what it was told, and of how many that waited."""

    def __init__(self) -> None:
        self.slow: list[int] = []

    def warning(self, event: str, **values: int) -> None:
        if event == "store.bulk_unit_slow":
            self.slow.append(values["held_up"])


async def test_a_slow_bulk_unit_is_told_only_when_live_ones_waited_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    monkeypatch.setattr(writer, "log", told)
    monkeypatch.setattr(writer, "BULK_SECONDS", -1.0)
    await store.write(lambda _conn: None, bulk=True)
    assert told.slow == []
    runs, goes_on = threading.Event(), threading.Event()

    def slow(_conn: WriteConn) -> None:
        runs.set()
        assert goes_on.wait(20)

    bulk = asyncio.create_task(store.write(slow, bulk=True))
    assert await asyncio.to_thread(runs.wait, 20)
    live = asyncio.create_task(store.ping())
    while not store.waiting:  # noqa: ASYNC110 - the writer's own number
        await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(bulk, live)
    assert told.slow == [1]


async def test_a_bulk_unit_that_is_too_large_is_refused(store: Store) -> None:
    rows = [{"id": f"{n:04}", "channel": "c", "created_at": NOW, "last_at": NOW} for n in range(writer.BULK_ROWS + 1)]
    with pytest.raises(ValueError, match=str(writer.BULK_ROWS)):
        await store.write(lambda conn: conn.many(ADD, rows), bulk=True)
    assert await store.write(lambda conn: conn.many(ADD, rows[:-1]), bulk=True) == writer.BULK_ROWS
    assert len(await store.read(names)) == writer.BULK_ROWS


async def test_bulk_goes_on_under_a_steady_stream_of_live_units(store: Store) -> None:
    done = asyncio.Event()

    async def live() -> None:
        while not done.is_set():
            await store.write(lambda conn: conn.run(RENAME, thread="none", to="x"))

    streams = [asyncio.create_task(live()) for _ in range(4)]
    async with asyncio.timeout(20):
        for n in range(5):
            await store.write(adding(str(n)), bulk=True)
    done.set()
    await asyncio.gather(*streams)
    assert await store.read(names) == ["0", "1", "2", "3", "4"]


async def test_cold_and_hot_statements_share_the_transaction(store: Store) -> None:
    def unit(conn: WriteConn) -> int:
        conn.run(ADD, id="a", channel="c", created_at=NOW, last_at=NOW)
        found = conn.execute(select(func.count()).select_from(schema.thread)).scalar_one()
        conn.execute(delete(schema.thread).where(schema.thread.c.id == "a"))
        assert conn.all(hot(ALL)) == []
        return int(found)

    assert await store.write(unit) == 1


async def test_row_counts_tell_what_a_statement_did(store: Store) -> None:
    row = {"id": "a", "channel": "c", "created_at": NOW, "last_at": NOW}
    counts = await store.write(
        lambda conn: (
            conn.run(ADD_ONCE, **row),
            conn.run(ADD_ONCE, **row),
            conn.run(RENAME, thread="a", to="new"),
            conn.run(RENAME, thread="none", to="new"),
        ),
    )
    assert counts == (1, 0, 1, 0)


async def test_cold_row_counts_tell_it_too(store: Store) -> None:
    new = insert(schema.thread).values(id="a", channel="c", created_at=NOW, last_at=NOW)
    once = new.on_conflict_do_nothing(index_elements=["id"])
    counts = await store.write(lambda conn: (conn.execute(once).rowcount, conn.execute(once).rowcount))
    assert counts == (1, 0)


async def test_what_a_value_type_refuses_is_a_bad_request(store: Store) -> None:
    with pytest.raises(BadRequestError):
        await store.write(
            lambda conn: conn.run(hot(insert(schema.number_seq)), name="n", value=1 << 70),
        )


async def test_close_writes_what_waits_and_then_refuses(store_url: str, tmp_path: Path) -> None:
    store = Store.open(store_url, tmp_path / "blobs")
    tasks = [asyncio.create_task(store.write(adding(f"{n:03}"))) for n in range(300)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*tasks)) == 300
    with pytest.raises(StoreDownError):
        await store.write(adding("late"))
    again = Store.open(store_url, tmp_path / "blobs")
    assert len(await again.read(names)) == 300
    await again.close()


async def test_a_caller_that_gave_up_does_not_disturb_the_others(store: Store) -> None:
    with store.hold_commits() as hold:
        gone = asyncio.create_task(store.write(adding("a")))
        assert await hold.reached()
        stays = asyncio.create_task(store.write(adding("b")))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
    assert await stays == "b"
    assert await store.read(names) == ["a", "b"]


async def test_units_run_off_the_loop(store: Store) -> None:
    here = threading.get_ident()
    assert await store.write(lambda _: threading.get_ident()) != here
    assert await store.read(lambda _: threading.get_ident()) != here


def add_each(conn: WriteConn, items: Sequence[str]) -> list[tuple[str, int]]:
    """Add a row for each item, which is told how many were added with it."""
    if "bad" in items:
        conn.run(ADD, id="half", channel="mail", created_at=NOW, last_at=NOW)
        raise KeyError
    conn.many(ADD, [{"id": one, "channel": "mail", "created_at": NOW, "last_at": NOW} for one in items])
    return [(one, len(items)) for one in items]


async def alike(store: Store, *items: str) -> list[object]:
    """Let items wait together for `add_each`."""
    with store.hold_commits() as hold:
        first = asyncio.create_task(store.ping())
        assert await hold.reached()
        tasks = [asyncio.create_task(store.write_alike(add_each, item)) for item in items]
        await asyncio.sleep(0)
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_items_of_one_kind_that_wait_are_written_together(store: Store) -> None:
    assert await alike(store, "a", "b", "c") == [("a", 3), ("b", 3), ("c", 3)]
    assert await store.read(names) == ["a", "b", "c"]


async def test_a_bad_item_fails_alone(store: Store) -> None:
    first, bad, last = await alike(store, "a", "bad", "c")
    assert first == ("a", 1)
    assert isinstance(bad, KeyError)
    assert last == ("c", 1)
    assert await store.read(names) == ["a", "c"]


async def test_nothing_alike_is_answered_before_its_commit(store: Store) -> None:
    with store.hold_commits() as hold:
        task = asyncio.create_task(store.write_alike(add_each, "a"))
        assert await hold.reached()
        assert not task.done()
        assert await store.read(names) == []
    assert await task == ("a", 1)


async def test_a_unit_that_comes_while_others_run_shares_their_commit(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "LATE_S", 60.0)
    begun, go, ran = threading.Event(), threading.Event(), threading.Event()

    def slow(conn: WriteConn) -> str:
        begun.set()
        assert go.wait(10)
        return adding("a")(conn)

    def late(conn: WriteConn) -> str:
        ran.set()
        return adding("b")(conn)

    with store.hold_commits() as hold:
        tasks = [asyncio.create_task(store.write(slow))]
        assert await asyncio.to_thread(begun.wait, 10)
        tasks.append(asyncio.create_task(store.write(late)))
        await asyncio.sleep(0)
        go.set()
        assert await hold.reached()
        assert ran.is_set()
        assert not any(task.done() for task in tasks)
    assert await asyncio.gather(*tasks) == ["a", "b"]

"""The index of words waits while a lot comes in, and then catches up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.desk import tending
from contactd.desk.tending import PATIENCE_S, Tending
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench, open_bench


@pytest.fixture
async def bench(
    store: Store, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    """A desk that tends only when it is told to."""

    async def never(_self: Tending) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Tending, "run", never)
    monkeypatch.setattr(tending, "RUSH", 3)
    made = await open_bench(store, clock, tmp_path)
    yield made
    await made.office.close()


async def come(bench: Bench, tag: str) -> None:
    """Let three mails come, and wait until they stand in line."""
    receipts = [await bench.mail_in(f"a@b.example|{tag} {n}|words", f"{tag}{n}") for n in range(3)]
    for receipt in receipts:
        await bench.until(lambda one=receipt.interaction: bench.state_of(one) == "queued")


async def indexed(bench: Bench) -> int:
    def count(conn: Connection) -> int:
        return int(conn.execute(select(func.count()).where(s.search_doc.c.kind == "message")).scalar_one())

    return await bench.store.read(count)


async def test_it_waits_while_a_lot_comes_and_catches_up_when_less_does(bench: Bench) -> None:
    await come(bench, "first")
    await bench.office.tending.some()
    assert await indexed(bench) == 0
    await bench.office.tending.some()
    assert await indexed(bench) == 3


async def test_it_does_not_wait_for_ever(bench: Bench) -> None:
    await come(bench, "first")
    await bench.office.tending.some()
    bench.clock.advance(timedelta(seconds=PATIENCE_S))
    await come(bench, "second")
    await bench.office.tending.some()
    assert await indexed(bench) == 6


async def test_it_waits_for_nothing_when_all_is_to_be_done_now(bench: Bench) -> None:
    await come(bench, "first")
    await bench.office.tending.settle()
    assert await indexed(bench) == 3

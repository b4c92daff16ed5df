"""What is done behind the live work: nothing of it holds up the rest, and nothing that was asked for is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from contactd.core.errors import StoreDownError
from contactd.crm_store import score_rows
from contactd.crm_store.store import Store
from contactd.desk import scoring
from contactd.desk.rules import Rules
from contactd.desk.scoring import Scoring
from contactd.routing.policy import Policy
from tests.desk.bench import Bench

PATIENCE_S = 30


@asynccontextmanager
async def running(run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_draw_that_takes_long_holds_up_neither_campaigns_nor_the_queue(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tending, done = bench.office.tending, {"campaigns": asyncio.Event(), "queue": asyncio.Event()}

    async def without_end() -> None:
        await asyncio.Event().wait()

    async def look(name: str) -> bool:
        done[name].set()
        return False

    monkeypatch.setattr(tending._assessing, "watch", without_end)
    monkeypatch.setattr(tending._campaigns, "watch", lambda: look("campaigns"))
    monkeypatch.setattr(tending._tasks, "look", lambda: look("queue"))
    async with running(tending.run):
        for event in done.values():
            await asyncio.wait_for(event.wait(), PATIENCE_S)


class Away:
    """A store that cannot be reached while `away`."""

    def __init__(self, store: Store) -> None:
        self._store, self.away, self.asked = store, False, 0

    async def read(self, ask: Any, **more: Any) -> Any:
        self._refuse()
        return await self._store.read(ask, **more)

    async def write(self, unit: Any, **more: Any) -> Any:
        self._refuse()
        return await self._store.write(unit, **more)

    def _refuse(self) -> None:
        self.asked += self.away
        if self.away:
            message = "away"
            raise StoreDownError(message)


async def test_a_count_that_was_asked_for_while_the_store_was_away_is_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "AGAIN_S", 0.01)
    store: Any = Away(bench.store)
    counting = Scoring(store, bench.clock, Rules(Policy.from_mapping({}), 1))
    await counting.settle()
    first = await bench.store.read(score_rows.standing)
    bench.clock.advance(timedelta(minutes=1))
    store.away = True
    counting.begin()
    async with running(counting.run):
        await bench.until(lambda: store.asked, "the store is asked")
        store.away = False
        counted = None
        async with asyncio.timeout(PATIENCE_S):
            while counted is None or counted.at == first.at:
                counted = await bench.store.read(score_rows.standing)

"""What goes on as long as the server runs: one that fails is told, rests, and is begun again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from contactd.desk import duties, shadowing
from contactd.desk.duties import Duties
from contactd.desk.readiness import Readiness
from tests.desk.bench import Bench


class Worker:
    """Fails so often as it is told, then works."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.begun = 0
        self.works = asyncio.Event()

    async def run(self) -> None:
        self.begun += 1
        if self.begun <= self.failures:
            message = "nobody thought of this"
            raise ValueError(message)
        self.works.set()
        await asyncio.Event().wait()


async def test_what_fails_is_begun_again_until_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "FIRST_S", 0.001)
    worker, beside, kept = Worker(3), Worker(0), Duties()
    kept.begin("worker", worker.run)
    kept.begin("beside", beside.run)
    async with asyncio.timeout(20):
        await worker.works.wait()
    assert (worker.begun, beside.begun, kept.failed) == (4, 1, [])
    await kept.end()


async def test_who_does_not_go_keeps_nobody_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "END_S", 0.01)
    kept, goes = Duties(), asyncio.Event()

    async def stubborn() -> None:
        while not goes.is_set():
            try:
                await goes.wait()
            except asyncio.CancelledError:
                continue

    async def fails() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            message = "it fails while it is ended"
            raise ValueError(message)

    kept.begin("stubborn", stubborn)
    kept.begin("fails", fails)
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await kept.end()
    assert kept.failed == []
    goes.set()


async def test_what_ends_by_itself_is_over() -> None:
    kept, ended = Duties(), asyncio.Event()

    async def once() -> None:
        ended.set()

    kept.begin("once", once)
    async with asyncio.timeout(20):
        await ended.wait()
    assert kept.failed == []
    await kept.end()


async def test_the_pauses_of_a_duty_grow_and_end_growing() -> None:
    pauses: list[float] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            enough.set()
            await asyncio.Event().wait()

    kept = Duties(sleep)
    kept.begin("worker", Worker(100).run)
    async with asyncio.timeout(20):
        await enough.wait()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert kept.failed == ["worker"]
    await kept.end()


async def test_a_part_of_the_desk_that_breaks_is_told_by_readyz(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    office = bench.office
    monkeypatch.setattr(duties, "FIRST_S", 3600.0)
    monkeypatch.setattr(shadowing, "LOOK_S", 0.01)
    looks: list[Any] = []

    async def breaks() -> None:
        looks.append(None)
        message = "nobody thought of this"
        raise ValueError(message)

    monkeypatch.setattr(office.shadowing, "look", breaks)
    ready = Readiness(office, bench.store, bench.clock, {}, disk_free_mb=0)
    ready.open()
    await bench.until(lambda: office.duties.failed, "the failure is known")
    assert await ready.reasons() == ["shadow has failed"]
    assert len(looks) == 1

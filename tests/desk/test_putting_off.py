"""What cannot be read now: tried after longer and longer pauses, in nobody's way, and shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from contactd.core.errors import NotFoundError, StoreDownError
from contactd.crm_store import interactions
from contactd.desk import putting_off, readiness
from contactd.desk.intake import Unread
from contactd.desk.putting_off import LONGEST_S, PuttingOff
from contactd.desk.readiness import Readiness
from tests.desk.bench import Bench


async def state(bench: Bench, interaction: str) -> Any:
    try:
        return (await bench.store.read(lambda conn: interactions.get(conn, interaction)))["state"]
    except NotFoundError:
        return None


async def becomes(bench: Bench, interaction: str, wanted: str) -> None:
    for _ in range(2000):
        if await state(bench, interaction) == wanted:
            return
        await asyncio.sleep(0.005)
    pytest.fail(f"never {wanted}")


async def test_pauses_grow_and_end_growing() -> None:
    pauses: list[float] = []

    def schedule(seconds: float, back: Callable[[Unread], None], unread: Unread) -> None:
        pauses.append(seconds)
        if len(pauses) < 12:
            asyncio.get_running_loop().call_soon(back, unread)

    ended = asyncio.Event()

    def again(unread: Unread) -> None:
        put_off.later(unread)
        if len(pauses) == 12:
            ended.set()

    put_off = PuttingOff(again, schedule)
    put_off.later(Unread("r", "i"))
    await asyncio.wait_for(ended.wait(), 30)
    assert pauses[:4] == [0.5, 1, 2, 4]
    assert pauses == sorted(pauses)
    assert set(pauses[-4:]) == {LONGEST_S}
    assert put_off.waiting == 1


async def test_what_waits_for_its_next_try_is_in_nobodys_way(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(putting_off, "FIRST_S", 3600.0)
    monkeypatch.setattr(putting_off, "LONGEST_S", 3600.0)
    load, word = bench.store.blobs.load, "word " * 60_000

    async def broken(name: str) -> bytes:
        raw = await load(name)
        if b"|bad|" in raw:
            raise OSError(5, "input/output error")
        return raw

    monkeypatch.setattr(bench.store.blobs, "load", broken)
    monkeypatch.setattr("contactd.desk.reading.HELD_BYTES", 0)
    bad = [await bench.mail_in(f"li@example.cn|bad|{n} {word}", f"bad-{n}") for n in range(4)]
    await bench.until(lambda: bench.office.reading.put_off.waiting == 4, "the putting off")
    good = await bench.mail_in("li@example.cn|good|text", "good")
    await becomes(bench, good.interaction, "queued")
    assert [await state(bench, one.interaction) for one in bad] == ["received"] * 4


async def test_a_store_that_is_down_for_a_while_is_asked_again_and_everything_is_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting_off, "FIRST_S", 0.01)
    intake, down = bench.office.desk.intake, [True]
    place_all = intake.place_all

    async def broken(*args: Any) -> None:
        if down[0]:
            message = "the store cannot commit now"
            raise StoreDownError(message)
        await place_all(*args)

    monkeypatch.setattr(intake, "place_all", broken)
    came = [await bench.mail_in(f"li{n}@example.cn|S|{n}", f"k{n}") for n in range(12)]
    reading = bench.office.reading
    await bench.until(lambda: reading.put_off.waiting == 12, "the putting off")
    await bench.until(lambda: reading.put_off.stalled_s > 0, "the stall")
    ready = Readiness(bench.office, bench.store, bench.clock, {}, disk_free_mb=0)
    monkeypatch.setattr(readiness, "STALLED_S", 0.0)
    ready.open()
    await bench.until(lambda: reading.put_off.waiting == 12, "the putting off")
    assert "what was accepted cannot be read" in await ready.reasons()
    down[0] = False
    for one in came:
        await becomes(bench, one.interaction, "queued")
    assert reading.put_off.waiting == 0
    assert await ready.reasons() == []

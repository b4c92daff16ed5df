"""What follows a commit is carried out in order, and does not pile up behind look-ups."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from contactd.desk import publisher
from tests.desk.bench import Bench


async def test_offers_wait_for_no_look_up_when_too_much_waits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "CROWDED", 20)
    asked: list[int] = []
    gate = asyncio.Event()
    waiting = bench.office.desk.publisher._queue

    async def slow(_interaction: str) -> Mapping[str, Any]:
        asked.append(len(waiting))
        await gate.wait()
        return publisher.NOBODY

    monkeypatch.setattr(bench.office.desk.publisher, "_head", slow)
    ann = await bench.agent("ann")
    await bench.ready(ann)
    await bench.mail_in("li@example.cn|S|first", "k0")
    await bench.until(lambda: asked, "the look-up")
    for n in range(40):
        await bench.mail_in(f"li{n}@example.cn|S|{n}", f"k{n + 1}")
    bob = await bench.agent("bob")
    await bench.ready(bob)
    await bench.until(lambda: len(waiting) > 20 + 5, "the crowd")
    gate.set()
    await bench.until(lambda: bench.offers_of(ann) and bench.offers_of(bob), "the offers")
    await bench.until(lambda: not waiting, "the end of the crowd")
    assert all(number < publisher.CROWDED for number in asked)
    assert len(asked) < len(bench.offers_of(ann)) + len(bench.offers_of(bob))

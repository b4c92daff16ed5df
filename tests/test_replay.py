"""Reading quarantined things again, beside the server."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contactd.clock import SystemClock
from contactd.core.channel import Arrival, Content
from contactd.core.message import NewMessage
from contactd.desk.admin import Errand, at_work
from contactd.desk.replay import _reading, replay
from contactd.settings import Settings, load

pytestmark = pytest.mark.database


class Inline:
    """Runs tasks in this process."""

    closed = False

    async def run(self, task: Any, *args: Any) -> Any:
        return task(*args)

    async def close(self) -> None:
        self.closed = True


def readable(raw: bytes, _envelope: Mapping[str, Any]) -> Content:
    if raw == b"still bad":
        return Content(quarantine="no")
    return Content(subject="hi", messages=(NewMessage(direction="inbound", sender="a@b.example", text=raw.decode()),))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(None, {}, [f"data_dir={tmp_path}"])


def quarantine(settings: Settings, *raws: bytes) -> list[str]:
    async def job(errand: Errand) -> list[str]:
        found = []
        async with _reading(errand, settings, Inline()) as reading:
            for raw in raws:
                arrival = Arrival(
                    channel="pigeon",
                    adapter="loft",
                    external_key=raw.decode(),
                    raw=raw,
                    at=SystemClock().now(),
                )
                receipt = await reading._intake.accept(arrival, Content(quarantine="a storm"))
                found.append(receipt.interaction)
        return found

    return at_work(settings, job)


def states(settings: Settings) -> dict[str, str]:
    with sqlite3.connect(settings.data_dir / "contactd.sqlite") as connection:
        return dict(connection.execute("SELECT id, state FROM interaction").fetchall())


def test_what_can_be_read_now_is_placed_and_the_router_is_told(settings: Settings) -> None:
    good, bad = quarantine(settings, b"good", b"still bad")
    pool = Inline()
    told = replay(settings, pool, "pigeon", readable, [])
    assert sorted(told) == sorted([f"{good}: placed", f"{bad}: it still cannot be read"])
    assert states(settings) == {good: "queued", bad: "quarantined"}
    assert pool.closed
    with sqlite3.connect(settings.data_dir / "contactd.sqlite") as connection:
        facts = connection.execute("SELECT kind, json_extract(payload, '$.interaction') FROM fact_inbox").fetchall()
    assert facts == [("InteractionArrived", good)]


def test_one_can_be_named_and_is_not_placed_twice(settings: Settings) -> None:
    one, other = quarantine(settings, b"one", b"other")
    assert replay(settings, Inline(), "pigeon", readable, [one]) == [f"{one}: placed"]
    assert states(settings) == {one: "queued", other: "quarantined"}
    assert replay(settings, Inline(), "pigeon", readable, [one]) == [f"{one}: this is not in quarantine"]
    assert replay(settings, Inline(), "pigeon", readable, ["nothing"]) == ["nothing: there is nothing to replay"]

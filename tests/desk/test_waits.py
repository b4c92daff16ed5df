"""Expected waits at the desk: learned from what ends, shown on lines, told to channels and the router, held against the truth."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from contactd.core.channel import Arrival, Content
from contactd.core.errors import ConflictError
from contactd.core.events import ConsoleSeen, InteractionGone, WaitExpected, WorkEnded
from contactd.crm_store.store import Store
from contactd.crm_store.wait_rows import latest
from contactd.desk.paces import Paces
from contactd.desk.rights import Actor
from contactd.desk.waits import Waits, _differs
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench


async def ring(bench: Bench, number: int) -> str:
    arrival = Arrival(
        channel="voice",
        adapter="ari",
        external_key=f"ch{number}",
        raw=b"{}",
        at=bench.clock.now(),
        sender="13800138000",
        recipient="400800001",
    )
    return (await bench.voice.tools.accept(arrival, Content())).interaction


async def take(bench: Bench, actor: Actor) -> str:
    """Let an agent take what rings."""
    offer = await bench.until(lambda: next(iter(bench.offers_of(actor)), None), "an offer")
    await bench.run(actor, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    name: str = offer["interaction"]["id"]
    return name


async def pass_time(bench: Bench, actor: Actor, seconds: float) -> None:
    """Let time pass; the agent's console shows itself every 15 s."""
    while seconds > 0:
        bench.clock.advance(timedelta(seconds=min(seconds, 15)))
        seconds -= 15
        await bench.office.desk.dispatcher.submit(ConsoleSeen(agent=actor.id))


async def call(bench: Bench, actor: Actor, number: int, seconds: float) -> None:
    """Let one call be made and wrapped up."""
    await ring(bench, number)
    name = await take(bench, actor)
    await pass_time(bench, actor, seconds)
    await bench.voice.tools.report(WorkEnded(interaction=name, ended_by="customer"))
    await pass_time(bench, actor, 5)
    await bench.run(actor, "interaction.complete", interaction=name, disposition="order")


@pytest.fixture
async def busy(bench: Bench) -> tuple[Bench, Actor, Waits]:
    """Ann has made six calls of three minutes and is in the seventh."""
    ann = await bench.agent("ann", device="PJSIP/1001")
    await bench.ready(ann)
    for number in range(6):
        await call(bench, ann, number, 180)
    await ring(bench, 6)
    await take(bench, ann)
    waits = bench.office.desk.waits
    assert waits is not None
    return bench, ann, waits


async def test_channels_are_told_an_honest_range(busy: tuple[Bench, Actor, Waits]) -> None:
    bench, _, _ = busy
    p50, p90 = await bench.voice.tools.wait_range("support")
    assert p50 is not None
    assert p90 is not None
    assert 120 < p50 <= p90 < 400
    assert await bench.chat.tools.wait_range("support") == (None, None)
    assert await bench.voice.tools.wait_range("gone") == (None, None)


async def test_lines_show_the_range_while_somebody_waits(busy: tuple[Bench, Actor, Waits]) -> None:
    bench, _, waits = busy
    await ring(bench, 7)
    await bench.until(lambda: bench.router.waiting().get("support"), "a caller in line")
    await waits.refresh()
    (line,) = [view for view in bench.office.views.floor.views() if view["line"] == "support"]
    assert line["wait_p50_s"] > 200
    assert line["wait_p90_s"] >= line["wait_p50_s"]
    for entry in list(bench.office.desk.book):
        await bench.voice.tools.report(InteractionGone(interaction=entry.id))
    await bench.until(lambda: not waits._waiting, "the line to be empty")
    await waits.refresh()
    (line,) = [view for view in bench.office.views.floor.views() if view["line"] == "support"]
    assert line["wait_p50_s"] is None


async def test_what_was_promised_is_held_against_what_came_true(busy: tuple[Bench, Actor, Waits]) -> None:
    bench, ann, waits = busy
    p50, _ = await bench.voice.tools.wait_range("support")
    assert p50 is not None
    await ring(bench, 7)
    await pass_time(bench, ann, 100)
    (active,) = [entry.id for entry in bench.office.desk.book if entry.state == "active"]
    await bench.voice.tools.report(WorkEnded(interaction=active, ended_by="customer"))
    await bench.run(ann, "interaction.complete", interaction=active, disposition="order")
    await take(bench, ann)
    await bench.until(lambda: waits.calibrations.get("support"), "a promise to come true")
    found = waits.calibrations["support"]
    assert (found.count, found.kept) == (1, 1)
    assert found.off == pytest.approx(abs(100 - p50), abs=3)
    text = bench.office.desk.metrics.render().decode()
    assert 'contactd_wait_error_seconds{line="support"}' in text
    assert 'contactd_wait_p90_kept{line="support"} 1.0' in text


async def test_the_router_is_told_where_a_rule_asks(store: Store, clock: ManualClock, tmp_path: Any) -> None:
    from tests.desk.bench import open_bench  # noqa: PLC0415 - with a policy of its own

    rules = [{"when": "wait", "seconds": 60, "action": "message"}]
    bench = await open_bench(store, clock, tmp_path, {"lines": {"support": {"overflow": rules}}})
    waits = bench.office.desk.waits
    assert waits is not None
    told: list[WaitExpected] = []

    async def submit(fact: Any) -> None:
        told.append(fact)

    waits._submit = submit
    ann = await bench.agent("ann", device="PJSIP/1001")
    await bench.ready(ann)
    await waits.refresh()
    for number in range(6):
        await call(bench, ann, number, 180)
    await ring(bench, 6)
    await take(bench, ann)
    await waits.refresh()
    await waits.refresh()
    assert [fact.line for fact in told] == ["support"] * len(told)
    long = [fact.seconds is not None and fact.seconds >= 60 for fact in told]
    assert (long[0], long[-1]) == (False, True)
    await bench.office.close()


async def test_a_start_learns_from_the_latest_contacts(busy: tuple[Bench, Actor, Waits]) -> None:
    bench, _, _ = busy
    await bench.until(lambda: True)
    found = await bench.store.read(latest)
    assert [one.channel for one in found] == ["voice"] * 6
    assert [one.handle_ms for one in found] == [180_000] * 6
    paces = Paces()
    for one in found:
        paces.finished(one.line, one.channel, one.outcome, one.wait_ms / 1000, one.handle_ms / 1000, one.wrap_ms / 1000)
    pace = paces.all()["support", "voice"]
    assert pace.count == 6
    assert pace.handle_s == pytest.approx(180)
    assert pace.wrap_s == pytest.approx(5)
    await asyncio.sleep(0)


def test_patience_is_all_waiting_over_those_who_gave_up_and_old_contacts_fade() -> None:
    paces = Paces()
    for _ in range(8):
        paces.finished("a", "voice", "answered", 10, 100, 0)
    for _ in range(2):
        paces.finished("a", "voice", "abandoned", 30, 0, 0)
    pace = paces.all()["a", "voice"]
    assert pace.patience_s == pytest.approx((8 * 10 + 2 * 30) / 2, rel=0.05)
    for _ in range(900):
        paces.finished("a", "voice", "answered", 10, 200, 0)
    assert paces.all()["a", "voice"].handle_s == pytest.approx(200, rel=0.02)


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        (None, None, False),
        (None, 5.0, True),
        (5.0, None, True),
        (50.0, 58.0, False),
        (50.0, 61.0, True),
        (100.0, 115.0, False),
        (100.0, 125.0, True),
    ],
)
def test_the_router_is_told_when_it_matters(old: float | None, new: float | None, differs: bool) -> None:
    assert _differs(old, new, [60.0]) is differs


async def test_a_break_is_bound_to_how_customers_are_served(store: Store, clock: ManualClock, tmp_path: Any) -> None:
    from tests.desk.bench import open_bench  # noqa: PLC0415 - with a policy of its own

    bench = await open_bench(store, clock, tmp_path, {"reasons": {"break": {"min_service": 0.5}}})
    waits = bench.office.desk.waits
    assert waits is not None
    ann = await bench.agent("ann")
    await bench.ready(ann)
    for number in range(5):
        name = await ring(bench, number)
        await bench.until(lambda: waits._waiting, "somebody in line")
        bench.clock.advance(timedelta(seconds=30))
        await bench.voice.tools.report(InteractionGone(interaction=name))
        await bench.until(lambda: not waits._waiting, "an empty line")
    await bench.office.desk.dispatcher.submit(ConsoleSeen(agent=ann.id))
    await waits.refresh()
    with pytest.raises(ConflictError) as refused:
        await bench.run(ann, "agent.set_intent", intent="not_ready", reason="break")
    assert refused.value.code == "break_service"
    bench.clock.advance(timedelta(minutes=31))
    await bench.office.desk.dispatcher.submit(ConsoleSeen(agent=ann.id))
    await waits.refresh()
    await bench.run(ann, "agent.set_intent", intent="not_ready", reason="break")
    await bench.office.close()

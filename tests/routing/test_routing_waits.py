"""How long a newcomer will wait: known where it can be, honest where it cannot, and right as often as it says."""

from __future__ import annotations

from typing import Any

import pytest
from stage import Stage

from contactd.clock import from_ms
from contactd.core import events
from contactd.routing.policy import Policy
from contactd.routing.traffic import Stream, Team, Traffic, generate
from contactd.routing.virtual import VirtualDay
from contactd.routing.waits import Estimate, Pace, estimate

START = 1_793_500_200_000
HOUR = 3_600_000
KNOWN = {("support", "voice"): Pace(count=50, handle_s=180, spread=0.5, ring_s=0)}


def asked(stage: Stage, line: str = "support", channel: str = "voice", **paces: Any) -> Estimate | None:
    picture = stage.router.picture(line, channel, paces or KNOWN, stage.now)
    return None if picture is None else estimate(picture)


def test_nobody_waits_where_somebody_is_free() -> None:
    stage = Stage()
    stage.agent("ann")
    assert asked(stage) == Estimate(0.0, 0.0)


@pytest.mark.parametrize("intent", ["logged_out", "not_ready"])
def test_nothing_is_known_where_nobody_is_there(intent: str) -> None:
    stage = Stage()
    stage.agent("ann", intent)
    assert asked(stage) is None


def test_nothing_is_known_of_work_that_was_never_finished() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("one")
    stage.accept("one")
    assert asked(stage, x=Pace()) is None
    assert asked(stage) is not None


def test_nothing_is_known_of_a_line_that_is_not_there_or_too_long() -> None:
    stage = Stage()
    stage.agent("ann")
    assert asked(stage, "gone") is None
    for number in range(3003):
        stage.arrive(f"c{number}")
    assert asked(stage) is None


def test_the_wait_grows_with_the_line_and_shrinks_with_agents() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("one")
    stage.accept("one")
    waits = []
    for name in ("two", "three", "four"):
        waits.append(asked(stage))
        stage.arrive(name)
    p50s = [found.p50_s for found in waits if found is not None]
    assert p50s == sorted(p50s)
    assert p50s[0] == pytest.approx(160, abs=60)
    assert all(found is not None and found.p90_s > found.p50_s for found in waits)
    for name in ("bob", "cat"):
        stage.agent(name, device=f"SIP/{name}")
        stage.accept(next(iter(stage.offers)))
    shorter = asked(stage)
    assert shorter is not None
    assert shorter.p50_s < p50s[1]


def test_a_step_that_opens_later_is_waited_for() -> None:
    """A free agent who only fits the second step: the wait is what is left of the first."""
    stage = Stage({"lines": {"support": {"steps": [{"prefer": {"german": 5}, "seconds": 40}], "skip_unmet": False}}})
    stage.agent("ann")
    found = asked(stage)
    assert found is not None
    assert (found.p50_s, found.p90_s) == (40.0, 40.0)


def test_work_a_call_may_interrupt_does_not_make_it_wait_and_other_lines_do() -> None:
    stage = Stage({"lines": {"support": {}, "sales": {"base": 3}}})
    stage.agent("ann")
    stage.arrive("mail", "email")
    stage.accept("mail")
    assert asked(stage) == Estimate(0.0, 0.0)
    stage.arrive("call")
    stage.accept("call")
    alone = asked(stage)
    for number in range(3):
        stage.arrive(f"sale{number}", line="sales")
    both = {**KNOWN, ("sales", "voice"): Pace(count=9, handle_s=180, spread=0.5, ring_s=0)}
    behind = estimate(stage.router.picture("support", "voice", both, stage.now))  # type: ignore[arg-type]
    assert alone is not None
    assert behind is not None
    assert behind.p50_s > alone.p50_s + 3 * 100


def test_wrapup_with_a_timer_ends_when_it_ends() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("one")
    stage.accept("one")
    stage.end("one")
    stage.wait(10)
    found = asked(stage)
    assert found is not None
    assert (found.p50_s, found.p90_s) == (20.0, 20.0)


def test_asking_changes_nothing() -> None:
    stage = Stage({"lines": {"support": {"steps": [{"prefer": {"german": 5}, "seconds": 40}]}}})
    stage.agent("ann", skills=(("german", 6),))
    for name in ("one", "two", "three"):
        stage.arrive(name)
    before = stage.router.digest()
    assert asked(stage) == asked(stage)
    assert stage.router.digest() == before


@pytest.mark.promise
def test_what_is_said_is_right_as_often_as_it_says() -> None:
    """Over a busy virtual day: about half of the waits are within P50, about nine in ten within P90."""
    stream = Stream(
        line="support", channel="voice", counts=(46.0,) * 16, handle_s=180, handle_spread=0.7, patience_s=300
    )
    team = Team(name="t", count=5, hours=((START, START + 8 * HOUR),))
    pace = Pace(count=100, handle_s=180, spread=0.7, patience_s=300, ring_s=4)
    paces = {("support", "voice"): pace}
    policy = Policy.from_mapping({"channels": {"voice": {"wrapup": {"mode": "off"}}}})
    said: dict[str, Estimate] = {}

    class Asking(VirtualDay):
        def _arrive(self, name: str, stamp: int) -> None:
            picture = self.router.picture("support", "voice", paces, from_ms(self.now))
            found = None if picture is None else estimate(picture, seed=len(said))
            if found is not None and found.p90_s > 0:
                said[name] = found
            super()._arrive(name, stamp)

    day = Traffic(contacts=generate((stream,), START, 2), people=team.people(), start=START, end=START + 8 * HOUR)
    lived = Asking(policy, day).run()
    served = [
        (said[name], fate.wait_ms / 1000)
        for name, fate in lived.fates.items()
        if name in said and fate.outcome == "answered" and fate.wait_ms is not None
    ]
    assert len(served) > 100
    within50 = sum(waited <= found.p50_s for found, waited in served) / len(served)
    within90 = sum(waited <= found.p90_s for found, waited in served) / len(served)
    # Those who gave up are not among the served, so the waits seen are somewhat shorter than those said.
    assert 0.4 < within50 < 0.75
    assert 0.82 < within90 <= 1.0


def test_the_router_is_told_by_facts_only() -> None:
    """`picture` must not let the router's time run ahead of its facts: the next fact may bear an earlier moment."""
    stage = Stage()
    stage.agent("ann")
    stage.router.picture("support", "voice", KNOWN, stage.now)
    assert stage.tell(events.ConsoleSeen(agent="ann")) == []

"""What is kept of bundles of demand is what a look at everything in them finds, and nothing that is kept grows without end."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from day import AGENTS, POLICY, Action, act, days, opened
from hypothesis import HealthCheck, given, settings
from stage import Stage

from contactd.core import events
from contactd.routing import matching, shapes
from contactd.routing.bundles import Bundle
from contactd.routing.drain import key_of
from contactd.routing.floor import Floor

DAYS = int(os.environ.get("CONTACTD_TEST_DAYS", "30"))
many = settings(max_examples=DAYS, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plain() -> dict[str, Any]:
    """Return the policy of the random days without the limits under which each line is looked at by itself."""
    policy = deepcopy(POLICY)
    del policy["lines"]["support"]["reserve"], policy["lines"]["billing"]["hard_spacing_s"]
    return policy


def bundles(floor: Floor) -> list[Bundle]:
    """Return every bundle of every agent."""
    gathered = [floor.index.bundles(agent.profile) for agent in floor.agents.values()]
    return [bundle for found in gathered for _, part in found.values() for bundle in part.values()]


@many
@given(days)
def test_a_bundle_knows_its_first_and_its_highest(day: list[Action]) -> None:
    """Fails when `Shape.put` tells its bundles nothing."""
    stage = opened(plain())
    floor = stage.router._floor
    for action in day:
        act(stage, action)
        for bundle in bundles(floor):
            standing = [(item, shape) for shape in bundle.shapes for item in shape.standing(floor.items)]
            ranked = [
                (-round(shape.scale.of_item(item, floor.now), 6), item.age_from, item.id) for item, shape in standing
            ]
            first = bundle.look(floor.items, floor.now)
            assert (first and first.id) == min(ranked, default=(0, 0, None))[2]
            assert bundle.lead(floor.items) == min((key_of(*one) for one in standing), default=None)


def test_a_bundle_knows_when_what_waits_in_a_faster_line_comes_to_go_first() -> None:
    """Fails when `Bundle._ahead` always says NEVER."""
    stage = Stage({"lines": {"slow": {"rate": 1.0}, "fast": {"rate": 3.0}}, "default_line": "slow"})
    stage.agent("ann", "not_ready")
    for line, vip in (("slow", 2), ("fast", 0)):
        stage.tell(events.InteractionArrived(interaction=line, channel="email", line=line, vip=vip))
    floor = stage.router._floor
    (bundle,) = bundles(floor)
    led = []
    for _ in range(8):
        first = bundle.look(floor.items, floor.now)
        led.append(first and first.id)
        stage.wait(60)
        floor.turn_to(stage.now)
    assert led == ["slow"] * 5 + ["fast"] * 3


@many
@given(days)
def test_every_kind_an_agent_can_serve_is_in_one_bundle(day: list[Action]) -> None:
    """Fails when `Index._shape` does not widen the bundles of a profile that joins."""
    stage = opened(plain())
    floor = stage.router._floor
    for action in day:
        act(stage, action)
        for agent in floor.agents.values():
            gathered = floor.index.bundles(agent.profile)
            found = [shape for _, part in gathered.values() for bundle in part.values() for shape in bundle.shapes]
            assert sorted(one.number for one in found) == sorted(one.number for one in agent.profile.every_shape())
        for bundle in bundles(floor):
            assert all(bundle in shape.bundles for shape in bundle.shapes)


def by_kind(ask: Callable[..., Any]) -> Callable[..., Any]:
    """Return a question of the router as it is asked under a policy with limits (none of which binds here)."""

    def asked(floor: Floor, *about: Any) -> Any:
        floor.limits.bound = True
        try:
            return ask(floor, *about)
        finally:
            floor.limits.bound = False

    return asked


@many
@given(days)
def test_a_look_at_bundles_decides_as_a_look_at_every_kind(day: list[Action]) -> None:
    """Fails when `_leads_before` always says False, or `heads.best_of` takes the first that passes the agent by."""
    by_bundle, without = opened(plain()), opened(plain())
    questions = {name: by_kind(getattr(matching, name)) for name in ("_first", "_leads", "highest_claim")}
    for action in day:
        decided = act(by_bundle, action)
        with patch.multiple(matching, **questions):
            assert act(without, action) == decided


def crowd(stage: Stage, number: int) -> None:
    """Let one more item of a kind seldom seen come, and one in hand end."""
    wants = ((f"skill{number % 60:03d}", 1 + number // 60 % 9),) if number % 3 else ()
    stage.tell(
        events.InteractionArrived(
            interaction=f"i{number:04d}",
            channel=("chat", "email", "voice")[number % 3],
            line=("support", "billing")[number % 2],
            skills=wants,
            language=f"l{number % 50}" if number % 5 == 0 else None,
            prefer_agent=AGENTS[number % 4] if number % 7 == 0 else None,
        ),
        after=0.2,
    )
    for name, state in list(stage.states.items()):
        if state == "offered":
            offer = next(offer for offer in stage.offers.values() if offer.interaction == name)
            stage.tell(events.OfferAccepted(agent=offer.agent, offer=offer.offer, lease=offer.lease))
        elif state == "active" and number % 2:
            stage.tell(events.WorkEnded(interaction=name, agent=stage.holder[name], skip_wrapup=True))
    if number >= 40:
        stage.tell(events.InteractionGone(interaction=f"i{number - 40:04d}", cause="junk"))
    agent = AGENTS[number % 4]
    known = tuple((f"skill{one:03d}", 9) for one in range(number % 60, number % 60 + 20))
    if number % 10 == 0:
        stage.tell(events.AgentConfigured(agent=agent, skills=known, lines=("*",), languages=("zh",)))


def sizes(floor: Floor) -> dict[str, int]:
    """Return how much the router keeps beside items and agents, table by table."""
    index = floor.index
    kinds = index.shapes()
    agents = floor.agents.values()
    return {
        "ladders": len(index._ladders),
        "shapes": len(kinds),
        "asking": sum(len(found) for found in index._asking.values()),
        "profiles": len(index._profiles),
        "having": sum(len(found) for found in index._having.values()),
        "bundles": len(index._bundles),
        "in bundles": sum(len(shape.bundles) for shape in kinds),
        "of profiles": sum(len(list(agent.profile.every_shape())) for agent in agents),
        "worths": sum(len(agent.profile.worths) for agent in agents),
        "ready": sum(len(shape.ready) for shape in kinds),
        "free": sum(len(shape.free) for shape in kinds),
        "listed": sum(len(agent.listed) for agent in agents),
        "pools": len(index.pools),
        "in pools": index.pools.listed(),
        "room": sum(len(agent.room) for agent in agents),
        "claims": sum(len(found) for found in floor.claims.values()),
        "personal": sum(len(agent.personal) for agent in agents),
        "risen": sum(len(bundle.risen) for bundle in bundles(floor)),
        "lonely": len(floor.lonely),
    }


def test_nothing_that_is_kept_grows_after_what_it_was_for_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails when `Bundles.give_up` keeps what nobody has, or `_forget_empty` keeps the kinds in which nothing waits."""
    monkeypatch.setattr(shapes, "MAX_LADDERS", 60)
    monkeypatch.setattr(shapes, "MAX_SHAPES", 60)
    stage = opened(plain())
    most: list[dict[str, int]] = []
    for number in range(1200):
        crowd(stage, number)
        if number % 400 == 0:
            most.append({})
        seen = sizes(stage.router._floor)
        most[-1] = {name: max(size, most[-1].get(name, 0)) for name, size in seen.items()}
    for name, size in most[2].items():
        assert size <= 1.2 * most[1][name] + 30, (name, most)
    for number in range(1160, 1200):
        stage.tell(events.InteractionGone(interaction=f"i{number:04d}", cause="junk"))
    stage.wait(timedelta(days=1).total_seconds())
    left = sizes(stage.router._floor)
    assert left["claims"] == left["personal"] == 0

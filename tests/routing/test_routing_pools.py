"""Who may be free is listed in few places, and found in all of them as if it were listed in each."""

from __future__ import annotations

import os
from copy import deepcopy
from itertools import product

import pytest
from day import POLICY, Action, act, days, opened
from hypothesis import HealthCheck, given, settings
from stage import Stage

from contactd.core.events import InteractionGone
from contactd.routing.explain import what_keeps
from contactd.routing.shapes import ANYBODY

DAYS = int(os.environ.get("CONTACTD_TEST_DAYS", "30"))
many = settings(max_examples=DAYS, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@many
@given(days)
def test_whoever_is_free_is_known_or_about_to_be_with_no_entry_worse_than_they_are(day: list[Action]) -> None:
    """Fails when `listing.note_marks` notes nothing, or `Floor._fill` lists nobody."""
    policy = deepcopy(POLICY)
    for line, strategy in zip(policy["lines"].values(), ("best_skill", "longest_idle", "fewest_active"), strict=False):
        line["strategy"] = strategy
    stage = opened(policy)
    floor = stage.router._floor
    for action in day:
        act(stage, action)
        for shape, agent in product(floor.index.shapes(), floor.agents.values()):
            entry = shape.ready.get(agent.id)
            coming = any(pool.knows_since(agent, shape.seen) for pool in shape.pools)
            if agent.profile.number not in shape.profiles or coming:
                continue
            if entry is not None:
                assert entry <= floor.choice(agent, shape) or not floor.can_take(agent, shape.rule)
            else:
                spaced = floor.limits.spaced(agent, shape.line, floor.now)
                assert spaced or not floor.can_take(agent, shape.rule)


@pytest.mark.parametrize("idle_longest", ["ann", "zoe"])
def test_whose_room_was_kept_for_the_same_call_are_asked_in_the_order_they_became_idle(idle_longest: str) -> None:
    """Fails when `Floor.look_for_all` asks in the order given: that is the order in which their room was first kept."""
    stage = Stage()
    other = "zoe" if idle_longest == "ann" else "ann"
    for name in (idle_longest, other):
        stage.agent(name, skills=(("billing", 5),) if name == other else ())
        stage.wait(1)
    for name in ("chat1", "chat2"):
        stage.arrive(name, "chat")
        stage.accept(name)
    stage.arrive("call")
    stage.arrive("first", "chat", skills=(("billing", 5),))
    stage.arrive("second", "chat")
    stage.tell(InteractionGone(interaction="first"))
    stage.tell(InteractionGone(interaction="call"))
    assert stage.offered_to("second") == idle_longest


def test_an_agent_of_one_line_is_found_beside_those_of_all_lines() -> None:
    """Fails when `Pools.open_to` opens the pool of all lines only."""
    stage = Stage({"lines": {"support": {}, "sales": {}}})
    stage.agent("ann", lines=("sales",))
    stage.agent("bob", lines=("support",))
    stage.arrive("call", line="support")
    assert stage.offered_to("call") == "bob"
    floor = stage.router._floor
    stage.arrive("other", line="support")
    assert what_keeps(floor, floor.items["other"], floor.agents["ann"]) == "not_member"
    stage.agent("cid")
    assert stage.offered_to("other") == "cid"
    assert all(shape.filed_under == ANYBODY for shape in floor.index.shapes())

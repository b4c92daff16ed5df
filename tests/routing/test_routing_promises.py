"""What the router promises, on thousands of random days.  Beside each promise stands a change to the code that breaks it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from day import AGENTS, POLICY, Action, act, actions, days, opened
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelf import Shelf, rebuilt
from stage import Stage, refused

from contactd.core import effects, events
from contactd.core.interaction import TERMINAL_STATES, TRANSITIONS, Cause, State
from contactd.routing.explain import what_keeps
from contactd.routing.hands import in_contact
from contactd.routing.policy import Policy
from contactd.routing.router import Router
from contactd.routing.state import Item

DAYS = int(os.environ.get("CONTACTD_TEST_DAYS", "60"))
many = settings(max_examples=DAYS, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def required(policy: Policy, item: Item) -> dict[str, int]:
    """Return what an item needs, worked out from the policy's own text."""
    need = dict(policy.lines[item.line.name].required)
    for skill, level in item.skills:
        need[skill] = max(level, need.get(skill, 0))
    return need


@many
@given(days)
def test_an_item_has_one_live_offer_at_most(day: list[Action]) -> None:
    """Fails when `make_offer` does not take the item out of its line (`floor.step_out`)."""
    stage = opened()
    live: dict[str, str] = {}
    for action in day:
        for wish in act(stage, action):
            if isinstance(wish, effects.Offer):
                assert wish.interaction not in live
                live[wish.interaction] = wish.offer
            elif isinstance(wish, effects.Withdraw | effects.Assign) and wish.offer is not None:
                assert live.pop(wish.interaction) == wish.offer


@many
@given(days)
def test_nobody_has_more_in_hand_than_their_capacity(day: list[Action]) -> None:
    """Fails when `make_room` interrupts nothing."""
    stage = opened()
    hands: dict[str, effects.Moved] = {}
    for action in day:
        for wish in act(stage, action):
            if isinstance(wish, effects.Moved):
                hands[wish.interaction] = wish
        for agent in AGENTS:
            work = [move for move in hands.values() if move.agent == agent and move.state in IN_HAND]
            used = sum(units_of(stage, agent, move) for move in work)
            assert used <= 100 or agent_changed(stage, agent)


IN_HAND = (State.ACTIVE, State.HELD, State.WRAPUP)


def units_of(stage: Stage, agent: str, move: effects.Moved) -> int:
    """Return what an item takes, by facts and policy alone."""
    arrival = next(
        fact
        for fact, _ in stage.facts
        if isinstance(fact, events.InteractionArrived) and fact.interaction == move.interaction
    )
    rule = stage.policy.rule(move.line or "", arrival.channel)
    if move.state == State.HELD and (move.cause == Cause.INTERRUPTED or not rule.live):
        return 0
    return rule.units


def agent_changed(stage: Stage, agent: str) -> bool:
    """Say whether an agent's own capacity was changed while they had work: that alone may leave too much in hand."""
    return any(isinstance(fact, events.AgentConfigured) and fact.agent == agent for fact, _ in stage.facts[8:])


@many
@given(days)
def test_nobody_is_offered_what_they_cannot(day: list[Action]) -> None:
    """Fails when `Profile.fits` compares with `> level`, or a step drops a required skill."""
    stage = opened()
    floor = stage.router._floor
    for action in day:
        stage.wait(action[3])
        for wish in act(stage, (*action[:3], 0.0)):
            if not isinstance(wish, effects.Offer) or wish.decision.preferred is not None:
                continue
            item, agent = floor.items.get(wish.interaction), floor.agents.get(wish.agent)
            if item is None or agent is None or stage.offers.get(wish.interaction) is not wish:
                continue
            known = dict(agent.skills)
            assert all(known.get(skill, 0) >= level for skill, level in required(stage.policy, item).items())
            assert "*" in agent.lines or item.line.name in agent.lines
            assert wish.channel != "voice" or agent.device is not None


@many
@given(days)
def test_the_older_of_equals_goes_first(day: list[Action]) -> None:
    """Fails when `Shape.put` orders by the moment of placing, or `_heads` takes the last of a group."""
    stage = opened()
    floor = stage.router._floor
    for action in day:
        stage.wait(action[3])
        wishes = act(stage, (*action[:3], 0.0))
        for wish in wishes:
            if not isinstance(wish, effects.Offer) or stage.offers.get(wish.interaction) is not wish:
                continue
            item, agent = floor.items[wish.interaction], floor.agents[wish.agent]
            for other in floor.items.values():
                if other.state is State.QUEUED and equal(other, item) and other.age_from < item.age_from:
                    assert what_keeps(floor, other, agent) in ("skipped", "waits_for_other", "skill", "busy_yielding")


def equal(one: Item, other: Item) -> bool:
    """Say whether two items differ in age alone."""
    return (one.line.name, one.channel, one.priority, one.vip, one.skills, one.language, one.step, one.direct) == (
        other.line.name, other.channel, other.priority, other.vip, other.skills, other.language, other.step, other.direct,
    )  # fmt: skip


@many
@given(days)
def test_no_free_agent_stands_beside_an_item_they_may_take(day: list[Action]) -> None:
    """Fails when `touch` does not mark an agent who gained room, or a skip's end is not a deadline."""
    stage = opened()
    floor = stage.router._floor
    for action in day:
        act(stage, action)
        for item in floor.items.values():
            if item.state is State.QUEUED:
                for agent in floor.agents.values():
                    assert what_keeps(floor, item, agent) != "free", (item.id, agent.id)


@many
@given(days)
def test_nothing_is_lost_or_doubled(day: list[Action]) -> None:
    """Fails when `drop_offer` forgets to let the item stand in line again, or `close` does not free the agent."""
    stage = opened()
    floor = stage.router._floor
    for action in day:
        act(stage, action)
        opened_items = {name for name, state in stage.states.items() if state not in TERMINAL_STATES}
        assert opened_items == set(floor.items)
        places = [item for agent in floor.agents.values() for item in (*agent.work, *agent.offers)]
        assert len(places) == len(set(places))
        for item in floor.items.values():
            assert stage.states[item.id] == item.state
            in_hand = item.state in (State.ACTIVE, State.HELD, State.WRAPUP)
            assert in_hand == (item.id in places and item.state is not State.OFFERED)
            assert (item.state is State.QUEUED) == (item.shape is not None or item.held_for is not None or item.aside)
        waiting: dict[str, int] = {}
        for item in floor.items.values():
            if item.state is State.QUEUED:
                waiting[item.line.name] = waiting.get(item.line.name, 0) + 1
        assert waiting == {line: count for line, count in floor.in_line.items() if count}
        placed = sum(shape.waiting for shape in floor.index.shapes())
        personal = sum(len(agent.personal) for agent in floor.agents.values())
        aside = sum(item.aside for item in floor.items.values())
        assert placed + personal + aside == sum(waiting.values()) == sum(len(crowd) for crowd in floor.crowd.values())


@many
@given(days)
def test_every_move_stands_in_the_table(day: list[Action]) -> None:
    """Fails when a handler sets `item.state` by itself."""
    stage = opened()
    states: dict[str, State] = {}
    for action in day:
        for wish in act(stage, action):
            if isinstance(wish, effects.Moved):
                before = states.get(wish.interaction, State.QUEUED)
                assert TRANSITIONS[before, Cause(wish.cause)] == wish.state
                states[wish.interaction] = State(wish.state)


@many
@given(days)
def test_what_agents_are_said_to_do_is_what_they_do(day: list[Action]) -> None:
    """Fails when a handler changes an agent's work without `touch`."""
    stage = opened()
    floor = stage.router._floor
    for action in day:
        act(stage, action)
        for name, state in stage.agents.items():
            agent = floor.agents[name]
            slots: dict[tuple[str, str], int] = {}
            for item in agent.work.values():
                slots[item.channel, item.state] = slots.get((item.channel, item.state), 0) + 1
            for offer in agent.offers.values():
                slots[offer.item.channel, "offered"] = slots.get((offer.item.channel, "offered"), 0) + 1
            for channel, _ in agent.external:
                slots[channel, "active"] = slots.get((channel, "active"), 0) + 1
            assert {(channel, slot): count for channel, slot, count in state.slots} == slots
            assert (state.intent, state.reason, state.health) == (agent.intent, agent.reason, agent.health)
            assert agent.next_intent is None or in_contact(agent)


def replay(facts: list[tuple[events.Fact | None, Any]]) -> list[list[effects.Wish]]:
    """Tell a new router the facts of a day."""
    router = Router(Policy.from_mapping(POLICY))
    return [router.tick(now) if fact is None else router.handle(fact, now) for fact, now in facts]


@many
@given(days)
def test_the_same_facts_give_the_same_wishes(day: list[Action]) -> None:
    """Fails when an offer's id comes from a counter shared by routers."""
    stage = opened()
    for action in day:
        act(stage, action)
    first, second = replay(stage.facts), replay(stage.facts)
    assert first == second
    assert [wish for wishes in first for wish in wishes] == stage.log


@many
@given(days)
def test_a_refused_fact_changes_nothing(day: list[Action]) -> None:
    """Fails when `wrapup_done` keeps the disposition before it asks whose item it is."""
    stage = opened()
    for action in day:
        stage.wait(action[3])
        before = stage.router.digest()
        if refused(act(stage, (*action[:3], 0.0))) is not None:
            assert stage.router.digest() == before


@many
@given(days, st.integers(1, 60))
def test_a_router_rebuilt_from_the_store_is_the_one_that_lived(day: list[Action], cut: int) -> None:
    """Fails when `Standing` leaves out the skips, `AgentState` the standing, or recovery the time of a break."""
    stage, shelf = Stage(POLICY), Shelf()
    keep(stage, shelf, opened())
    for action in day[:cut]:
        begin = len(stage.facts)
        act_kept(stage, shelf, action, begin)
    for name in AGENTS:
        seen = events.ConsoleSeen(agent=name)
        shelf.keep(seen, stage.tell(seen), stage.now)
    router, wishes = rebuilt(shelf, stage)
    for name in AGENTS:
        wishes += router.handle(events.ConsoleSeen(agent=name), stage.now)
    assert [wish for wish in wishes if isinstance(wish, effects.Refuse | effects.Moved)] == []
    assert router.digest() == stage.router.digest()
    router._floor.expected.update(stage.router._floor.expected)  # what is expected is told anew within a second
    router._floor.service.update(stage.router._floor.service)  # and how lines serve
    assert sorted(told(stage.wait(1000)), key=repr) == sorted(told(play_on(router, stage)), key=repr)
    assert without_counters(router) == without_counters(stage.router)


def without_counters(router: Router) -> dict[tuple[str, str], str]:
    """Return what lasts of a router but for its agents, who keep numbers of the journal."""
    return {key: text for key, text in router.lasting().items() if key[0] != "agent"}


def play_on(router: Router, stage: Stage) -> list[effects.Wish]:
    """Let a router play on by itself up to the stage's time."""
    wishes: list[effects.Wish] = []
    while (due := router.next_deadline()) is not None and due <= stage.now:
        wishes += router.tick(due)
    return wishes


def told(wishes: list[effects.Wish]) -> list[tuple[Any, ...]]:
    """Return what happened, without the ids of offers."""
    return [
        (wish.interaction, wish.state, wish.cause, wish.agent)
        if isinstance(wish, effects.Moved)
        else (wish.kind, wish.agent, wish.interaction)
        for wish in wishes
        if isinstance(wish, effects.Moved | effects.Alert)
    ]


def keep(stage: Stage, shelf: Shelf, model: Stage) -> None:
    """Open a stage as `model` was opened, on the shelf's record."""
    for fact, now in model.facts:
        assert fact is not None
        shelf.keep(fact, stage.tell(fact), now)


def act_kept(stage: Stage, shelf: Shelf, action: Action, begin: int) -> None:
    """Let one thing happen, everything on the shelf's record."""
    original = stage.router

    class Recorder:
        """The router, with every answer put on the shelf."""

        def __getattr__(self, name: str) -> Any:
            return getattr(original, name)

        def handle(self, fact: events.Fact, now: Any) -> list[effects.Wish]:
            wishes = original.handle(fact, now)
            shelf.keep(fact, wishes, now)
            return wishes

        def tick(self, now: Any) -> list[effects.Wish]:
            wishes = original.tick(now)
            shelf.keep(None, wishes, now)
            return wishes

    stage.router = Recorder()  # type: ignore[assignment]
    try:
        act(stage, action)
    finally:
        stage.router = original
    assert len(stage.facts) > begin


DIGEST_OF_A_DAY = """
import sys
sys.path.insert(0, {here!r})
from day import act, opened
stage = opened()
for number in range(400):
    names = ("arrive", "arrive", "answer", "finish", "intent", "transfer", "supervise", "park", "console", "leave")
    act(stage, (names[number * 7 % len(names)], number * 31 % 251, number * 17 % 249, (0.0, 3.0, 21.0)[number % 3]))
print(stage.router.digest(), hash("x") % 1000, len(stage.log), stage.log[-1])
"""


@pytest.mark.promise
def test_no_decision_hangs_on_the_order_of_hashes() -> None:
    """Fails when `dirty` or `fresh` is a set."""
    here = str(Path(__file__).parent)
    told = []
    for seed in ("1", "2"):
        done = subprocess.run(  # noqa: S603 - our own interpreter on our own text
            [sys.executable, "-c", DIGEST_OF_A_DAY.format(here=here)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(done.stdout.split())
    assert told[0][1] != told[1][1]
    assert told[0][:1] + told[0][2:] == told[1][:1] + told[1][2:]


@many
@given(st.lists(actions, min_size=20, max_size=60))
def test_time_alone_empties_wrap_up_and_offers(day: list[Action]) -> None:
    """Fails when a deadline's stamp is compared with another item's."""
    stage = opened({**POLICY, "lines": {"support": {}, "billing": {}}})
    for action in day:
        act(stage, action)
    for name in AGENTS:
        stage.intent(name, "not_ready")
    stage.wait(7200)
    assert not stage.offers
    assert State.WRAPUP not in stage.states.values()

"""Starved work is promised a share, and no more: a weekend's mails do not spoil Monday's calls, and still move."""

from __future__ import annotations

import random
from datetime import timedelta
from heapq import heappop, heappush
from typing import Any

from day import POLICY, Action, act, days, opened
from hypothesis import HealthCheck, example, given, settings
from stage import Stage, of

from contactd.core.effects import Moved, Offer
from contactd.core.interaction import State
from contactd.routing.explain import what_keeps
from contactd.routing.floor import Floor
from contactd.routing.matching import starved_deferred
from contactd.routing.state import Agent, Item

CALL_S, MAIL_S = 180.0, 240.0
MINUTES, CALLS, MAILS, IN_TIME_S = 30, 60, 400, 20.0
RULES: dict[str, Any] = {
    "lines": {"support": {"starve_s": 3600, "channels": {"voice": {"wrapup": {"mode": "off"}}}}},
}


class Morning:
    """Half an hour of calls before agents who also have mails to answer."""

    def __init__(self, agents: int, mails: int, seed: int) -> None:
        self.stage = Stage(RULES)
        self.ends: list[tuple[float, str, int]] = []
        self.left: dict[str, tuple[float, float]] = {}
        """Item → (seconds of work left, when it was taken up)."""
        self.turns: dict[str, int] = {}
        self.asked: dict[str, float] = {}
        self.in_time = self.mails_done = 0
        self.dice = random.Random(seed)
        for number in range(mails):
            self.follow(self.stage.arrive(f"mail{number:03d}", "email", waited=timedelta(hours=60)))
        for number in range(agents):
            self.follow(self.stage.agent(f"agent{number:02d}"))

    @property
    def now(self) -> float:
        return self.stage.now.timestamp()

    def run(self) -> None:
        """Let the calls come, and everything be worked on."""
        begin = self.now
        arrivals = sorted(begin + self.dice.uniform(0, MINUTES * 60) for _ in range(CALLS))
        for number, at in enumerate(arrivals):
            self.until(at)
            self.asked[f"call{number:02d}"] = self.now
            self.follow(self.stage.arrive(f"call{number:02d}"))
        self.until(begin + MINUTES * 60)

    def until(self, moment: float) -> None:
        while self.ends and self.ends[0][0] <= moment:
            at, name, turn = heappop(self.ends)
            if self.turns.get(name) != turn:
                continue
            self.follow(self.stage.wait(max(at - self.now, 0)))
            if self.turns.get(name) == turn and self.stage.states[name] == State.ACTIVE:
                self.mails_done += name.startswith("mail")
                self.follow(self.stage.end(name))
        self.follow(self.stage.wait(max(moment - self.now, 0)))

    def follow(self, wishes: list[Any]) -> None:
        """Accept what is offered, and keep what is left to do of what is interrupted."""
        for moved in of(wishes, Moved):
            name = moved.interaction
            if moved.state == State.HELD:
                left, since = self.left[name]
                self.left[name] = (left - (self.now - since), self.now)
                self.turns[name] += 1
            elif moved.state == State.ACTIVE:
                left = self.left.get(name, (CALL_S if name.startswith("call") else MAIL_S, 0.0))[0]
                self.left[name] = (left, self.now)
                self.turns[name] = self.turns.get(name, 0) + 1
                heappush(self.ends, (self.now + left, name, self.turns[name]))
        for offer in of(wishes, Offer):
            if self.stage.offers.get(offer.interaction) is offer:
                if offer.interaction in self.asked:
                    self.in_time += self.now - self.asked[offer.interaction] <= IN_TIME_S
                self.follow(self.stage.accept(offer.interaction))


def test_weekend_mails_cost_calls_no_more_than_a_tenth_of_the_staff_and_still_move() -> None:
    """400 starved mails and 60 fresh calls before 10 agents: the calls fare as with 9 agents and no mail at all, or better.

    Fails when starved mails get the points of starved calls, or are shielded from calls whenever they are taken.
    """
    beside = alone = done = 0
    for seed in range(12):
        blended, fewer = Morning(10, MAILS, seed), Morning(9, 0, seed)
        blended.run()
        fewer.run()
        beside, alone, done = beside + blended.in_time, alone + fewer.in_time, done + blended.mails_done
    assert beside >= alone
    assert done >= 12 * CALLS // 9


SOON = {**POLICY, "channels": {**POLICY["channels"], **{name: {"starve_s": 30} for name in ("email", "fax")}}}


OWN: list[Action] = [
    ("arrive", 121, 0, 0.0),
    *[("arrive", 0, 0, 0.0)] * 7,
    ("arrive", 116, 0, 0.0),
    *[("arrive", 0, 0, 0.0)] * 3,
    ("arrive", 215, 0, 0.0),
    ("owe", 63, 122, 21.0),
    *[("arrive", 0, 0, 0.0)] * 4,
    ("arrive", 0, 0, 21.0),
    ("arrive", 0, 0, 0.0),
    ("arrive", 77, 85, 0.0),
    ("intent", 105, 0, 0.0),
]
"""A day on which starved work waits for one agent only."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(OWN)
@given(days)
def test_one_in_so_many_assignments_is_starved_work_where_there_is_some(day: list[Action]) -> None:
    """Fails when `_starved` passes over a shape, or over what waits for the agent only."""
    stage = opened(SOON)
    floor = stage.router._floor

    since: dict[str, int] = {}
    """Agent → assignments since the last starved one, counted here."""

    def watch(seen: Floor, item: Item, agent: Agent, _preferred: bool) -> None:
        given = since.get(agent.id, 0)
        since[agent.id] = 0 if starved(seen, item) else given + 1
        if given < seen.policy.deferred_share - 1 or starved(seen, item):
            return
        assert not [
            one.id
            for one in seen.items.values()
            if one.state is State.QUEUED and starved(seen, one) and what_keeps(seen, one, agent) == "free"
        ]

    floor.witness = watch
    for action in day:
        act(stage, action)


def test_deferred_work_that_has_not_starved_is_no_part_of_the_share() -> None:
    """Fails when `make_offer` begins the count anew for any deferred item."""
    stage = Stage({"deferred_share": 3, "channels": {"voice": {"wrapup": {"mode": "off"}, "interrupts": []}}})
    stage.agent("ann", "not_ready")
    stage.arrive("starved", "email", waited=timedelta(hours=60))
    stage.arrive("fax", "fax", priority=9, vip=3)
    for number in range(3):
        stage.arrive(f"call{number}")
    stage.intent("ann", "ready")
    taken = []
    for _ in range(3):
        taken.append(next(iter(stage.offers)))
        stage.accept(taken[-1])
        stage.end(taken[-1])
    assert taken == ["fax", "call0", "starved"]


def starved(floor: Floor, item: Item) -> bool:
    shape = floor.index.ladder(item)[-1].shape
    return starved_deferred(floor, (0.0, item.age_from, item.id, item, shape))

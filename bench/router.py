"""How many facts a second the router takes, and how that changes when the floor grows tenfold.

    .venv/bin/python bench/router.py [--rounds 5] [--facts 30000] [--agents 1000] [--waiting 10000]

Mixed facts on a busy floor: mails, chats and calls arrive, are accepted, end and are wrapped up; heartbeats come; some offers are
declined, some contacts are transferred.  There are 64 skills of three levels asked for, four on each
agent.  Both sizes run in one process, interleaved; medians and spread are printed, and the cost per fact of the large floor as a
ratio of the small one's.  Cost is processor time of the router's thread, so that a busy machine does not count.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contactd.core import effects, events
from contactd.core.interaction import State
from contactd.routing.policy import Policy
from contactd.routing.router import Router

WATCHED = 100
"""Agents whose console sends heartbeats; with the others only the phone is watched."""
SKILLS = [f"skill{number:02d}" for number in range(64)]
CHANNELS = ("voice", "chat", "chat", "email", "email", "email")
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
STEP = timedelta(milliseconds=3)
POLICY: dict[str, Any] = {
    "lines": {
        "support": {},
        "sales": {"base": 1, "steps": [{"prefer": {"skill00": 5}, "seconds": 30}]},
        "billing": {"rate": 2.0},
    },
}


@dataclass
class Day:
    """A floor at work: what the world has in hand, kept by reading the wishes."""

    agents: int
    waiting: int
    seed: int
    router: Router = field(default_factory=lambda: Router(Policy.from_mapping(POLICY)))
    now: datetime = START
    count: int = 0
    offers: dict[str, effects.Offer] = field(default_factory=dict)
    active: dict[str, str] = field(default_factory=dict)
    wrapup: dict[str, str] = field(default_factory=dict)
    queued: list[str] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)
    assigned: int = 0
    beat: int = 0
    in_line: int = 0

    def __post_init__(self) -> None:
        """Fill the floor: everybody busy, the rest in line."""
        self.random = random.Random(self.seed)
        for number in range(self.waiting + 2 * self.agents):
            self.send(self.arrival(), measured=False)
            if number % 50 == 0:
                self.now += STEP
        for number in range(self.agents):
            skills = tuple(sorted((skill, self.random.choice((3, 6, 9))) for skill in self.random.sample(SKILLS, 4)))
            agent = f"agent{number:05d}"
            configured = events.AgentConfigured(agent=agent, skills=skills, lines=("*",), device=f"SIP/{number}")
            self.send(configured, measured=False)
            if number < WATCHED:
                self.send(events.ConsoleSeen(agent=agent), measured=False)
            self.send(events.IntentSet(agent=agent, intent="ready"), measured=False)
        while self.offers:
            offer = next(iter(self.offers.values()))
            accepted = events.OfferAccepted(agent=offer.agent, offer=offer.offer, lease=offer.lease)
            self.send(accepted, measured=False)

    def arrival(self) -> events.InteractionArrived:
        """Make a new item."""
        self.count += 1
        self.in_line += 1
        choose = self.random
        return events.InteractionArrived(
            interaction=f"i{self.count:09d}",
            channel=choose.choice(CHANNELS),
            line=choose.choice(("support", "sales", "billing")),
            skills=((choose.choice(SKILLS), choose.choice((2, 4, 7))),),
            priority=choose.choice((0, 0, 0, 2)),
            vip=choose.choice((0, 0, 0, 0, 1)),
        )

    def send(self, fact: events.Fact, *, measured: bool = True) -> None:
        """Hand a fact in, note what it cost, and follow the wishes."""
        begin = time.thread_time()
        wishes = self.router.handle(fact, self.now)
        if measured:
            self.spent.append(time.thread_time() - begin)
        self.follow(wishes)

    def follow(self, wishes: list[effects.Wish]) -> None:
        """Keep what the world has in hand."""
        for wish in wishes:
            if isinstance(wish, effects.Offer):
                self.offers[wish.offer] = wish
                self.assigned += 1
            elif isinstance(wish, effects.Withdraw):
                self.offers.pop(wish.offer, None)
            elif isinstance(wish, effects.Assign):
                self.offers.pop(wish.offer or "", None)
            elif isinstance(wish, effects.Moved):
                self.moved(wish)

    def moved(self, wish: effects.Moved) -> None:
        """Follow one item."""
        self.in_line += {State.QUEUED: 1, State.OFFERED: -1}.get(State(wish.state), 0)
        self.active.pop(wish.interaction, None)
        self.wrapup.pop(wish.interaction, None)
        if wish.state == State.ACTIVE and wish.agent:
            self.active[wish.interaction] = wish.agent
        elif wish.state == State.WRAPUP and wish.agent:
            self.wrapup[wish.interaction] = wish.agent

    def one(self) -> None:
        """Let one thing happen, measured."""
        self.now += STEP
        begin = time.thread_time()
        wishes = self.router.tick(self.now)
        if wishes:
            self.spent.append(time.thread_time() - begin)
            self.follow(wishes)
        roll = self.random.random()
        if self.in_line < self.waiting and roll < 0.5:
            self.send(self.arrival())
            return
        if self.offers and roll < 0.55:
            offer = next(iter(self.offers.values()))
            kind = events.OfferRejected if roll < 0.01 and offer.channel != "voice" else events.OfferAccepted
            self.send(kind(agent=offer.agent, offer=offer.offer, lease=offer.lease))
        elif self.wrapup and roll < 0.65:
            interaction, agent = next(iter(self.wrapup.items()))
            self.send(events.WrapupDone(interaction=interaction, agent=agent, disposition="order"))
        elif self.active and roll < 0.85:
            interaction, agent = next(iter(self.active.items()))
            if roll > 0.84:
                self.send(events.Transferred(interaction=interaction, agent=agent, to_line="billing"))
            else:
                self.send(events.WorkEnded(interaction=interaction, agent=agent))
        elif roll < 0.9:
            self.beat = (self.beat + 1) % WATCHED
            self.send(events.ConsoleSeen(agent=f"agent{self.beat:05d}"))
        else:
            self.send(self.arrival())

    def run(self, facts: int) -> float:
        """Let things happen; return the seconds the router took for each fact."""
        self.spent.clear()
        while len(self.spent) < facts:
            self.one()
        return sum(self.spent) / len(self.spent)


def main() -> None:
    """Run both floors, interleaved, and print."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--facts", type=int, default=20_000)
    options.add_argument("--agents", type=int, default=1_000)
    options.add_argument("--waiting", type=int, default=10_000)
    chosen = options.parse_args()
    floors = [Day(chosen.agents, chosen.waiting, 1), Day(chosen.agents * 10, chosen.waiting * 10, 1)]
    gc.collect()
    gc.freeze()
    results: list[list[float]] = [[], []]
    slowest: list[list[float]] = [[], []]
    for floor in floors:
        floor.run(chosen.facts // 4)
    for _ in range(chosen.rounds):
        for floor, costs, late in zip(floors, results, slowest, strict=True):
            costs.append(floor.run(chosen.facts))
            late.append(statistics.quantiles(floor.spent, n=100)[98])
    print(f"python {sys.version.split()[0]}, {chosen.rounds} rounds of {chosen.facts} facts")
    for floor, costs, late in zip(floors, results, slowest, strict=True):
        cost = statistics.median(costs)
        print(
            f"{floor.agents:>7,} agents x {floor.waiting:>8,} waiting: {1 / cost:>9,.0f} facts/s "
            f"(median; {1 / max(costs):,.0f}-{1 / min(costs):,.0f}), p99 {statistics.median(late) * 1e6:,.0f} us, "
            f"{floor.assigned:,} offers made, {sum(len(line) for line in floor.router.waiting().values()):,} waiting at the end",
        )
    ratio = statistics.median(results[1]) / statistics.median(results[0])
    print(f"cost of a fact, large floor to small floor: {ratio:.2f}x")


if __name__ == "__main__":
    main()

"""A busy floor for the benches of the router: a world that answers its wishes, and the facts that come of it, written down.

There are 64 skills of three levels asked for, four on each agent; steps, two languages, preferred agents, parties, VIPs, overflow
by age, opening hours, calendar time for mail; calls, chats and mails that are accepted, declined, held, put aside, transferred,
ended and wrapped up; heartbeats.  Most of the floor is at work, the rest waits.
"""

from __future__ import annotations

import random
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
START = datetime(2026, 11, 2, 2, tzinfo=UTC)
STEP = timedelta(milliseconds=3)
POLICY: dict[str, Any] = {
    "calendars": {"office": {"zone": "Asia/Shanghai", "week": {"mon-fri": ["08:00-20:00"]}}},
    "lines": {
        "support": {"calendar": "office", "language": "prefer", "language_s": 20},
        "sales": {
            "base": 1,
            "steps": [{"prefer": {"skill00": 5}, "seconds": 30}],
            "overflow": [{"when": "age", "seconds": 3600, "to": "support"}],
        },
        "billing": {"rate": 2.0, "strategy": "best_skill", "callback": {"missed": True}},
    },
}

Script = list[tuple[datetime, events.Fact]]


@dataclass
class World:
    """What the world has in hand, kept by reading the wishes; every fact it tells is written down."""

    agents: int
    waiting: int
    seed: int = 1
    router: Router = field(default_factory=lambda: Router(Policy.from_mapping(POLICY)))
    now: datetime = START
    count: int = 0
    offers: dict[str, effects.Offer] = field(default_factory=dict)
    active: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    wrapup: dict[str, str] = field(default_factory=dict)
    assigned: int = 0
    beat: int = 0
    in_line: int = 0
    script: Script = field(default_factory=list)

    def __post_init__(self) -> None:
        """Fill the floor: everybody busy, the rest in line."""
        self.random = random.Random(self.seed)
        for number in range(self.waiting + 2 * self.agents):
            self.send(self.arrival())
            if number % 50 == 0:
                self.now += STEP
        for number in range(self.agents):
            skills = tuple(sorted((skill, self.random.choice((3, 6, 9))) for skill in self.random.sample(SKILLS, 4)))
            agent = f"agent{number:05d}"
            spoken = ("zh", "en") if number % 5 == 0 else ("zh",)
            self.send(
                events.AgentConfigured(
                    agent=agent, skills=skills, lines=("*",), languages=spoken, device=f"SIP/{number}"
                )
            )
            if number < WATCHED:
                self.send(events.ConsoleSeen(agent=agent))
            self.send(events.IntentSet(agent=agent, intent="ready"))
        while self.offers:
            self.answer(events.OfferAccepted)

    def arrival(self) -> events.InteractionArrived:
        """Make a new item."""
        self.count += 1
        self.in_line += 1
        choose = self.random
        wanted = choose.random()
        return events.InteractionArrived(
            interaction=f"i{self.count:09d}",
            channel=choose.choice(CHANNELS),
            line=choose.choice(("support", "sales", "billing")),
            skills=((choose.choice(SKILLS), choose.choice((2, 4, 7))),),
            priority=choose.choice((0, 0, 0, 2)),
            vip=choose.choice((0, 0, 0, 0, 1)),
            language=choose.choice(("zh", "zh", "zh", "en")),
            party=f"p{self.count:09d}" if wanted < 0.5 else None,
            prefer_agent=f"agent{choose.randrange(self.agents):05d}" if wanted < 0.05 else None,
        )

    def answer(self, kind: type[Any]) -> None:
        """Let an agent answer the oldest offer."""
        offer = next(iter(self.offers.values()))
        self.send(kind(agent=offer.agent, offer=offer.offer, lease=offer.lease))

    def send(self, fact: events.Fact) -> None:
        """Hand a fact in, write it down, and follow the wishes."""
        self.script.append((self.now, fact))
        self.follow(self.router.tick(self.now))
        self.follow(self.router.handle(fact, self.now))

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
                self._moved(wish)

    def _moved(self, wish: effects.Moved) -> None:
        self.in_line += {State.QUEUED: 1, State.OFFERED: -1}.get(State(wish.state), 0)
        for where in (self.active, self.held, self.wrapup):
            where.pop(wish.interaction, None)
        where_now = {State.ACTIVE: self.active, State.HELD: self.held, State.WRAPUP: self.wrapup}.get(State(wish.state))
        if where_now is not None and wish.agent:
            where_now[wish.interaction] = wish.agent

    def one(self) -> None:
        """Let one thing happen."""
        self.now += STEP
        roll = self.random.random()
        if self.in_line < self.waiting and roll < 0.5:
            self.send(self.arrival())
        elif self.offers and roll < 0.55:
            declines = roll < 0.01 and next(iter(self.offers.values())).channel != "voice"
            self.answer(events.OfferRejected if declines else events.OfferAccepted)
        elif self.wrapup and roll < 0.65:
            interaction, agent = next(iter(self.wrapup.items()))
            self.send(events.WrapupDone(interaction=interaction, agent=agent, disposition="order"))
        elif self.active and roll < 0.85:
            self._at_work(roll)
        elif roll < 0.9:
            self.beat = (self.beat + 1) % WATCHED
            self.send(events.ConsoleSeen(agent=f"agent{self.beat:05d}"))
        else:
            self.send(self.arrival())

    def _at_work(self, roll: float) -> None:
        interaction, agent = next(iter(self.active.items()))
        if roll > 0.84:
            self.send(events.Transferred(interaction=interaction, agent=agent, to_line="billing"))
        elif roll > 0.83:
            self.send(events.Held(interaction=interaction, agent=agent))
        elif self.held and roll > 0.82:
            interaction, agent = next(iter(self.held.items()))
            self.send(events.Resumed(interaction=interaction, agent=agent))
        elif roll > 0.81:
            until = self.now + timedelta(seconds=30)
            self.send(events.Parked(interaction=interaction, agent=agent, until=until))
        else:
            self.send(events.WorkEnded(interaction=interaction, agent=agent))


def recorded(agents: int, waiting: int, facts: int) -> tuple[Script, Script, int]:
    """Return the facts that fill a floor, so many facts of its day, and how many offers those led to."""
    world = World(agents, waiting)
    filling, world.script = world.script, []
    before = world.assigned
    while len(world.script) < facts:
        world.one()
    return filling, world.script, world.assigned - before

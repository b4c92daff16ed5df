"""The part of the floor that matters for a newcomer's wait, as a small picture that can be handed to another process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contactd.core.agent import Health, Intent
from contactd.core.interaction import State
from contactd.routing.floor import Floor
from contactd.routing.line import ChannelRule, Line
from contactd.routing.score import Scale
from contactd.routing.shapes import Rung, Shape
from contactd.routing.state import Agent, Item, counted, yields
from contactd.routing.waits import Ask, Hand, Pace, Picture, Worker

MOST_AHEAD = 3000
"""In a longer line nobody can say."""
MOST_WORKERS = 3000
Paces = Mapping[tuple[str, str], Pace]
"""(line, channel) → how long such work takes."""


class _Painter:
    """Collects kinds of demand and of work as they are met."""

    def __init__(self, floor: Floor, rule: ChannelRule, paces: Paces) -> None:
        self.floor = floor
        self.rule = rule
        self.known = paces
        self.bits: dict[int, int] = {}
        self.shapes: list[Shape] = []
        self.named: dict[str, int] = {}
        self.paces: dict[tuple[str, str], int] = {}

    def bit(self, shape: Shape) -> int:
        """Return the bit of a kind of demand."""
        found = self.bits.get(id(shape))
        if found is None:
            found = self.bits[id(shape)] = len(self.bits) + len(self.named)
            self.shapes.append(shape)
        return found

    def own_bit(self, agent: str) -> int:
        """Return the bit of what waits for one agent only."""
        if agent not in self.named:
            self.named[agent] = len(self.bits) + len(self.named)
        return self.named[agent]

    def pace(self, line: str, channel: str) -> int:
        """Return the place of a kind of work."""
        return self.paces.setdefault((line, channel), len(self.paces))

    def rungs(self, ladder: tuple[Rung, ...], step: int, since: int) -> tuple[tuple[int, int], ...]:
        """Return when each step opens, in milliseconds from now, and its bit; steps without time are left out."""
        opens, found = since - self.floor.now, []
        for rung in ladder[min(step, len(ladder) - 1) :]:
            if rung.ms != 0 and (rung.ms is None or not rung.shape.line.skip_unmet or rung.shape.anybody()):
                found.append((max(opens, 0), self.bit(rung.shape)))
                opens += rung.ms or 0
        return tuple(found)

    def ask(self, item: Item) -> Ask:
        """Return one who waits."""
        if item.held_for is not None:
            rungs: tuple[tuple[int, int], ...] = ((0, self.own_bit(item.held_for)),)
        else:
            rungs = self.rungs(self.floor.index.ladder(item), item.step, item.step_since)
        pace = self.pace(item.line.name, item.channel)
        return Ask(rungs=rungs, units=item.rule.units, pace=pace, live=item.rule.live)

    def worker(self, agent: Agent) -> Worker:
        """Return one agent; work that gives way to a newcomer does not count."""
        fits = 0
        for shape in self.shapes:
            fits |= agent.profile.fits(shape) << self.bits[id(shape)]
        if agent.id in self.named:
            fits |= 1 << self.named[agent.id]
        hands = [self.hand(item) for item in agent.work.values() if counted(item) and not yields(item, self.rule)]
        hands += [
            Hand(pace=self.pace(offer.item.line.name, offer.item.channel), stage="offered", for_ms=0, units=offer.units)
            for offer in agent.offers.values()
            if not yields(offer.item, self.rule)
        ]
        hands += [
            Hand(pace=self.pace(self.floor.policy.default_line, channel), stage="active", for_ms=0, units=units)
            for (channel, _), units in agent.external.items()
        ]
        return Worker(fits=fits, hands=tuple(hands))

    def hand(self, item: Item) -> Hand:
        """Return one piece of work in hand."""
        now = self.floor.now
        wrapping = item.state is State.WRAPUP
        for_ms = item.until and -max(item.until - now, 1) if wrapping else now - item.since
        return Hand(
            pace=self.pace(item.line.name, item.channel),
            stage="wrapup" if wrapping else "active",
            for_ms=for_ms or 0,
            units=item.units,
        )


def picture(floor: Floor, line: str, channel: str, paces: Paces) -> Picture | None:
    """Return the picture for somebody who comes into a line by a channel now; None when their wait cannot be foreseen.

    That is so where the line is closed, nobody is there who could take it, or the line is too long.
    """
    found = floor.policy.lines.get(line)
    if found is None or not floor.gates[line].is_open(found.hours, floor.now):
        return None
    rule = floor.policy.rule(line, channel)
    newcomer = _newcomer(floor, found, channel, rule)
    ladder = floor.index.ladder(newcomer)
    agents = _there(ladder[-1].shape, rule)
    ahead = _ahead(floor, ladder[-1].shape, agents) if len(agents) <= MOST_WORKERS else None
    if not agents or ahead is None:
        return None
    painter = _Painter(floor, rule, paces)
    asks = [painter.ask(item) for _, item in ahead]
    own = Ask(
        rungs=painter.rungs(ladder, 0, floor.now),
        units=rule.units,
        pace=painter.pace(line, channel),
        live=rule.live,
    )
    scale = Scale.of(found, rule)
    place = sum(score >= scale.score(scale.fixed(newcomer), 0) for score, _ in ahead)
    workers = tuple(painter.worker(agent) for agent in agents)
    return Picture(
        workers=workers,
        ahead=tuple(asks),
        place=place,
        newcomer=own,
        paces=tuple(paces.get(key, Pace()) for key in painter.paces),
    )


def _newcomer(floor: Floor, line: Line, channel: str, rule: ChannelRule) -> Item:
    return Item(
        id="",
        channel=channel,
        line=line,
        rule=rule,
        state=State.QUEUED,
        since=floor.now,
        queued_at=floor.now,
        age_from=floor.now,
        step_since=floor.now,
    )


def _there(shape: Shape, rule: ChannelRule) -> list[Agent]:
    """Return who is at work and could take it, now or when they have room."""
    return [
        agent
        for profile in shape.profiles.values()
        for agent in profile.members.values()
        if agent.intent is Intent.READY
        and agent.next_intent in (None, Intent.READY)
        and agent.health is Health.OK
        and not (agent.draining or agent.removed or (rule.needs_device and agent.device is None))
    ]


def _ahead(floor: Floor, shape: Shape, agents: Iterable[Agent]) -> list[tuple[float, Item]] | None:
    """Return what waits for the same agents with its score, in the order of the queue; None when it is too much."""
    rivals = [one for one in floor.index.shapes() if one.waiting and not shape.profiles.keys().isdisjoint(one.profiles)]
    if sum(one.waiting for one in rivals) > MOST_AHEAD:
        return None
    items = [item for one in rivals for item in one.standing(floor.items)]
    items += [item for agent in agents for item in agent.personal.values()]
    ranked = [(_score(floor, item), item) for item in items]
    ranked.sort(key=lambda one: (-one[0], one[1].age_from, one[1].id))
    return ranked


def _score(floor: Floor, item: Item) -> float:
    scale = Scale.of(item.line, item.rule)
    return scale.of_item(item, floor.now)

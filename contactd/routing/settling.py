"""The scheduling pass that follows every fact: who gets what.

Every item that has come into line seeks an agent among those listed as free; every agent who may have become free seeks an item
among everything that waits.  Before a fact no free agent stands beside an item they may take; only what the fact touched is asked
about, so after the pass this holds again.  Items that come into line at one moment seek in the order of the queue.
"""

from __future__ import annotations

from heapq import heappop, heappush

from contactd.routing.callbacks import meet
from contactd.routing.course import tell_standing
from contactd.routing.deadlines import Due
from contactd.routing.explain import what_keeps
from contactd.routing.floor import Floor
from contactd.routing.matching import find_agent, serve, share_due, starved_deferred
from contactd.routing.offers import Pick, make_offer
from contactd.routing.overflow import leaves, turned_away
from contactd.routing.preference import kept_for_preferred
from contactd.routing.shapes import Choice, Rung, Shape
from contactd.routing.state import Agent, Item
from contactd.routing.visits import kept_for_visit

REASK_MS = 60_000


def settle(floor: Floor) -> None:
    """Bring together what may come together, until nothing is left to ask about."""
    while floor.fresh or floor.dirty or floor.met:
        if floor.met:
            meet(floor)
        if floor.fresh:
            _Coming(floor).place()
        while floor.dirty and not floor.fresh:
            serve(floor, next(iter(floor.dirty)))


class _Coming:
    """What has come into line at one moment, and seeks an agent one after the other."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.seeking: dict[str, Item] = {}
        self._ranks: list[tuple[float, int, str, int]] = []

    def place(self) -> None:
        """Offer each item, the first of them first, or let it stand in line."""
        floor = self.floor
        while floor.fresh or self.seeking:
            self._let_in()
            item = self._next()
            if item is not None:
                self._seek(item)

    def _let_in(self) -> None:
        """Sort out what seeks nobody now: it is not ours to give, its line is closed to it, or it is kept for somebody."""
        floor = self.floor
        while floor.fresh:
            name = next(iter(floor.fresh))
            del floor.fresh[name]
            item = floor.items[name]
            floor.unplace(item)
            self.seeking.pop(name, None)
            if not item.matched or _kept_out(floor, item):
                continue
            _note_skips(floor, item)
            if kept_for_visit(floor, item):
                tell_standing(floor, item)
            elif not kept_for_preferred(floor, item):
                self.seeking[name] = item

    def _next(self) -> Item | None:
        """Take the one that goes first; one alone needs no comparing."""
        if len(self.seeking) <= 1 and not self._ranks:
            return self.seeking.popitem()[1] if self.seeking else None
        if len(self._ranks) < len(self.seeking):
            self._rank()
        while self._ranks:
            _, _, name, token = heappop(self._ranks)
            item = self.seeking.get(name)
            if item is not None and item.token == token:
                return self.seeking.pop(name)
        return None

    def _rank(self) -> None:
        floor = self.floor
        self._ranks = []
        for item in self.seeking.values():
            scale = floor.index.ladder(item)[-1].shape.scale
            heappush(self._ranks, (-scale.of_item(item, floor.now), item.age_from, item.id, item.token))

    def _seek(self, item: Item) -> None:
        """Offer an item to the best free agent, or let it stand in line at its present step."""
        floor = self.floor
        ladder = floor.index.ladder(item)
        item.step = min(item.step, len(ladder) - 1)
        while True:
            rung = ladder[item.step]
            if not _rung_over(floor, item, rung):
                agent, others = self._agent_for(rung.shape, item)
                if agent is not None:
                    tell_standing(floor, item)
                    make_offer(floor, item, agent, Pick(rung.shape.need, next_best=others))
                    return
                if not _rung_skipped(item, rung):
                    break
                item.step_since = floor.now
            item.step += 1
            item.untold = True
        if leaves(floor, item):
            return
        rung.shape.put(item)
        if rung.ms is not None:
            floor.deadlines.add(item.step_since + rung.ms, Due.STEP, item.id, item.token)
        tell_standing(floor, item)

    def _agent_for(self, shape: Shape, item: Item) -> tuple[Agent | None, tuple[Choice, ...]]:
        """Return whom an item is offered to; who owes the promised share to something beside it is given that instead."""
        floor = self.floor
        while True:
            agent, others = find_agent(floor, shape, item)
            if agent is None or not self.seeking or not share_due(floor, agent) or _starved(floor, item):
                return agent, others
            owed = [one for one in self.seeking.values() if _starved(floor, one) and self._takes(agent, one)]
            if not owed:
                return agent, others
            first = min(owed, key=lambda one: (-_shape(floor, one).scale.of_item(one, floor.now), one.age_from, one.id))
            del self.seeking[first.id]
            first.step = min(first.step, len(floor.index.ladder(first)) - 1)
            tell_standing(floor, first)
            make_offer(floor, first, agent, Pick(_shape(floor, first).need, starved=True, shielded=True))

    def _takes(self, agent: Agent, item: Item) -> bool:
        return what_keeps(self.floor, item, agent) == "free"


def _shape(floor: Floor, item: Item) -> Shape:
    ladder = floor.index.ladder(item)
    return ladder[min(item.step, len(ladder) - 1)].shape


def _starved(floor: Floor, item: Item) -> bool:
    return starved_deferred(floor, (0.0, item.age_from, item.id, item, _shape(floor, item)))


def _kept_out(floor: Floor, item: Item) -> bool:
    """Say whether nobody is to be sought for an item now: its line is closed to it, and it has left or stands aside."""
    if not turned_away(floor, item):
        return False
    if item.aside:
        tell_standing(floor, item)
    return True


def _rung_over(floor: Floor, item: Item, rung: Rung) -> bool:
    """Say whether the time of a step has passed; the next one began when it ended."""
    if rung.ms is None or rung.ms == 0 or item.step_since + rung.ms > floor.now:
        return False
    item.step_since += rung.ms
    return True


def _rung_skipped(item: Item, rung: Rung) -> bool:
    """Say whether a step is left at once: it has no time, or nobody signed in can meet it."""
    if rung.ms is None:
        return False
    return rung.ms == 0 or (item.line.skip_unmet and not rung.shape.anybody())


def _note_skips(floor: Floor, item: Item) -> None:
    """Set the moments at which agents who were passed over may be asked again."""
    if not item.skips:
        return
    for agent in [agent for agent, until in item.skips.items() if until is not None and until <= floor.now]:
        del item.skips[agent]
    ends = [until for until in item.skips.values() if until is not None]
    if ends:
        floor.deadlines.add(min(ends), Due.SKIP, item.id, item.token)
    if len(ends) < len(item.skips):
        rounds = (floor.now - item.queued_at) // REASK_MS + 1
        floor.deadlines.add(item.queued_at + rounds * REASK_MS, Due.REASK, item.id, item.token)

"""One customer who stands in several places is one visit: no two agents begin with them unaware of each other.

Items of one known party belong together while they are open.  Who has one of them in hand is asked first for the others: a live
one waits for that agent as long as for any preferred one; a deferred one is held back for them, at most a quarter of an hour, and
not offered to anybody else.  While two wait, the live one goes first.  Each stays its own in every count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contactd.core.interaction import State
from contactd.routing.deadlines import Due
from contactd.routing.state import Agent, Item, skipped

if TYPE_CHECKING:
    from contactd.routing.floor import Floor

HELD_BACK_MS = 15 * 60_000
"""How long a deferred item is held back at most, in its present stay."""
ACTIVE = "active"
"""Why an item waits for one agent: they are serving its customer now."""
IN_HAND = (State.ACTIVE, State.HELD, State.WRAPUP)
COMING = (State.QUEUED, State.OFFERED)


class Visits:
    """Open items by the party they are of."""

    def __init__(self) -> None:
        self._by_party: dict[str, Item | dict[str, Item]] = {}
        """One alone, which most are, or several by id: a table for each alone would be a sixth of what an item takes."""

    def add(self, item: Item) -> None:
        """Write an item in; what an outside system routes, or is owed to the customer, is no part of a visit."""
        if item.party is None or not item.matched or item.rule.calls_back:
            return
        found = self._by_party.setdefault(item.party, item)
        if isinstance(found, dict):
            found[item.id] = item
        elif found.id == item.id:
            self._by_party[item.party] = item
        else:
            self._by_party[item.party] = {found.id: found, item.id: item}

    def drop(self, item: Item) -> None:
        """Strike an item out."""
        party = item.party or ""
        found = self._by_party.get(party)
        if isinstance(found, dict):
            found.pop(item.id, None)
            if len(found) == 1:
                (self._by_party[party],) = found.values()
        elif found is item:
            del self._by_party[party]

    def others(self, item: Item) -> list[Item]:
        """Return the other items of an item's visit, by id."""
        found = self._by_party.get(item.party) if item.party is not None else None
        if found is None or found is item:
            return []
        if not isinstance(found, dict):
            return [found]
        return [found[ident] for ident in sorted(found) if ident != item.id]


def look_around(floor: Floor, item: Item) -> None:
    """Something happened to an item: have those of its visit looked at that wait."""
    for other in floor.visits.others(item):
        if other.id in floor.crowd.get((other.line.name, other.channel), ()):
            floor.fresh[other.id] = None


def kept_for_visit(floor: Floor, item: Item) -> bool:
    """Let a waiting item be kept for whoever has its customer in hand; False when there is nobody, or that time is over."""
    if item.direct or item.rule.calls_back:
        return False
    others = floor.visits.others(item)
    if not others:
        return False
    until = item.queued_at + (round(item.line.prefer_s * 1000) if item.rule.live else HELD_BACK_MS)
    if floor.now >= until:
        return False
    handler = _handler(floor, item, others)
    if handler is not None:
        item.held_for = handler.id
        handler.personal[item.id] = item
        if handler.routable:
            floor.dirty[handler.id] = None
    elif not item.rule.live and any(_goes_first(other) for other in others):
        item.aside = True
    else:
        return False
    item.entering = False
    floor.deadlines.add(until, Due.HOLD, item.id, item.token)
    return True


def _handler(floor: Floor, item: Item, others: list[Item]) -> Agent | None:
    """Return who has the customer in hand and could take this, too."""
    for other in others:
        agent = floor.agents.get(other.agent or "") if other.state in IN_HAND else None
        if agent is None or not agent.signed_in or skipped(item, agent.id, floor.now):
            continue
        if agent.profile.fits(floor.index.ladder(item)[-1].shape):
            return agent
    return None


def _goes_first(other: Item) -> bool:
    return other.rule.live and other.state in COMING and not other.aside


def leave_to_handler(floor: Floor, item: Item) -> None:
    """An item leaves its agent for good: what was held back for them is offered to them first."""
    for other in floor.visits.others(item):
        if other.state is State.QUEUED and other.held_for == item.agent and other.prefer is None and not other.direct:
            other.prefer, other.prefer_kind = item.agent, ACTIVE
            other.prefer_until = floor.now + round(other.line.prefer_s * 1000)
            other.untold = True

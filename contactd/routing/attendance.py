"""Somebody is there who was not, or is there no more: what of those who wait is looked at because of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from contactd.core.agent import Intent
from contactd.core.interaction import State
from contactd.routing.line import Line
from contactd.routing.profiles import Profile
from contactd.routing.state import Agent, Break, Item

if TYPE_CHECKING:
    from contactd.routing.floor import Floor


class Away:
    """How many of a team are away for which reason, or will be when their contact ends."""

    def __init__(self) -> None:
        self._counts: dict[Break, int] = {}

    def note(self, agent: Agent) -> None:
        """An agent may have changed."""
        reason = agent.next_reason if agent.next_intent is Intent.NOT_READY else agent.reason
        away = None if reason is None or agent.removed else (reason, agent.lines)
        if away != agent.counted_away:
            for key, change in ((agent.counted_away, -1), (away, 1)):
                if key is not None:
                    self._counts[key] = self._counts.get(key, 0) + change
            agent.counted_away = away

    def count(self, reason: str, lines: tuple[str, ...]) -> int:
        """Return how many agents of these lines are away for a reason."""
        return self._counts.get((reason, lines), 0)


def in_order(items: Iterable[Item]) -> list[Item]:
    """Return items by age, which every router with the same items agrees on."""
    return sorted(items, key=lambda item: (item.age_from, item.id))


def live_in(floor: Floor, line: str) -> list[Item]:
    """Return what of live channels waits in a line, the longest wait first."""
    found = [
        item
        for channel, rule in floor.policy.lines[line].channels.items()
        if rule.live
        for item in floor.crowd.get((line, channel), {}).values()
    ]
    return in_order(found)


def somebody_left(floor: Floor, profile: Profile) -> None:
    """Somebody of this profile is there no more: steps that nobody else can meet are left, rules for that case asked."""
    for shape in profile.every_shape():
        asks = shape.line.skip_unmet if shape.step else _asks_for_somebody(floor, shape.line)
        if asks and shape.waiting and not shape.anybody():
            for item in in_order(shape.standing(floor.items)):
                item.alone_since = None
                floor.fresh[item.id] = None


def somebody_came(floor: Floor, profile: Profile) -> None:
    """Somebody of this profile is there now: what nobody could take is looked at again."""
    found = (floor.items.get(name) for name in floor.lonely)
    alone = [item for item in found if item is not None and item.state is State.QUEUED]
    floor.lonely = {item.id: None for item in alone}
    for item in in_order(alone):
        if profile.fits(floor.index.ladder(item)[-1].shape):
            floor.fresh[item.id] = None


def _asks_for_somebody(floor: Floor, line: Line) -> bool:
    """Say whether anything becomes of those in line when nobody is there who could take them."""
    return not floor.gates[line.name].open or any(rule.when == "nobody" for rule in line.overflow)

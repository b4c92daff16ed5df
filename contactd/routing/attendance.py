"""Somebody is there who was not, or is there no more: what of those who wait is looked at because of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from contactd.core.interaction import State
from contactd.routing.line import Line
from contactd.routing.shapes import Profile
from contactd.routing.state import Item

if TYPE_CHECKING:
    from contactd.routing.floor import Floor


def in_order(items: Iterable[Item]) -> list[Item]:
    """Return items by age, which every router with the same items agrees on."""
    return sorted(items, key=lambda item: (item.age_from, item.id))


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

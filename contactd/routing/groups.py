"""What waits with the same requirement and the same fixed points: the oldest first, for ever."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop

from contactd.routing.score import Scale
from contactd.routing.state import Item

Waiting = tuple[int, str, int]
"""(waiting counts from, interaction, token)."""


@dataclass(slots=True, eq=False)
class Group:
    """What waits in a shape with the same fixed points, and its first item as last worked out."""

    fixed: float
    heap: list[Waiting] = field(default_factory=list)
    first: Item | None = None
    token: int = -1
    ends: float = 0.0
    """Until when the first item's score grows as it does: `points`, and `slope` for each millisecond since `since`."""
    points: float = 0.0
    slope: float = 0.0
    since: int = 0

    def work_out(self, scale: Scale, items: dict[str, Item], now: int) -> Item | None:
        """Work out the first item, and how its score grows; None when nothing waits."""
        item = self.first = pop_left_behind(self.heap, items)
        if item is not None:
            self.token = item.token
            self.points, self.slope, self.since, self.ends = scale.growth(self.fixed, item.age_from, now)
        return item


def older(item: Item, other: Item | None) -> bool:
    """Say which of two items of the same score goes first."""
    return other is None or (item.age_from, item.id) < (other.age_from, other.id)


def pop_left_behind(heap: list[Waiting], items: dict[str, Item]) -> Item | None:
    """Return the first item of a group that still stands there; entries left behind are dropped."""
    while heap:
        _, interaction, token = heap[0]
        item = items.get(interaction)
        if item is not None and item.token == token:
            return item
        heappop(heap)
    return None

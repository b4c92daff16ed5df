"""Everything that will happen by itself, in one heap.

An entry is never taken out when it loses its meaning: whoever looks at the top asks whether it still holds.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from heapq import heappop, heappush


class Due(IntEnum):
    """What falls due; at the same moment the lower comes first."""

    OFFER = 1
    HEALTH = 2
    WRAPUP = 3
    PARK = 4
    RETURN = 5
    STEP = 6
    HOLD = 7
    SKIP = 8
    REASK = 9
    BREAK = 10
    LINE = 11
    OVERFLOW = 12
    REST = 13


Entry = tuple[int, Due, str, int]
"""(when, what, id of the item, agent or offer, stamp that says whether it still holds)."""


class Deadlines:
    """A heap of entries, the earliest first; `holds` says whether an entry still means something."""

    def __init__(self, holds: Callable[[Entry], bool]) -> None:
        self._heap: list[Entry] = []
        self._holds = holds

    def add(self, at: int, due: Due, key: str, stamp: int = 0) -> None:
        """Note that `due` happens to `key` at `at`."""
        heappush(self._heap, (at, due, key, stamp))

    def first(self) -> int | None:
        """Return the moment of the earliest entry that holds."""
        heap = self._heap
        while heap:
            if self._holds(heap[0]):
                return heap[0][0]
            heappop(heap)
        return None

    def may_be_due(self, now: int) -> bool:
        """Say whether an entry lies before `now`, holding or not: quick to say no."""
        return bool(self._heap) and self._heap[0][0] <= now

    def due_to(self, due: Due, now: int) -> set[str]:
        """Return to whom something happens by `now` and has not yet; looks at every entry."""
        return {entry[2] for entry in self._heap if entry[0] <= now and entry[1] is due and self._holds(entry)}

    def take(self, now: int) -> Entry | None:
        """Take the earliest entry that holds and is due."""
        first = self.first()
        if first is None or first > now:
            return None
        return heappop(self._heap)

    def __len__(self) -> int:
        return len(self._heap)

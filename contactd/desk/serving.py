"""How each line serves its customers at present: the part of its live contacts of the last half hour answered in time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

LATELY = timedelta(minutes=30)
MOST = 5000
"""Contacts kept of a line."""
KNOWN = 5
"""From fewer contacts nothing is concluded."""


class Serving:
    """Counts what was answered in time, and what was answered late or given up."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[tuple[datetime, bool]]] = {}

    def count(self, line: str, at: datetime, *, in_time: bool) -> None:
        """Count a live contact that was answered, or whose customer gave up (never in time)."""
        self._lines.setdefault(line, deque(maxlen=MOST)).append((at, in_time))

    def level(self, line: str, now: datetime) -> float | None:
        """Return the part answered in time, 0-1; None = too few to tell."""
        found = self._lines.get(line)
        while found and found[0][0] < now - LATELY:
            found.popleft()
        if not found or len(found) < KNOWN:
            return None
        return round(sum(in_time for _, in_time in found) / len(found), 3)


def crosses(told: float | None, level: float | None, bounds: Iterable[float]) -> bool:
    """Say whether a level lies on another side of one of the bounds than what was told; unknown counts as the best."""
    one, other = (1.0 if told is None else told), (1.0 if level is None else level)
    return any((one < bound) != (other < bound) for bound in bounds)

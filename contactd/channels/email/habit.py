"""How often mail comes, so that a silence that is not usual is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from contactd.clock import from_ms, to_ms

DAYS = 56
"""Days that are remembered."""
LEARNED_FROM = 20
"""So many pauses make a habit …"""
SAME_DAYS = 3
"""… and so many Mondays one of Mondays."""
LEAST_SILENCE = timedelta(hours=2)
_FACTOR = 2
"""A habit is broken by twice its longest pause."""


@dataclass(slots=True)
class Habit:
    """When the latest mail came, and the pauses before.

    Nights and weekends are pauses like others, and stay known however much comes by day: of each day the longest pause is kept
    that ended on it.
    """

    last: datetime | None = None
    pauses: int = 0
    """How many were seen, counted up to `LEARNED_FROM`."""
    days: dict[date, int] = field(default_factory=dict)
    """Day (UTC) → seconds of the longest pause that ended on it."""

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Habit:
        """Read what was kept.

        Raises:
            TypeError, ValueError: it cannot be read.
        """
        days = {date.fromisoformat(day): int(longest) for day, longest in dict(kept.get("days") or {}).items()}
        last = from_ms(int(kept["last"])) if kept.get("last") else None
        gaps = [int(gap) for gap in kept.get("gaps") or ()]  # how it was kept before days were
        if gaps and last is not None:
            days.setdefault(last.date(), max(gaps))
        return cls(last=last, pauses=int(kept.get("pauses") or min(len(gaps), LEARNED_FROM)), days=days)

    def kept(self) -> dict[str, Any]:
        """Return it as JSON values."""
        days = {day.isoformat(): longest for day, longest in self.days.items()}
        return {"last": to_ms(self.last) if self.last else None, "pauses": self.pauses, "days": days}

    def came(self, at: datetime, *, listening_since: datetime | None = None) -> None:
        """Note that a mail came; a pause in part of which nobody listened says nothing of a habit."""
        if self.last is not None and at > self.last and (listening_since is None or self.last >= listening_since):
            day, pause = at.date(), int((at - self.last).total_seconds())
            self.days[day] = max(pause, self.days.get(day, 0))
            self.pauses = min(self.pauses + 1, LEARNED_FROM)
            for old in sorted(self.days)[:-DAYS]:
                del self.days[old]
        self.last = max(at, self.last or at)

    def silent(
        self, now: datetime, limit: timedelta | None, *, listening_since: datetime | None = None
    ) -> timedelta | None:
        """Return how long it has been silent, when that is longer than `limit`, or than is usual where there is none."""
        if self.last is None:
            return None
        limit = self._usual(now.date()) if limit is None else limit
        quiet = now - max(self.last, listening_since or self.last)
        return quiet if limit is not None and quiet > limit else None

    def _usual(self, day: date) -> timedelta | None:
        same = [longest for one, longest in self.days.items() if one.weekday() == day.weekday()]
        if self.pauses < LEARNED_FROM:
            return None
        longest = max(same if len(same) >= SAME_DAYS else self.days.values(), default=0)
        return max(LEAST_SILENCE, timedelta(seconds=_FACTOR * longest))

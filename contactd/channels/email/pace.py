"""How fast a smarthost is given mail: providers close accounts that send more in a minute or a day than they allow.

What counts is recipients, in whole hours of the last twenty-four, so that a restart does not forget them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
HOURS = 25
"""An hour counts until its last minute is a day ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """One limit and how much of it is used."""

    window: str
    """minute | day"""
    limit: int
    used: int


class Pace:
    """Counts what one smarthost was given."""

    def __init__(self, per_minute: int = 0, per_day: int = 0) -> None:
        """Allow so many recipients; 0 = without limit."""
        self.per_minute = per_minute
        self.per_day = per_day
        self._latest: deque[tuple[datetime, int]] = deque()
        self._hours: dict[int, int] = {}

    @property
    def bounded(self) -> bool:
        """Tell whether there is any limit."""
        return bool(self.per_minute or self.per_day)

    def until(self, number: int, now: datetime) -> tuple[datetime, str] | None:
        """Say from when on `number` more recipients may be served, and by which limit; None = now.

        More than a whole limit at once may go when nothing else went.
        """
        self._forget(now)
        used = sum(each for _, each in self._latest)
        if self.per_minute and used and used + number > self.per_minute:
            return self._latest[0][0] + MINUTE, f"{self.per_minute} a minute"
        used = sum(self._hours.values())
        if self.per_day and used and used + number > self.per_day:
            oldest = min(self._hours)
            return datetime.fromtimestamp((oldest + HOURS) * HOUR.total_seconds(), UTC), f"{self.per_day} a day"
        return None

    def note(self, number: int, now: datetime) -> None:
        """Count `number` recipients."""
        if self.per_minute:
            self._latest.append((now, number))
        if self.per_day:
            hour = _hour(now)
            self._hours[hour] = self._hours.get(hour, 0) + number

    def used(self, now: datetime) -> list[Used]:
        """Return every limit there is, with how much of it is used."""
        self._forget(now)
        found = []
        if self.per_minute:
            found.append(Used(window="minute", limit=self.per_minute, used=sum(each for _, each in self._latest)))
        if self.per_day:
            found.append(Used(window="day", limit=self.per_day, used=sum(self._hours.values())))
        return found

    def kept(self) -> dict[str, Any]:
        """Return what a restart must not forget, as JSON values."""
        return {"hours": {str(hour): number for hour, number in self._hours.items()}}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Take over what an earlier run counted."""
        for hour, number in kept.get("hours", {}).items():
            self._hours[int(hour)] = self._hours.get(int(hour), 0) + int(number)

    def _forget(self, now: datetime) -> None:
        while self._latest and self._latest[0][0] <= now - MINUTE:
            self._latest.popleft()
        for hour in [one for one in self._hours if one <= _hour(now) - HOURS]:
            del self._hours[hour]


def _hour(now: datetime) -> int:
    return int(now.timestamp() // HOUR.total_seconds())

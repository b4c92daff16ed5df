"""A clock that stands still until it is told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from contactd.clock import cut

MONDAY = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
"""Where a manual clock starts unless told otherwise: a Monday morning, when the weekend's mail waits."""


class ManualClock:
    """A `Clock` whose time is set by hand; wall time and monotonic time move together."""

    def __init__(self, start: datetime = MONDAY) -> None:
        """Stand at `start` (aware; cut to whole milliseconds)."""
        self._now = cut(start.astimezone(UTC))
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds it was advanced by since it was made."""
        return self._monotonic

    def advance(self, step: timedelta | float) -> datetime:
        """Go forward by a duration, or by seconds; return the new moment.

        Raises:
            ValueError: the step is negative; a wall clock that goes back is made with `jump`.
        """
        step = step if isinstance(step, timedelta) else timedelta(seconds=step)
        if step < timedelta():
            message = "a clock only advances; use jump"
            raise ValueError(message)
        self._now = cut(self._now + step)
        self._monotonic += step.total_seconds()
        return self._now

    def jump(self, moment: datetime) -> None:
        """Set the wall time to any moment, as an operator or a time server does; monotonic time stays."""
        self._now = cut(moment.astimezone(UTC))

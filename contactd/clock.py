"""What time it is: the only place of the product that asks the system clock.

Pure code takes `now` as an argument.  Edges are handed a `Clock`, so that a test (or a simulation) can stand time still.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time in UTC, cut to whole milliseconds, and a monotonic time for measuring durations."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware in UTC, in whole milliseconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean something."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present moment in UTC, in whole milliseconds."""
        return cut(datetime.now(UTC))

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()


def cut(moment: datetime) -> datetime:
    """Cut `moment` to whole milliseconds: what the store keeps and the router decides by."""
    rest = moment.microsecond % 1000
    return moment - timedelta(microseconds=rest) if rest else moment


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Return `moment` as whole milliseconds since 1970-01-01T00:00:00Z (the stored form)."""
    return (moment - _EPOCH) // _MS


def from_ms(milliseconds: int) -> datetime:
    """Return the moment that `to_ms` made `milliseconds` of."""
    return _EPOCH + milliseconds * _MS


def rfc3339(moment: datetime) -> str:
    """Return `moment` as the wire writes it: RFC 3339 in UTC with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_rfc3339(text: str) -> datetime:
    """Read an RFC 3339 moment with an offset.

    Raises:
        ValueError: `text` is not one, or names no offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = "a time without an offset"
        raise ValueError(message)
    return cut(moment.astimezone(UTC))

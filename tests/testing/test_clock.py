"""The clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from contactd.testing.clock import MONDAY, ManualClock


def test_it_stands_until_advanced() -> None:
    clock = ManualClock()
    assert (clock.now(), clock.now(), clock.monotonic()) == (MONDAY, MONDAY, 0.0)
    assert clock.advance(1.5) == MONDAY + timedelta(seconds=1.5)
    assert clock.advance(timedelta(minutes=1)) == clock.now()
    assert clock.monotonic() == 61.5


def test_it_only_advances_but_may_jump_without_moving_the_monotonic_time() -> None:
    clock = ManualClock()
    with pytest.raises(ValueError, match="jump"):
        clock.advance(-1)
    clock.jump(MONDAY - timedelta(days=1))
    assert (clock.now(), clock.monotonic()) == (MONDAY - timedelta(days=1), 0.0)


def test_it_speaks_utc_in_whole_milliseconds() -> None:
    start = datetime(2026, 11, 23, 17, 5, 0, 999_999, tzinfo=timezone(timedelta(hours=8)))
    assert ManualClock(start).now() == datetime(2026, 11, 23, 9, 5, 0, 999_000, tzinfo=UTC)
    assert ManualClock(start).now().tzinfo is UTC

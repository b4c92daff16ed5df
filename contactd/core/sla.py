"""Clocks of promises to customers: a span of open time, by a calendar, with pauses, and why it ends when it ends.

Pure.  Moments and spans are whole milliseconds.  A clock runs in stretches; what earlier stretches used up is kept as a sum, so a
change of the calendar moves only what lies ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contactd.core.calendar import Calendar, Piece

MINUTE = 60_000
HOUR = 60 * MINUTE

TARGETS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "inquiry": ((8 * HOUR, 40 * HOUR), (8 * HOUR, 24 * HOUR), (4 * HOUR, 16 * HOUR), (HOUR, 8 * HOUR)),
    "service": ((8 * HOUR, 72 * HOUR), (8 * HOUR, 40 * HOUR), (4 * HOUR, 24 * HOUR), (HOUR, 8 * HOUR)),
    "complaint": ((4 * HOUR, 56 * HOUR), (4 * HOUR, 40 * HOUR), (2 * HOUR, 24 * HOUR), (HOUR, 8 * HOUR)),
    "feedback": ((24 * HOUR, 80 * HOUR), (16 * HOUR, 56 * HOUR), (8 * HOUR, 40 * HOUR), (4 * HOUR, 24 * HOUR)),
    "callback": ((4 * HOUR, 8 * HOUR), (2 * HOUR, 8 * HOUR), (HOUR, 4 * HOUR), (HOUR // 2, 2 * HOUR)),
}
"""Type → by priority 0-3: open time until the first answer, and until it is resolved; where nothing else was agreed."""
FIRST_RESPONSE, RESOLUTION = "first_response", "resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """One running or standing clock."""

    span: int
    spent: int = 0
    """Open time used up in earlier stretches."""
    since: int | None = None
    """When the present stretch began; None while it stands."""


def start(span: int, at: int) -> Timer:
    """Begin a clock."""
    return Timer(span=span, since=at)


def pause(timer: Timer, at: int, calendar: Calendar | None) -> Timer:
    """Let a clock stand."""
    if timer.since is None:
        return timer
    return replace(timer, spent=timer.spent + _worked(calendar, timer.since, at), since=None)


def resume(timer: Timer, at: int) -> Timer:
    """Let a clock run on."""
    return timer if timer.since is not None else replace(timer, since=at)


def due(timer: Timer, calendar: Calendar | None) -> int | None:
    """Return when the span is used up; None while the clock stands, or when the calendar never opens again."""
    if timer.since is None:
        return None
    left = max(timer.span - timer.spent, 0)
    return timer.since + left if calendar is None else calendar.due(timer.since, left)


def pieces(timer: Timer, calendar: Calendar | None) -> tuple[Piece, ...]:
    """Return the stretches of open time the present run is made of, with what is said about their days."""
    if timer.since is None:
        return ()
    left = max(timer.span - timer.spent, 0)
    if calendar is None:
        return (Piece(timer.since, timer.since + left, None),)
    found = calendar.why(timer.since, left)
    return tuple(found.pieces) if found is not None else ()


def _worked(calendar: Calendar | None, begin: int, end: int) -> int:
    return max(end - begin, 0) if calendar is None else calendar.worked(begin, max(begin, end))

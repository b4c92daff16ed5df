"""A line's gate: whether arrivals are let in now, since when, until when, and by whose word."""

from __future__ import annotations

from dataclasses import dataclass

from contactd.clock import from_ms
from contactd.core.calendar import Calendar
from contactd.core.effects import LineState

MODES = ("open", "closed", "drain")
"""What a line can be by hand; a line that is drained lets nothing new in and serves whoever is in line."""
UNKNOWN = 0


@dataclass(slots=True, eq=False)
class Gate:
    """One line's gate.  Moments are milliseconds since 1970 UTC."""

    line: str
    open: bool = True
    since: int = 0
    """When it opened or closed."""
    mode: str | None = None
    """What it is by hand; None = the calendar rules."""
    until: int | None = None
    actor: str | None = None
    reason: str | None = None
    changes_at: int | None = UNKNOWN
    """When it must be looked at again; None = nothing changes by itself; 0 = nobody has looked yet."""
    stamp: int = 0
    """Of the deadline that stands for `changes_at`."""

    @property
    def turned(self) -> bool:
        """Whether anything was ever told of it."""
        return self.since != 0 or self.mode is not None

    def is_open(self, hours: Calendar | None, now: int) -> bool:
        """Say whether it is open at a moment, also when it has not been turned since; changes nothing."""
        by_hand = self.mode is not None and (self.until is None or now < self.until)
        if by_hand:
            return self.mode == "open"
        return hours is None or hours.is_open(now)

    def turn(self, hours: Calendar | None, now: int) -> bool:
        """Bring it up to date; return whether it opened or closed meanwhile (also if it did both)."""
        first, due = self.changes_at == UNKNOWN, self.changes_at is not None and UNKNOWN < self.changes_at <= now
        moment = (self.changes_at or now) if due else now
        was = (self.open, self.since)
        if self.until is not None and self.until <= now:
            moment = self.until
            self.release()
        self.open = self.is_open(hours, now)
        closed = self._closed_since(hours, now)
        if first and hours is not None:
            self.since = closed or now
        elif self.open != was[0]:
            self.since = max(moment, closed)
        elif due and closed > max(self.since, moment):
            self.since = closed
        self.changes_at = self._next(hours, now)
        return (self.open, self.since) != was

    def _closed_since(self, hours: Calendar | None, now: int) -> int:
        """Return when the calendar last closed, 0 when it is open or does not rule."""
        return 0 if hours is None or self.mode is not None else hours.closed_since(now) or 0

    def _next(self, hours: Calendar | None, now: int) -> int | None:
        if self.mode is not None:
            return self.until
        return hours.changes_after(now) if hours is not None else None

    def restored(self, hours: Calendar | None, changes_at: int | None, now: int) -> None:
        """After a restart: look again when that was due; at once when the hours have become others meanwhile."""
        overdue = changes_at is not None and changes_at <= now
        agrees = self.is_open(hours, now) == self.open and self._next(hours, now) == changes_at
        self.changes_at = changes_at if overdue or agrees else now

    def set_by_hand(self, mode: str, until: int | None, actor: str, reason: str | None) -> None:
        """Take over what somebody said."""
        self.mode, self.until, self.actor, self.reason = mode, until, actor, reason

    def release(self) -> None:
        """Let the calendar rule again."""
        self.mode = self.until = self.actor = self.reason = None

    def state(self) -> LineState:
        """Return what is told of it."""
        return LineState(
            line=self.line,
            open=self.open,
            since=from_ms(self.since),
            mode=self.mode,
            until=from_ms(self.until) if self.until is not None else None,
            next_change=from_ms(self.changes_at) if self.changes_at else None,
            actor=self.actor,
            reason=self.reason,
        )

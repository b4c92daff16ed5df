"""A segment: one stay of an interaction in one line, and how each state change is booked on it.

All metrics are sums over segments.  `talk` is time in `active`, `hold` time in `held`, `wrap` time in wrap-up, `wait` the time in
line until someone took it; each is closed when the state is left, so that the parts add up to the whole stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contactd.core.interaction import State

_WAITING = frozenset({State.QUEUED, State.OFFERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Figures of one stay; `state` and `since` tell which clock is running."""

    n: int
    line: str
    reason: str
    entered_at: datetime
    state: str
    since: datetime
    offered_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    agent: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    wait: timedelta = timedelta()
    ring: timedelta = timedelta()
    talk: timedelta = timedelta()
    hold: timedelta = timedelta()
    wrap: timedelta = timedelta()

    def answered(self, at: datetime) -> Segment:
        """Return the stay as answered since `at`; the first answer counts."""
        return self if self.answered_at is not None else replace(self, answered_at=at)


def begin(n: int, line: str, reason: str, now: datetime, state: str = State.QUEUED) -> Segment:
    """Open the `n`-th stay (from 1) in `line`."""
    return Segment(n=n, line=line, reason=reason, entered_at=now, state=state, since=now)


def advance(segment: Segment, state: str, now: datetime, agent: str | None = None, *, in_vain: bool = False) -> Segment:
    """Book the time spent so far on the clock that was running, and start the one of `state`.

    `in_vain`: an agent had taken it and could not be connected: for the customer all of it was waiting.
    """
    spent = max(now - segment.since, timedelta())
    booked = replace(segment, state=state, since=now, agent=agent or segment.agent)
    if segment.state in _WAITING or in_vain:
        booked = replace(booked, wait=segment.wait + spent)
        if segment.state == State.OFFERED:
            booked = replace(booked, ring=segment.ring + spent)
    elif segment.state == State.ACTIVE:
        booked = replace(booked, talk=segment.talk + spent)
    elif segment.state == State.HELD:
        booked = replace(booked, hold=segment.hold + spent)
    elif segment.state == State.WRAPUP:
        booked = replace(booked, wrap=segment.wrap + spent)
    if state == State.OFFERED and booked.offered_at is None:
        booked = replace(booked, offered_at=now)
    return booked


def end(segment: Segment, outcome: str | None, now: datetime) -> Segment:
    """Close the stay with its outcome."""
    return replace(advance(segment, State.CLOSED, now), ended_at=now, outcome=outcome or segment.outcome)

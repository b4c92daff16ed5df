"""Campaigns: who is called, how often, at which hours, and what becomes of each; pure.

The states of a member and what may follow each are one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from contactd.core.contacting import HOME, MARKETING, SERVICE
from contactd.core.errors import BadRequestError, ConflictError

KIND, RUNNING = "campaign", "running"
OPEN, QUEUED, TRIED, REACHED, REFUSED, DONE, LEFT_OUT = (
    "open", "queued", "tried", "reached", "refused", "done", "left_out",
)  # fmt: skip
MOVES: Mapping[str, tuple[str, ...]] = {
    OPEN: (QUEUED, LEFT_OUT, DONE),
    QUEUED: (REACHED, REFUSED, TRIED, DONE, OPEN),
    TRIED: (QUEUED, LEFT_OUT, DONE),
    REACHED: (),
    REFUSED: (),
    DONE: (),
    LEFT_OUT: (),
}
"""`tried`: nobody answered, another attempt follows; `done`: none follows any more; `left_out`: must not be called."""
WAITING = (OPEN, TRIED)
OUTCOMES = (REACHED, TRIED, REFUSED)
"""What an agent may say of a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRules:
    """How members of one campaign are called."""

    purpose: str = MARKETING
    line: str | None = None
    attempts: int = 3
    pause: timedelta = timedelta(hours=24)
    """Between two attempts."""
    at_once: int = 5
    """Calls that stand in the queue or in hand at a time."""
    begin: time = time(9)
    end: time = time(20)
    """Hours of the day at which members are called, of the house's own time."""
    since: datetime | None = None
    until: datetime | None = None

    @staticmethod
    def of(fields: Mapping[str, Any], begins_at: datetime | None, ends_at: datetime | None) -> CallRules:
        """Read them from a campaign's record; what is not said, or not to be read, is as built in."""
        plain = CallRules()
        return CallRules(
            purpose=fields["purpose"] if fields.get("purpose") in (MARKETING, SERVICE) else plain.purpose,
            line=fields.get("line") or None,
            attempts=_whole(fields.get("attempts"), plain.attempts, 20),
            pause=timedelta(hours=_whole(fields.get("pause_h"), 24, 24 * 90)),
            at_once=_whole(fields.get("at_once"), plain.at_once, 500),
            begin=_clock(fields.get("from")) or plain.begin,
            end=_clock(fields.get("to")) or plain.end,
            since=begins_at,
            until=ends_at,
        )

    def may_call(self, now: datetime) -> bool:
        """Tell whether members are called at this moment."""
        at = now.astimezone(HOME).time()
        within = self.begin <= at < self.end if self.begin <= self.end else at >= self.begin or at < self.end
        return within and (self.since is None or self.since <= now) and (self.until is None or now < self.until)

    def after(self, outcome: str, attempts: int) -> str:
        """Return the state of a member after so many attempts, the last of which ended so."""
        return DONE if outcome == TRIED and attempts >= self.attempts else outcome


def move(before: str, after: str) -> str:
    """Return a member's next state.

    Raises:
        BadRequestError: there is no such state.
        ConflictError: it cannot follow (code `bad_state`).
    """
    if after not in MOVES:
        message = f"a member is {', '.join(MOVES)}"
        raise BadRequestError(message, field="outcome")
    if after not in MOVES[before]:
        message = f"a member who is {before} cannot become {after}"
        raise ConflictError(message, code="bad_state")
    return after


def _whole(value: Any, built_in: int, most: int) -> int:
    good = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return min(value, most) if good else built_in


def _clock(value: Any) -> time | None:
    try:
        return time.fromisoformat(value) if isinstance(value, str) and value else None
    except ValueError:
        return None

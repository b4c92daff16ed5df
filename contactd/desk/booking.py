"""How a move of the router is booked on an open interaction: its segments, and what people see of it."""

from __future__ import annotations

from datetime import datetime

from contactd.core import segment as stay
from contactd.core.effects import Moved
from contactd.core.interaction import TERMINAL_STATES, Cause, Outcome, SegmentReason, State
from contactd.core.segment import Segment
from contactd.desk.book import Entry

NEW_STAY = {
    Cause.TRANSFER: SegmentReason.TRANSFER,
    Cause.AGENT_LOST: SegmentReason.AGENT_LOST,
    Cause.OVERFLOW_LINE: SegmentReason.OVERFLOW,
    Cause.DUE: SegmentReason.RETURN,
    Cause.CUSTOMER_WRITES: SegmentReason.RETURN,
}
"""Causes that put an item in line as a new segment; any other return to the line goes on in the same one."""


def book_stay(entry: Entry, wish: Moved, now: datetime) -> Segment | None:
    """Book the time on the running segment; end it, or open the next one.  Return a segment that ended for a further one."""
    reason = NEW_STAY.get(Cause(wish.cause)) if wish.state == State.QUEUED else None
    if reason is not None:
        ended = stay.end(entry.segment, _left_outcome(entry, reason), now)
        entry.bank(ended)
        entry.segment = stay.begin(ended.n + 1, wish.line or entry.line, reason, now)
        return ended
    if wish.state in TERMINAL_STATES:
        entry.segment = stay.end(entry.segment, wish.outcome, now)
    else:
        agent = wish.agent if wish.state not in (State.QUEUED, State.OFFERED) else None
        in_vain = wish.cause == Cause.OFFER_ENDED
        entry.segment = stay.advance(entry.segment, wish.state, now, agent, in_vain=in_vain)
    return None


def book_face(entry: Entry, wish: Moved, now: datetime) -> None:
    """Change what people see of the interaction."""
    entry.state, entry.state_since = wish.state, now
    entry.line = wish.line or entry.line
    if wish.state in (State.QUEUED, State.OFFERED):
        entry.agent = None
    else:
        entry.agent = wish.agent or entry.agent
    entry.wrapup_until = wish.until if wish.state == State.WRAPUP else None
    entry.extensions = wish.extensions
    entry.parked_until = wish.until if wish.state == State.PARKED else None
    if wish.state not in (State.QUEUED, *TERMINAL_STATES):
        entry.way_out = ""
    entry.disposition = wish.disposition or entry.disposition
    if wish.state in (State.WRAPUP, *TERMINAL_STATES):
        entry.ended_by = wish.ended_by or entry.ended_by
        entry.outcome = wish.outcome or entry.outcome
        entry.ended_at = entry.ended_at or now
    else:  # it goes on, perhaps after it had ended: a customer writes on during wrap-up
        entry.ended_by = entry.outcome = entry.ended_at = None


def _left_outcome(entry: Entry, reason: SegmentReason) -> str:
    """Say what became of a stay that was left for another line."""
    if entry.segment.answered_at:
        return Outcome.ANSWERED
    return {SegmentReason.OVERFLOW: Outcome.OVERFLOW, SegmentReason.AGENT_LOST: Outcome.FAILED}.get(
        reason, Outcome.HANDLED
    )

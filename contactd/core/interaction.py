"""An interaction: one piece of work, its states, and the one table that says how it moves between them.

The picture in docs/ is drawn from `TRANSITIONS`.  Outcomes, states and causes are the words of the wire and the reports.
"""

from __future__ import annotations

from enum import StrEnum

from contactd.core.errors import ConflictError


class State(StrEnum):
    """Where an interaction stands."""

    RECEIVED = "received"
    QUEUED = "queued"
    OFFERED = "offered"
    ACTIVE = "active"
    HELD = "held"
    PARKED = "parked"
    WRAPUP = "wrapup"
    CLOSED = "closed"
    ABANDONED = "abandoned"
    QUARANTINED = "quarantined"


OPEN_STATES = frozenset(
    {State.RECEIVED, State.QUEUED, State.OFFERED, State.ACTIVE, State.HELD, State.PARKED, State.WRAPUP},
)
TERMINAL_STATES = frozenset({State.CLOSED, State.ABANDONED})
TURN_STATES = frozenset({State.RECEIVED, State.QUEUED, State.OFFERED, State.ACTIVE, State.HELD, State.PARKED})
"""States in which a conversation's turn is open: a further inbound message joins it."""


class Direction(StrEnum):
    """Who began it."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Outcome(StrEnum):
    """What became of an interaction or a segment; null while open."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SHORT_ABANDONED = "short_abandoned"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    OVERFLOW = "overflow"
    CLOSED_HOURS = "closed_hours"
    REJECTED = "rejected"
    FAILED = "failed"
    HANDLED = "handled"
    NO_REPLY_NEEDED = "no_reply_needed"
    JUNK = "junk"
    DUPLICATE = "duplicate"


class EndedBy(StrEnum):
    """Who ended it; `transfer` only when a call leaves for an outside number."""

    CUSTOMER = "customer"
    AGENT = "agent"
    TRANSFER = "transfer"
    SYSTEM = "system"


class ResolveState(StrEnum):
    """How sure we are who the customer is; only `known` and `confirmed` set the party."""

    KNOWN = "known"
    CONFIRMED = "confirmed"
    AMBIGUOUS = "ambiguous"
    MAYBE = "maybe"
    UNKNOWN = "unknown"
    ANONYMOUS = "anonymous"


class SegmentReason(StrEnum):
    """Why a stay in a line began."""

    ARRIVAL = "arrival"
    TRANSFER = "transfer"
    OVERFLOW = "overflow"
    REQUEUE = "requeue"
    AGENT_LOST = "agent_lost"
    RETURN = "return"
    CALLBACK = "callback"


class Cause(StrEnum):
    """Why an interaction moves from one state to another."""

    PLACED = "placed"
    UNREADABLE = "unreadable"
    OFFER = "offer"
    PULLED = "pulled"
    CUSTOMER_GONE = "customer_gone"
    OVERFLOW_OUT = "overflow_out"
    OVERFLOW_LINE = "overflow_line"
    JUNK = "junk"
    ACCEPTED = "accepted"
    OFFER_ENDED = "offer_ended"
    HOLD = "hold"
    INTERRUPTED = "interrupted"
    RESUME = "resume"
    PARK = "park"
    TRANSFER = "transfer"
    AGENT_LOST = "agent_lost"
    ENDED = "ended"
    ENDED_NO_WRAPUP = "ended_no_wrapup"
    DUE = "due"
    TAKEN_UP = "taken_up"
    GIVEN_UP = "given_up"
    EXTENDED = "extended"
    WRAPUP_DONE = "wrapup_done"
    CUSTOMER_WRITES = "customer_writes"
    REPLAYED = "replayed"
    DISMISSED = "dismissed"
    FILED = "filed"


TRANSITIONS: dict[tuple[State, Cause], State] = {
    (State.RECEIVED, Cause.PLACED): State.QUEUED,
    (State.RECEIVED, Cause.UNREADABLE): State.QUARANTINED,
    (State.RECEIVED, Cause.FILED): State.CLOSED,
    (State.QUEUED, Cause.OFFER): State.OFFERED,
    (State.QUEUED, Cause.PULLED): State.ACTIVE,
    (State.QUEUED, Cause.CUSTOMER_GONE): State.ABANDONED,
    (State.QUEUED, Cause.OVERFLOW_OUT): State.CLOSED,
    (State.QUEUED, Cause.JUNK): State.CLOSED,
    (State.QUEUED, Cause.OVERFLOW_LINE): State.QUEUED,
    (State.QUEUED, Cause.TRANSFER): State.QUEUED,
    (State.OFFERED, Cause.ACCEPTED): State.ACTIVE,
    (State.OFFERED, Cause.OFFER_ENDED): State.QUEUED,
    (State.OFFERED, Cause.CUSTOMER_GONE): State.ABANDONED,
    (State.ACTIVE, Cause.HOLD): State.HELD,
    (State.ACTIVE, Cause.INTERRUPTED): State.HELD,
    (State.ACTIVE, Cause.PARK): State.PARKED,
    (State.ACTIVE, Cause.TRANSFER): State.QUEUED,
    (State.ACTIVE, Cause.AGENT_LOST): State.QUEUED,
    (State.ACTIVE, Cause.OFFER_ENDED): State.QUEUED,
    (State.ACTIVE, Cause.ENDED): State.WRAPUP,
    (State.ACTIVE, Cause.ENDED_NO_WRAPUP): State.CLOSED,
    (State.HELD, Cause.RESUME): State.ACTIVE,
    (State.HELD, Cause.PARK): State.PARKED,
    (State.HELD, Cause.TRANSFER): State.QUEUED,
    (State.HELD, Cause.ENDED): State.WRAPUP,
    (State.HELD, Cause.ENDED_NO_WRAPUP): State.CLOSED,
    (State.HELD, Cause.AGENT_LOST): State.QUEUED,
    (State.PARKED, Cause.DUE): State.QUEUED,
    (State.PARKED, Cause.CUSTOMER_WRITES): State.QUEUED,
    (State.PARKED, Cause.TAKEN_UP): State.ACTIVE,
    (State.PARKED, Cause.GIVEN_UP): State.CLOSED,
    (State.WRAPUP, Cause.EXTENDED): State.WRAPUP,
    (State.WRAPUP, Cause.WRAPUP_DONE): State.CLOSED,
    (State.WRAPUP, Cause.CUSTOMER_WRITES): State.ACTIVE,
    (State.QUARANTINED, Cause.REPLAYED): State.QUEUED,
    (State.QUARANTINED, Cause.DISMISSED): State.CLOSED,
    (State.QUARANTINED, Cause.FILED): State.CLOSED,
}
"""(state, cause) → next state.  What is not here does not happen.

A parked item that is due is offered to its owner within the return window: that is `DUE` and then at once `OFFER`.
An accepted item whose device cannot be connected goes back in line with `OFFER_ENDED` from `active`.
"""

STARTS = frozenset({State.RECEIVED, State.QUEUED, State.ACTIVE, State.CLOSED, State.QUARANTINED})
"""States an interaction may begin in: accepted raw, placed at once, outgoing contact, logged visit, unreadable."""


def move(state: State, cause: Cause) -> State:
    """Return the state that `cause` leads to from `state`.

    Raises:
        ConflictError: the table knows no such move.
    """
    target = TRANSITIONS.get((state, cause))
    if target is None:
        message = f"an interaction that is {state} cannot be moved by {cause}"
        raise ConflictError(message, code="bad_state")
    return target

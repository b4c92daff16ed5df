"""Cases (工单): what kinds there are, which state may follow which, and what a complaint asks for besides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contactd.core.errors import BadRequestError, ConflictError


class CaseType(StrEnum):
    """What a case is about."""

    INQUIRY = "inquiry"
    SERVICE = "service"
    COMPLAINT = "complaint"
    FEEDBACK = "feedback"
    CALLBACK = "callback"


class CaseState(StrEnum):
    """Where a case stands."""

    NEW = "new"
    OPEN = "open"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_INTERNAL = "waiting_internal"
    RESOLVED = "resolved"
    CLOSED = "closed"


_N, _O, _C, _I, _R, _X = CaseState
MOVES: dict[CaseState, tuple[CaseState, ...]] = {
    _N: (_O, _C, _I, _R),
    _O: (_C, _I, _R),
    _C: (_O, _I, _R),
    _I: (_O, _C, _R),
    _R: (_X, _O),
    _X: (_O,),
}
"""State → those that may follow.  Back from resolved or closed to open is a reopening."""
OVER = frozenset({_R, _X})
PAUSED = frozenset({_C})
"""States in which the clock of the resolution stands: the customer's turn."""

STAGES = ("received", "acknowledged", "investigating", "answered", "appealed")
"""Stages of a complaint, in order; an appeal goes back to investigating."""
STAGE_MOVES: dict[str, tuple[str, ...]] = {
    "received": ("acknowledged", "investigating"),
    "acknowledged": ("investigating", "answered"),
    "investigating": ("answered",),
    "answered": ("appealed",),
    "appealed": ("investigating", "answered"),
}
LADDER = 3
"""Highest step a case can be escalated to: team lead, head of service, management."""
TOP_PRIORITY = 3
SEVERITY = ((1, 1, 2), (1, 2, 3), (2, 3, 4))
"""Severity of a complaint: rows by harm (1-3), columns by reach (1-3)."""
LINKS = ("duplicate_of", "caused_by", "follow_up")


@dataclass(frozen=True, slots=True)
class Move:
    """What a change of state means."""

    state: CaseState
    reopens: bool
    resolves: bool
    closes: bool


def move(before: str, after: str) -> Move:
    """Say what going from one state to another means.

    Raises:
        BadRequestError: there is no such state.
        ConflictError: this state cannot follow that one (code `bad_state`).
    """
    try:
        old, new = CaseState(before), CaseState(after)
    except ValueError:
        message = f"a case is {', '.join(CaseState)}"
        raise BadRequestError(message, field="state") from None
    if new not in MOVES[old]:
        message = f"a case that is {old} cannot become {new}"
        raise ConflictError(message, code="bad_state")
    return Move(new, reopens=old in OVER and new == _O, resolves=new == _R, closes=new == _X)


def next_stage(before: str | None, after: str) -> str:
    """Return a complaint's next stage.

    Raises:
        BadRequestError: there is none of that name.
        ConflictError: it cannot follow the one before (code `bad_state`).
    """
    if after not in STAGES:
        message = f"a complaint is {', '.join(STAGES)}"
        raise BadRequestError(message, field="stage")
    if after not in STAGE_MOVES[before or STAGES[0]]:
        message = f"a complaint that is {before} cannot become {after}"
        raise ConflictError(message, code="bad_state")
    return after


def severity(harm: int, reach: int) -> int:
    """Return a complaint's severity (1-4) from harm and reach (1-3 each).

    Raises:
        BadRequestError: one is not between 1 and 3.
    """
    if not (1 <= harm <= len(SEVERITY) and 1 <= reach <= len(SEVERITY)):
        message = "harm and reach are 1, 2 or 3"
        raise BadRequestError(message, field="severity")
    return SEVERITY[harm - 1][reach - 1]

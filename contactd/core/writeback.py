"""Drafts of what is to change in another system: what each says, and how it comes to be sent, once, and answered.

A draft is written here, looked over by somebody else where the installation says so, and sent under a key of its own.  The other
system gives its number, or refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError

KINDS = ("order", "return", "address")
MOST_LINES = 100
LONGEST = 400
LONGEST_NOTE = 2000
MOST_OF_ONE = 1_000_000
ADDRESS = ("name", "phone", "country", "province", "city", "district", "street", "postal_code")
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
TRIES = 14
"""After so many (about five hours) it is put back to its author."""


class State(StrEnum):
    """Where a draft stands."""

    DRAFT = "draft"
    REVIEW = "review"
    QUEUED = "queued"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    DROPPED = "dropped"


_D, _V, _Q, _S, _OK, _NO, _F, _X = State
MOVES: Mapping[tuple[State, str], State] = {
    (_D, "submit"): _V,
    (_V, "return"): _D,
    (_V, "approve"): _Q,
    (_D, "drop"): _X,
    (_V, "drop"): _X,
    (_Q, "claim"): _S,
    (_S, "again"): _Q,
    (_S, "done"): _OK,
    (_S, "refused"): _NO,
    (_S, "failed"): _F,
    (_F, "retry"): _Q,
    (_F, "drop"): _X,
    (_NO, "drop"): _X,
}
"""(state, act) → next state.  What is not here does not happen: what was refused is written anew, under a key of its own."""
OPEN = (State.DRAFT, State.REVIEW, State.QUEUED, State.SENDING, State.REFUSED, State.FAILED)
"""Of which somebody, or we, have still to do something."""
ACTS = ("submit", "return", "approve", "drop", "retry")
"""What people do; the rest is done by sending."""


def move(state: str, act: str, *, author: str, actor: str, four_eyes: bool, changed_by: Collection[str] = ()) -> State:
    """Return what a draft becomes; where one pair of eyes is enough, what is submitted is approved with it.

    `changed_by` are those who have changed its words beside the author: theirs, too, somebody else looks over.

    Raises:
        BadRequestError: there is no such act.
        ConflictError: it cannot follow (code `bad_state`).
        ForbiddenError: somebody looks over their own words (code `four_eyes`).
    """
    if act not in ACTS:
        message = f"an act is {', '.join(ACTS)}"
        raise BadRequestError(message, field="act")
    after = MOVES.get((State(state), act))
    if after is None:
        message = f"what is {state} cannot be moved by {act}"
        raise ConflictError(message, code="bad_state")
    if act == "submit" and not four_eyes:
        return MOVES[after, "approve"]
    if act == "approve" and four_eyes and (author == actor or actor in changed_by):
        message = "somebody other than who wrote it looks it over"
        raise ForbiddenError(message, code="four_eyes")
    return after


def pause(attempts: int) -> timedelta:
    """Return how long it rests after so many attempts."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(attempts - 1, 20)))


def payload(kind: str, given: Any) -> dict[str, Any]:
    """Read what a draft says: `reference, reason, note, lines: [{item, quantity, note}], address: {…}`.

    Raises:
        BadRequestError: there is no such kind, a part is missing, wrong or too long; `field` names it.
    """
    if kind not in KINDS:
        message = f"a draft is of {', '.join(KINDS)}"
        raise BadRequestError(message, field="kind")
    if not isinstance(given, Mapping):
        message = "what a draft says is an object"
        raise BadRequestError(message, field="payload")
    made: dict[str, Any] = {
        "reference": _text(given, "reference", LONGEST),
        "reason": _text(given, "reason", LONGEST_NOTE),
        "note": _text(given, "note", LONGEST_NOTE),
        "lines": _lines(given.get("lines") or []),
        "address": _address(given.get("address") or {}),
    }
    for name in _NEEDED[kind]:
        if not made[name]:
            message = f"{name} is missing"
            raise BadRequestError(message, code="missing", field=name)
    return {name: value for name, value in made.items() if value}


_NEEDED: Mapping[str, tuple[str, ...]] = {
    "order": ("lines",),
    "return": ("reference", "reason"),
    "address": ("address",),
}


def _lines(given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or len(given) > MOST_LINES:
        message = f"at most {MOST_LINES} lines"
        raise BadRequestError(message, field="lines")
    made = []
    for one in given:
        item = _text(one, "item", LONGEST) if isinstance(one, Mapping) else ""
        count = one.get("quantity", 1) if item else 0
        if not item or isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_OF_ONE:
            message = "a line has an item and a quantity"
            raise BadRequestError(message, field="lines")
        line = {"item": item, "quantity": count, "note": _text(one, "note", LONGEST)}
        made.append({name: value for name, value in line.items() if value})
    return made


def _address(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping) or not set(given) <= set(ADDRESS):
        message = f"an address has {', '.join(ADDRESS)}"
        raise BadRequestError(message, field="address")
    made = {name: text for name in ADDRESS if (text := _text(given, name, LONGEST))}
    if made and "street" not in made:
        message = "an address has a street"
        raise BadRequestError(message, field="address.street")
    return made


def _text(given: Mapping[str, Any], name: str, longest: int) -> str:
    value = given.get(name) or ""
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        message = f"{name} is a text of at most {longest} characters"
        raise BadRequestError(message, field=name)
    return value.strip()

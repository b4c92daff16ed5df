"""What we have to do with a customer in business: the rules for records of every kind.

One table (`commerce_kinds`) instead of a module for each kind: forms, lists, cards, checks and the import of mirrored data follow
from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from contactd.core.commerce_kinds import KINDS, Field, Kind
from contactd.core.errors import BadRequestError, ConflictError

LONGEST = 200
LONGEST_TEXT = 4000
MOST_AMOUNT = 10**15
"""Of the smallest unit (fen, cent)."""
MIRRORED_ONLY = frozenset({"product"})
"""Kinds that only ever come from another system."""


def kind_of(name: str) -> Kind:
    """Return a kind.

    Raises:
        BadRequestError: there is none of that name.
    """
    found = KINDS.get(name)
    if found is None:
        message = f"a record is {', '.join(KINDS)}"
        raise BadRequestError(message, field="kind")
    return found


def checked(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's further fields, each of its type; None takes one away.

    Raises:
        BadRequestError: one is unknown or of a wrong type; `field` names it.
    """
    known = {one.key: one for one in kind_of(kind).fields}
    for name, value in given.items():
        one = known.get(name)
        if one is None or (value is not None and not _fits(one, value)):
            message = f"{name} has a wrong value" if one else f"a {kind} has no {name}"
            raise BadRequestError(message, field=f"fields.{name}")
    return {name: value for name, value in given.items() if value not in (None, "")}


def move(kind: str, before: str, after: str) -> str:
    """Return a record's next stage.

    Raises:
        BadRequestError: the kind has no such stage.
        ConflictError: it cannot follow (code `bad_state`).
    """
    stages = kind_of(kind).stages
    if after not in stages:
        message = f"a {kind} is {', '.join(stages)}"
        raise BadRequestError(message, field="stage")
    if after not in stages.get(before, tuple(stages)):
        message = f"a {kind} that is {before} cannot become {after}"
        raise ConflictError(message, code="bad_state")
    return after


def as_json() -> list[dict[str, Any]]:
    """Describe every kind: what forms, lists and cards are made of."""
    return [
        {
            "kind": name,
            "label": one.label,
            "stages": [
                {"stage": stage, "label": one.words[stage], "next": list(one.stages[stage])} for stage in one.stages
            ],
            "fields": [
                {"key": each.key, "type": each.type, "label": each.label, "choices": dict(each.choices)}
                for each in one.fields
            ],
            "of_party": one.of_party,
            "has_amount": one.has_amount,
            "span": list(one.span) if one.span else None,
            "mirrored_only": name in MIRRORED_ONLY,
        }
        for name, one in KINDS.items()
    ]


def _fits(one: Field, value: Any) -> bool:
    if one.type == "int":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_AMOUNT
    if one.type == "bool":
        return isinstance(value, bool)
    if one.type == "list":
        return isinstance(value, list) and len(value) <= LONGEST and all(_is_text(each, LONGEST) for each in value)
    if one.type in ("date", "time"):
        return _is_text(value, 10) and (_is_date(value) if one.type == "date" else _is_time(value))
    if one.type == "choice":
        return isinstance(value, str) and value in one.choices
    return _is_text(value, LONGEST_TEXT if one.type == "long" else LONGEST)


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and "\x00" not in value


def _is_time(value: str) -> bool:
    try:
        time.fromisoformat(value)
    except ValueError:
        return False
    return ":" in value


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True

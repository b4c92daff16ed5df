"""The fields of a party that a person or program may set, and what fits into each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.core.fields import bounded

EDITABLE = frozenset(
    {
        "kind",
        "display_name",
        "family_name",
        "given_name",
        "salutation",
        "legal_name",
        "uscc",
        "lang",
        "tz",
        "lifecycle",
        "roles",
        "vip",
        "owner_id",
        "team_id",
        "segment_id",
        "credit_level",
        "credit_flag",
        "preferences",
        "tags",
        "custom",
    },
)
"""Fields a person or program may set."""


MOST_CREDIT = 5
LONGEST_WORD = 200
"""Characters of a preference."""
FLAGS = ("watch", "stop")
"""Marks of a customer's credit: be careful, or nothing on account."""
_OPTIONAL = {"lang", "tz", "owner_id", "uscc", "team_id", "segment_id", "credit_level", "credit_flag", "preferences"}


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """See that only editable fields are set, each of the right type; return them.

    Raises:
        BadRequestError: one is not; `field` names it.
    """
    checked = dict(values)
    for name, value in checked.items():
        if name not in EDITABLE:
            message = f"{name} cannot be set"
            raise BadRequestError(message, field=name)
        if not _fits(name, value):
            message = f"{name} has a wrong value"
            raise BadRequestError(message, field=name)
    bounded(checked.get("custom") or {})
    return checked


def _fits(name: str, value: Any) -> bool:
    """Tell whether a value is of its field's type."""
    if value is None:
        return name in _OPTIONAL
    return _FITS.get(name, _is_text)(value)


def _nothing(_value: Any) -> bool:
    return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_WORD


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _level(most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _prefers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        one is None or _PREFERS.get(key, _nothing)(one) for key, one in value.items()
    )


_PREFERS: dict[str, Callable[[Any], bool]] = {
    "channel": _is_word,
    "hours": _is_word,
    "do_not_call": lambda value: isinstance(value, bool),
}
_FITS: dict[str, Callable[[Any], bool]] = {
    "vip": _level(3),
    "credit_level": _level(MOST_CREDIT),
    "credit_flag": lambda value: value in FLAGS,
    "roles": _texts,
    "tags": _texts,
    "custom": lambda value: isinstance(value, dict),
    "preferences": _prefers,
    "kind": lambda value: value in {"person", "org", "unknown"},
}

"""The fields of a party that a person or program may set, and what fits into each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.core.errors import BadRequestError

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
        "tags",
        "custom",
    },
)
"""Fields a person or program may set."""


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
    return checked


def _fits(name: str, value: Any) -> bool:
    """Tell whether a value is of its field's type."""
    if name == "vip":
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 3  # noqa: PLR2004 - levels 0-3
    if name in {"roles", "tags"}:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if name == "custom":
        return isinstance(value, dict)
    if name == "kind":
        return value in {"person", "org", "unknown"}
    if name in {"lang", "tz", "owner_id", "uscc"} and value is None:
        return True
    return isinstance(value, str)

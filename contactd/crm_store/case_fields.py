"""The fields of a case that a person or program may set, and what fits into each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contactd.core import case as rules
from contactd.core.case import CaseType
from contactd.core.errors import BadRequestError
from contactd.core.fields import bounded
from contactd.crm_store import step_rows

FIELDS = frozenset(
    {"type", "priority", "severity", "subject", "body", "party_id", "org_party_id", "assignee", "team_id"}
    | {"cause_code", "remedy", "outside_ref", "checklist", "custom"},
)
"""What a person or program may set; state and stage are moved instead."""
LONGEST = 500


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """See that only settable fields are set, each of the right type; return them.

    Raises:
        BadRequestError: one is not; `field` names it.
    """
    for name, value in values.items():
        if name not in FIELDS or not _FITS.get(name, _is_text)(value):
            message = f"{name} cannot be set" if name not in FIELDS else f"{name} has a wrong value"
            raise BadRequestError(message, field=name)
    bounded(values.get("custom") or {})
    return dict(values)


def _is_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= LONGEST)


def _within(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


_FITS: dict[str, Callable[[Any], bool]] = {
    "type": lambda value: value in set(CaseType),
    "priority": _within(0, rules.TOP_PRIORITY),
    "severity": _within(0, 4),
    "subject": lambda value: isinstance(value, str) and len(value) <= LONGEST,
    "body": lambda value: isinstance(value, str) and len(value) <= 40 * LONGEST,
    "remedy": lambda value: isinstance(value, str) and len(value) <= 10 * LONGEST,
    "checklist": lambda value: (
        isinstance(value, list) and len(value) <= step_rows.MOST and all(map(step_rows.fits, value))
    ),
    "custom": lambda value: isinstance(value, dict),
}

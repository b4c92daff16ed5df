"""Fields a house adds to its records: what they may hold, checked and brought into one form; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from contactd.core.errors import BadRequestError

TYPES = ("text", "long", "int", "decimal", "money", "bool", "date", "select", "multi", "url", "user", "party")
LONGEST = {"text": 500, "long": 20_000, "url": 2000, "user": 128, "party": 128}
MOST = 100
"""Values of one field of several."""
WIDEST = 10**15
"""Numbers lie between this and its negative."""
FINEST = 30
"""Digits behind the point."""


MOST_KEPT = 400
LONGEST_KEPT = 256_000
"""Fields one record keeps, those of sources included, and characters of all of them."""
LONGEST_VALUE = 20_000
LONGEST_KEY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One defined field."""

    key: str
    type: str
    labels: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    """Keys that may be chosen; retired ones stay where they are and cannot be chosen anew."""
    required: bool = False
    searchable: bool = False
    filterable: bool = False


def bounded(custom: Mapping[str, Any], name: str = "custom") -> Mapping[str, Any]:
    """See that a record's own fields are few and none is long; return them.

    Raises:
        BadRequestError: one is too long (`field` is `custom.<key>`), or they are too much together (code `too_large`).
    """
    total = 0
    for key, value in custom.items():
        try:
            length = len(json.dumps(value, ensure_ascii=False))
        except (TypeError, ValueError, RecursionError):
            length = LONGEST_VALUE + 1
        total += length
        if len(key) > LONGEST_KEY or length > LONGEST_VALUE:
            message = f"a field keeps {LONGEST_VALUE} characters, its name {LONGEST_KEY}"
            raise BadRequestError(message, code="too_large", field=f"{name}.{key[:LONGEST_KEY]}")
    if len(custom) > MOST_KEPT or total > LONGEST_KEPT:
        message = f"a record keeps {MOST_KEPT} fields of its own, {LONGEST_KEPT // 1000} thousand characters together"
        raise BadRequestError(message, code="too_large", field=name)
    return custom


def value_of(one: Field, given: Any, before: Any = None) -> Any:
    """Return a value in its stored form; None and empty ones mean there is none.

    Args:
        one: the field.
        given: what was typed or sent.
        before: what stands there; a retired option that stands there may stay.

    Raises:
        BadRequestError: it does not fit; `field` is `custom.<key>`.
    """
    if given is None or given in ("", []):
        return None
    try:
        found = _READ[one.type](one, given, before)
    except (ValueError, TypeError, InvalidOperation):
        message = f"{one.key} takes {_TAKES[one.type]}"
        raise BadRequestError(message, field=f"custom.{one.key}") from None
    return found


def facets(value: Any) -> list[str]:
    """Return the words a value is filtered by."""
    if value is None:
        return []
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [str(value)[:500]]


def _text(one: Field, given: Any, _before: Any) -> str:
    if not isinstance(given, str) or len(given) > LONGEST[one.type]:
        raise ValueError
    text = given.strip()
    if one.type == "url" and not text.startswith(("http://", "https://")):
        raise ValueError
    return text


def _int(_one: Field, given: Any, _before: Any) -> int:
    if isinstance(given, bool) or (isinstance(given, float) and not given.is_integer()):
        raise TypeError
    found = int(given)
    if abs(found) > WIDEST:
        raise ValueError
    return found


def _decimal(one: Field, given: Any, _before: Any) -> str:
    """Decimals are kept as text: what was written is not rounded."""
    if isinstance(given, bool):
        raise TypeError
    text = str(given).strip().replace(",", "").lstrip("¥￥")
    found = Decimal(text)
    exponent = found.as_tuple().exponent
    # Few characters may stand for a number that takes gigabytes to write out: 1e-3000000000.
    if not isinstance(exponent, int) or not -FINEST <= exponent <= FINEST or abs(found) > WIDEST:
        raise ValueError
    return f"{found:.2f}" if one.type == "money" else f"{found:f}"


def _bool(_one: Field, given: Any, _before: Any) -> bool:
    words = {"true": True, "是": True, "yes": True, "1": True, "false": False, "否": False, "no": False, "0": False}
    if isinstance(given, bool):
        return given
    found = words.get(str(given).strip().casefold())
    if found is None:
        raise ValueError
    return found


def _date(_one: Field, given: Any, _before: Any) -> str:
    return date.fromisoformat(given).isoformat()


def _select(one: Field, given: Any, before: Any) -> str:
    if not isinstance(given, str) or (given not in one.options and given != before):
        raise ValueError
    return given


def _multi(one: Field, given: Any, before: Any) -> list[str]:
    chosen = given if isinstance(given, list) else [given]
    if len(chosen) > MOST:
        raise ValueError
    old = before if isinstance(before, list) else []
    return list(dict.fromkeys(_select(one, item, item if item in old else None) for item in chosen))


_READ = {
    "text": _text,
    "long": _text,
    "url": _text,
    "user": _text,
    "party": _text,
    "int": _int,
    "decimal": _decimal,
    "money": _decimal,
    "bool": _bool,
    "date": _date,
    "select": _select,
    "multi": _multi,
}
_TAKES = {
    "text": "a text",
    "long": "a text",
    "url": "an address of the web",
    "user": "a person here",
    "party": "a customer",
    "int": "a whole number",
    "decimal": "a number",
    "money": "an amount",
    "bool": "yes or no",
    "date": "a day (2026-11-22)",
    "select": "one of its options",
    "multi": "some of its options",
}

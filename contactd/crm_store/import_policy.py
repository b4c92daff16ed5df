"""What a row may change of a customer we have, by the policy of its import; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.core.newcomer import Record, TakeOver


def name_of(record: Record) -> str:
    """Call somebody without a name by how they are reached."""
    for point, _ in record.points:
        return point.display or point.raw
    return record.external[0] if record.external else ""


def changes(record: Record, row: Mapping[str, Any], options: TakeOver) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return the columns to set, and field → its value before and after."""
    given = dict(record.fields) | ({"owner_id": record.owner} if record.owner else {})
    values: dict[str, Any] = {}
    changed: dict[str, list[Any]] = {}
    for name, value in given.items():
        before = row[name]
        if _may_set(name, before, options) and before != value:
            values[name] = value
            changed[name] = [before, value]
    own = dict(row["custom"] or {})
    for key, value in record.custom.items():
        before = own.get(key)
        if _may_set(f"custom.{key}", before, options) and before != value:
            own[key] = value
            changed[f"custom.{key}"] = [before, value]
            values["custom"] = own
    return values, changed


def _may_set(name: str, before: Any, options: TakeOver) -> bool:
    """Tell whether the policy lets a row set a field that holds `before`."""
    if options.policy == "overwrite" and (not options.overwrite or name in options.overwrite):
        return True
    return before in (None, "", [], 0, "unknown")

"""Which customers are alike: conditions over what is known of one, segments made of them, and rules for whom they let in first.

Pure.  Everything asked stands in the customer's own row: its fields, those of the house, and what was last counted (`score`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contactd.core.events import Skills

OPS = ("is", "is_not", "any_of", "has", "lacks", "at_least", "at_most", "known")
PLAIN = (
    *("kind", "lifecycle", "vip", "owner", "team", "segment", "lang", "credit_level", "credit_flag", "tags", "roles"),
    *("value", "value_class", "contacts", "contact_class", "quiet_days", "complaints", "contract_days"),
)
"""What may be asked beside `custom.<key>`: `value` in the currency's own unit, days and counts as numbers."""
SEGMENTS = "segments"
"""May be asked by rules, which come after the segments."""
CUSTOM = "custom."
CLASSES = ("A", "B", "C")
_COLUMNS = {"owner": "owner_id", "team": "team_id", "segment": "segment_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing asked of a customer."""

    field: str
    op: str
    value: Any

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Tell whether it is so; of several values (tags, roles, options) it is enough that one is."""
        known = facts.get(self.field)
        given = [one for one in (known if isinstance(known, list | tuple) else [known]) if one not in (None, "")]
        if self.op == "known":
            return bool(given) is self.value
        if self.op in ("is_not", "lacks"):
            return all(_plain(one) != _plain(self.value) for one in given)
        wanted = self.value if self.op == "any_of" else [self.value]
        if self.op in ("at_least", "at_most"):
            return any(_reaches(one, self.value, self.op) for one in given)
        return any(_plain(one) == _plain(each) for one in given for each in wanted)

    def as_json(self) -> dict[str, Any]:
        """Return it as a policy writes it."""
        return {"field": self.field, self.op: list(self.value) if self.op == "any_of" else self.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Customers of whom all of this holds."""

    key: str
    label: Mapping[str, str] = field(default_factory=dict, hash=False)
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How contacts of some customers are let in; what it does not name stays."""

    conditions: tuple[Condition, ...]
    channel: str | None = None
    line: str | None = None
    """Where they go, unless somebody chose a line (a menu, a form)."""
    priority: int = 0
    """At least."""
    vip: int = 0
    """At least."""
    skills: Skills = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """By what customers are sorted by value: those who make up the first `a` of all of it are A, up to `b` B, the rest C."""

    kinds: tuple[str, ...] = ("order",)
    """Kinds of records whose amounts are summed up."""
    days: int = 365
    currency: str = "CNY"
    a: float = 0.8
    b: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """By what customers are sorted by contact: A and B are so many contacts of theirs in `days`, the last of them not older."""

    days: int = 365
    a: tuple[int, int] = (6, 90)
    b: tuple[int, int] = (2, 180)

    def of(self, contacts: int, quiet_days: float | None) -> str | None:
        """Return the class of somebody with so many contacts; None = there was none."""
        if not contacts or quiet_days is None:
            return None
        for name, (least, within) in (("A", self.a), ("B", self.b)):
            if contacts >= least and quiet_days <= within:
                return name
        return "C"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPlan:
    """How customers are sorted and let in."""

    worth: Worth = Worth()
    touch: Touch = Touch()
    every_h: int = 24
    """How often all of them are counted anew."""
    segments: Mapping[str, Segment] = field(default_factory=dict, hash=False)
    rules: tuple[Rule, ...] = ()

    def segments_of(self, facts: Mapping[str, Any]) -> list[str]:
        """Return the segments a customer belongs to, in the policy's order."""
        return [key for key, one in self.segments.items() if holds(one.conditions, facts)]

    def rule(self, facts: Mapping[str, Any], channel: str) -> Rule | None:
        """Return the first rule that fits."""
        fitting = (one for one in self.rules if one.channel in (None, channel) and holds(one.conditions, facts))
        return next(fitting, None)


NO_CUSTOMERS = CustomerPlan()


def holds(conditions: Collection[Condition], facts: Mapping[str, Any]) -> bool:
    """Tell whether all of it is so."""
    return all(one.holds(facts) for one in conditions)


def facts_of(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return what may be asked of a customer.

    Args:
        row: the columns of their record; `score` is what was last counted (`crm_store/score_rows.py`).
        now: the moment; days run on without anything being counted anew.
    """
    score = row.get("score") or {}
    facts = {name: row.get(_COLUMNS.get(name, name)) for name in PLAIN}
    facts |= {f"{CUSTOM}{key}": value for key, value in (row.get("custom") or {}).items()}
    facts |= {name: score.get(name) for name in ("value_class", "contact_class")}
    value = score.get("value")
    return facts | {
        SEGMENTS: list(score.get(SEGMENTS) or ()),
        "value": None if value is None else value / 100,
        "contacts": score.get("contacts") or 0,
        "complaints": score.get("complaints") or 0,
        "quiet_days": _days(score.get("last_contact_at"), now),
        "contract_days": _days(score.get("contract_ends_at"), now, ahead=True),
    }


def _days(at: int | None, now: datetime, *, ahead: bool = False) -> int | None:
    """Return the whole days between a moment (milliseconds) and now; None when there is none, or it is on the other side."""
    if at is None:
        return None
    passed = timedelta(milliseconds=now.timestamp() * 1000 - at)
    days = -passed if ahead else passed
    return None if ahead and days < timedelta(0) else max(days // timedelta(days=1), 0)


def _plain(value: Any) -> str:
    """Return a value as it is compared: 1, "1" and 1.0 are the same, true is "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    number = _number(value)
    return str(value).strip().casefold() if number is None else repr(number)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _reaches(known: Any, wanted: Any, op: str) -> bool:
    """Compare numbers with numbers, and days (2026-11-22) with days."""
    pair: tuple[Any, Any] = (_number(known), _number(wanted))
    if None in pair:
        if not (isinstance(known, str) and isinstance(wanted, str)):
            return False
        pair = (known, wanted)
    return bool(pair[0] >= pair[1] if op == "at_least" else pair[0] <= pair[1])

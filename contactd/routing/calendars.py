"""Calendars, read from the policy document.

```toml
[policy.calendars.office]
zone = "Asia/Shanghai"
holidays = ["cn"]
week = { mon-fri = ["09:00-12:00", "13:30-18:00"], sat = ["09:00-12:00"] }
days = [
    { date = "2026-12-24", kind = "half", name = { zh = "平安夜", en = "Christmas Eve" }, hours = ["09:00-12:00"] },
    { date = "2026-12-25", to = "2026-12-27", kind = "holiday" },
]
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from contactd.core.calendar import DAY_MIN, Calendar, Day, Hours, Kind, overlapping
from contactd.routing.document import Table
from contactd.routing.public_days import SETS

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KINDS: tuple[Kind, ...] = get_args(Kind)
MAX_DAYS = 400
"""Days one row may stand for."""
_STRETCH = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")


def read_calendars(table: Table) -> dict[str, Calendar]:
    """Read `calendars.<name>`."""
    return {name: _calendar(name, row) for name, row in table.tables()}


def _calendar(name: str, row: Table) -> Calendar:
    sets = row.texts("holidays", (), tuple(SETS))
    days = {day: about for one in sets for day, about in SETS[one].days.items()}
    week = _week(row.table("week"))
    for entry in row.rows("days"):
        days.update(_days(entry))
    calendar = Calendar(
        name=name,
        zone=_zone(row),
        week=week,
        days=days,
        official=frozenset.intersection(*(SETS[one].years for one in sets)) if sets else None,
    )
    row.done()
    return calendar


def _zone(row: Table) -> ZoneInfo:
    name = row.text("zone", "Asia/Shanghai")
    try:
        if _ZONE.fullmatch(name):
            return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        pass
    row.wrong("zone", f"must be a time zone such as Asia/Shanghai, not {name[:40]!r}")
    return ZoneInfo("UTC")


def _week(table: Table) -> tuple[Hours, ...]:
    """Read the weekly pattern; a key is a day (`sat`) or a range of them (`mon-fri`)."""
    week: list[Hours] = [()] * len(WEEKDAYS)
    given: set[int] = set()
    if not table.names():
        table.wrong("", 'must say when it is open, such as { mon-fri = ["09:00-18:00"] }')
    for key in table.names():
        places = list(_places(key))
        hours = _hours(table, key)
        if not places:
            table.wrong(key[:80], "must be a weekday (mon, tue, … sun) or a range of them (mon-fri)")
        if given & set(places):
            table.wrong(key[:80], "speaks of a day that was named before")
        given.update(places)
        for place in places:
            week[place] = hours
    table.done()
    return tuple(week)


def _places(key: str) -> Iterator[int]:
    first, _, last = key.partition("-")
    if first in WEEKDAYS and (not last or last in WEEKDAYS):
        yield from range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)


def _hours(table: Table, key: str) -> Hours:
    """Read stretches such as `09:00-12:00`; one that ends at or before it begins ends the next day."""
    found = []
    for text in table.strings(key):
        fit = _STRETCH.fullmatch(text)
        if fit is None:
            table.wrong(key, f"must be a list of times such as 09:00-18:00, not {text[:40]!r}")
            continue
        hour, minute, to_hour, to_minute = (int(part) for part in fit.groups())
        begin, end = hour * 60 + minute, to_hour * 60 + to_minute
        if end > DAY_MIN or begin == end:
            table.wrong(key, f"is no stretch of time: {text}")
            continue
        found.append((begin, end if end > begin else end + DAY_MIN))
    hours = tuple(sorted(found))
    if overlapping(hours):
        table.wrong(key, "has stretches that overlap")
    return hours


def _days(row: Table) -> Mapping[date, Day]:
    """Read one row of exceptions; with `to` it stands for every day up to that one."""
    first = _date(row, "date")
    last = _date(row, "to") if row.has("to") else first
    kind = row.choice("kind", "holiday", KINDS)
    about = Day(
        kind=next(one for one in KINDS if one == kind),
        name=row.label("name"),
        hours=_hours(row, "hours") if row.has("hours") else None,
        estimated=row.choice("status", "official", ("official", "estimated")) == "estimated",
    )
    row.done()
    if first is None or last is None:
        return {}
    if not timedelta() <= last - first < timedelta(days=MAX_DAYS):
        row.wrong("to", f"must not lie before date, nor more than {MAX_DAYS} days after it")
        return {}
    return {first + timedelta(days=n): about for n in range((last - first).days + 1)}


def _date(row: Table, key: str) -> date | None:
    value = row.take(key)
    try:
        return value if type(value) is date else date.fromisoformat(value)
    except (TypeError, ValueError):
        row.wrong(key, "must be a date such as 2026-10-01")
        return None

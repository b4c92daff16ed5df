"""Public holidays and make-up workdays that come with the product, by name of the set.

`cn`: mainland China as the State Council announced it for each year (General Office notices of 2023-10-25, 2024-11-12 and
2025-11-04); compared day by day with the public calendar data of those years.  A year that is not listed has not been announced:
nothing is guessed for it, and a calendar says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from contactd.core.calendar import Day, Kind

Row = tuple[str, str, Kind, str]
"""(first day, last day, kind, which feast)."""

NAMES: Mapping[str, Mapping[str, str]] = {
    "new_year": {"zh": "元旦", "en": "New Year's Day"},
    "spring": {"zh": "春节", "en": "Spring Festival"},
    "qingming": {"zh": "清明节", "en": "Qingming Festival"},
    "labour": {"zh": "劳动节", "en": "Labour Day"},
    "dragon": {"zh": "端午节", "en": "Dragon Boat Festival"},
    "autumn": {"zh": "中秋节", "en": "Mid-Autumn Festival"},
    "national": {"zh": "国庆节", "en": "National Day"},
    "autumn_national": {"zh": "国庆节、中秋节", "en": "National Day and Mid-Autumn Festival"},
}
MAKE_UP = {"zh": "调休上班", "en": "make-up workday"}

CN: tuple[Row, ...] = (
    ("2024-01-01", "2024-01-01", "holiday", "new_year"),
    ("2024-02-04", "2024-02-04", "workday", "spring"),
    ("2024-02-10", "2024-02-17", "holiday", "spring"),
    ("2024-02-18", "2024-02-18", "workday", "spring"),
    ("2024-04-04", "2024-04-06", "holiday", "qingming"),
    ("2024-04-07", "2024-04-07", "workday", "qingming"),
    ("2024-04-28", "2024-04-28", "workday", "labour"),
    ("2024-05-01", "2024-05-05", "holiday", "labour"),
    ("2024-05-11", "2024-05-11", "workday", "labour"),
    ("2024-06-10", "2024-06-10", "holiday", "dragon"),
    ("2024-09-14", "2024-09-14", "workday", "autumn"),
    ("2024-09-15", "2024-09-17", "holiday", "autumn"),
    ("2024-09-29", "2024-09-29", "workday", "national"),
    ("2024-10-01", "2024-10-07", "holiday", "national"),
    ("2024-10-12", "2024-10-12", "workday", "national"),
    ("2025-01-01", "2025-01-01", "holiday", "new_year"),
    ("2025-01-26", "2025-01-26", "workday", "spring"),
    ("2025-01-28", "2025-02-04", "holiday", "spring"),
    ("2025-02-08", "2025-02-08", "workday", "spring"),
    ("2025-04-04", "2025-04-06", "holiday", "qingming"),
    ("2025-04-27", "2025-04-27", "workday", "labour"),
    ("2025-05-01", "2025-05-05", "holiday", "labour"),
    ("2025-05-31", "2025-06-02", "holiday", "dragon"),
    ("2025-09-28", "2025-09-28", "workday", "autumn_national"),
    ("2025-10-01", "2025-10-08", "holiday", "autumn_national"),
    ("2025-10-11", "2025-10-11", "workday", "autumn_national"),
    ("2026-01-01", "2026-01-03", "holiday", "new_year"),
    ("2026-01-04", "2026-01-04", "workday", "new_year"),
    ("2026-02-14", "2026-02-14", "workday", "spring"),
    ("2026-02-15", "2026-02-23", "holiday", "spring"),
    ("2026-02-28", "2026-02-28", "workday", "spring"),
    ("2026-04-04", "2026-04-06", "holiday", "qingming"),
    ("2026-05-01", "2026-05-05", "holiday", "labour"),
    ("2026-05-09", "2026-05-09", "workday", "labour"),
    ("2026-06-19", "2026-06-21", "holiday", "dragon"),
    ("2026-09-20", "2026-09-20", "workday", "national"),
    ("2026-09-25", "2026-09-27", "holiday", "autumn"),
    ("2026-10-01", "2026-10-07", "holiday", "national"),
    ("2026-10-10", "2026-10-10", "workday", "national"),
)


@dataclass(frozen=True, slots=True)
class PublicDays:
    """One set: its days, and the years it speaks of."""

    days: Mapping[date, Day]
    years: frozenset[int]


def _read(rows: tuple[Row, ...]) -> PublicDays:
    days: dict[date, Day] = {}
    for first, last, kind, feast in rows:
        name = dict(NAMES[feast])
        if kind == "workday":
            name = {language: f"{name[language]} · {text}" for language, text in MAKE_UP.items()}
        day, end = date.fromisoformat(first), date.fromisoformat(last)
        while day <= end:
            days[day] = Day(kind=kind, name=name)
            day += timedelta(days=1)
    return PublicDays(days, frozenset(day.year for day in days))


SETS: Mapping[str, PublicDays] = {"cn": _read(CN)}
"""Name in `calendars.<name>.holidays` → the set."""

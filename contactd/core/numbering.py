"""Numbers of customers, cases and records by pattern: a prefix, the year or month, and a count of so many digits.  Pure.

A pattern with a year counts anew every year, one with a month every month.  Two kinds of the same pattern share one count, so that
no number is given twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contactd.core.contacting import HOME

CASE, CUSTOMER, RECORD = "case", "customer", "record"
BUILT_IN: Mapping[str, str] = {CASE: "C-{seq:6}", RECORD: "R-{seq:6}"}
"""Customers have no numbers of ours where no pattern is named."""
OLD_COUNTS = {"C-\0": CASE, "R-\0": RECORD}
"""Counts that ran before there were patterns, and run on."""
LONGEST = 60
WIDEST = 12
_PART = re.compile(r"\{(?:(year|yy|month|day)|seq(?::([1-9]\d?))?)\}")
_PLAIN = re.compile(r"[\w\-/.\0]*")


@dataclass(frozen=True, slots=True)
class Numbers:
    """The patterns of a house: `case`, `case.complaint`, `customer`, `record`, `record.contract` and so on."""

    patterns: Mapping[str, str] = field(default_factory=dict, hash=False)

    def pattern(self, kind: str, sort: str = "") -> str | None:
        """Return the pattern of a kind, or of one sort of it; None = it gets no number."""
        return self.patterns.get(f"{kind}.{sort}") or self.patterns.get(kind) or BUILT_IN.get(kind)


NO_NUMBERS = Numbers()


def wrong(pattern: str) -> str | None:
    """Return what is wrong with a pattern; None = nothing."""
    if not pattern or len(pattern) > LONGEST:
        return f"must be a pattern of at most {LONGEST} characters"
    found = list(_PART.finditer(pattern))
    named, widths = {one[1] for one in found}, [int(one[2] or 1) for one in found if one[1] is None]
    checks = (
        (len(widths) == 1, "must have one count: {seq} or {seq:5}"),
        (max(widths, default=1) <= WIDEST, f"may count with at most {WIDEST} digits"),
        (
            "\0" not in pattern and _PLAIN.fullmatch(_PART.sub("", pattern)) is not None,
            "is made of letters, digits, - / . _ and {year} {yy} {month} {day} {seq:5}",
        ),
        # Else the same number would come again in another year.
        (not named & {"month", "day"} or bool(named & {"year", "yy"}), "names a month without its year"),
        ("day" not in named or "month" in named, "names a day without its month"),
    )
    return next((text for good, text in checks if not good), None)


def count_of(pattern: str, now: datetime) -> str:
    """Return the count a number of this pattern is taken from at this moment."""
    whole = _PART.sub(lambda found: _dated(found, now) if found[1] else "\0", pattern)
    return OLD_COUNTS.get(whole) or f"no:{whole.replace(chr(0), '#')}"


def number(pattern: str, count: int, now: datetime) -> str:
    """Return a number; a count that needs more digits than it was given has them."""
    return _PART.sub(
        lambda found: _dated(found, now) if found[1] else f"{count:0{int(found[2] or 1)}d}",
        pattern,
    )


def _dated(found: re.Match[str], now: datetime) -> str:
    day = now.astimezone(HOME)
    return {"year": f"{day:%Y}", "yy": f"{day:%y}", "month": f"{day:%m}", "day": f"{day:%d}"}[found[1]]

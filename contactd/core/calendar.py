"""Opening hours: a weekly pattern, dated exceptions and a time zone; when it is open, and how much open time has passed.

Pure.  Moments are whole milliseconds since 1970 UTC.  Hours are wall time of the calendar's zone, so that nine o'clock stays nine
o'clock when the clocks change: a day may have 23 or 25 hours, a time the clocks leap over counts as the moment of the leap, and
one they show twice as the first time they show it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from contactd.clock import from_ms, to_ms

Hours = tuple[tuple[int, int], ...]
"""(from, to) in minutes after midnight of the day it begins on; `to` may lie in the next day (up to 2880)."""
Span = tuple[int, int]
"""(from, to) in milliseconds: open at `from`, no longer at `to`."""
Kind = Literal["holiday", "workday", "half"]

DAY_MIN = 24 * 60
HORIZON = 3
"""Years that are looked ahead for the next opening or closing."""
FIRST_YEAR, LAST_YEAR = 1970, 2200
BASE_YEAR = 2020
_DAY = timedelta(days=1)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A dated exception to the weekly pattern."""

    kind: Kind
    """holiday = closed but for `hours`; workday = open like an ordinary day; half = open for a part."""
    name: Mapping[str, str] = field(default_factory=dict)
    """Language → what the day is called."""
    hours: Hours | None = None
    """None = what the kind says: nothing, the hours of an ordinary working day, or its first stretch."""
    estimated: bool = False
    """The day follows from a rule; nobody in authority has announced it yet."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of open time that counted, with what was said about its day."""

    begin: int
    end: int
    day: Day | None


@dataclass(frozen=True, slots=True)
class Due:
    """When a span of open time is over, and which stretches it is made of."""

    at: int
    pieces: tuple[Piece, ...]
    passed_over: tuple[tuple[date, Day], ...]
    """Exceptions between the beginning and the end, in order: why it is not earlier, or not later."""


@dataclass(frozen=True, slots=True)
class _Year:
    """The open spans of one year (UTC), merged, cut at its ends."""

    low: int
    high: int
    spans: tuple[Span, ...]
    starts: tuple[int, ...]
    before: tuple[int, ...]
    """Open milliseconds of the year before each span."""
    total: int


@dataclass(slots=True, eq=False)
class Calendar:
    """Opening hours under one name."""

    name: str
    zone: ZoneInfo
    week: tuple[Hours, ...]
    """Monday to Sunday."""
    days: Mapping[date, Day] = field(default_factory=dict)
    official: frozenset[int] | None = None
    """Years whose public holidays are announced; None = the calendar follows no public holidays."""
    _years: dict[int, _Year] = field(default_factory=dict, repr=False)
    _sums: dict[int, int] = field(default_factory=dict, repr=False)

    def is_open(self, at: int) -> bool:
        """Say whether it is open at a moment."""
        return self._span_at(at) is not None

    def changes_after(self, at: int) -> int | None:
        """Return the next moment at which it opens or closes; None when it does not within three years."""
        found = next(self.spans(at), None)
        if found is None:
            return None
        if found[0] > at:
            return found[0]
        return None if found[1] >= self._year(_year_of(at) + HORIZON).high else found[1]

    def opens_after(self, at: int) -> int | None:
        """Return the next moment at which it begins to be open, later than `at`; None when it does not within three years."""
        return next((begin for begin, _ in self.spans(at) if begin > at), None)

    def closed_since(self, at: int) -> int | None:
        """Return when it last closed before `at`; None when it is open, or has not been open for a year."""
        if self.is_open(at):
            return None
        year = _year_of(at)
        for number in (year, year - 1):
            spans = self._year(number).spans
            place = bisect_right(self._year(number).starts, at) - 1
            if place >= 0:
                return spans[place][1]
        return None

    def spans(self, at: int) -> Iterator[Span]:
        """Yield the spans in which it is open, from the one at or after `at`, for three years ahead."""
        year = _year_of(at)
        pending: Span | None = None
        for number in range(year, year + HORIZON + 1):
            for begin, end in self._year(number).spans:
                if end <= at:
                    continue
                if pending is not None and pending[1] == begin:
                    pending = (pending[0], end)
                    continue
                if pending is not None:
                    yield pending
                pending = (begin, end)
        if pending is not None:
            yield pending

    def clock(self, at: int) -> int:
        """Return a clock that runs only while it is open: open milliseconds since a fixed day; only differences mean something."""
        number = _year_of(at)
        return self._sum(number) + _within(self._year(number), at)

    def worked(self, begin: int, end: int) -> int:
        """Return how many milliseconds between two moments it was open."""
        number = _year_of(begin)
        if number == _year_of(end):
            year = self._year(number)
            return _within(year, end) - _within(year, begin)
        return self.clock(end) - self.clock(begin)

    def due(self, begin: int, span: int) -> int | None:
        """Return when `span` open milliseconds have passed since `begin`; None when they do not within three years."""
        left = span
        for start, end in self.spans(begin):
            room = end - max(start, begin)
            if room >= left:
                return max(start, begin) + left
            left -= room
        return None

    def why(self, begin: int, span: int) -> Due | None:
        """Return what `due` does, with the stretches it is made of and the exceptions between."""
        at = self.due(begin, span)
        if at is None:
            return None
        pieces: list[Piece] = []
        for start, end in self.spans(begin):
            if start >= at:
                break
            pieces += self._by_day(max(start, begin), min(end, at))
        first, last = self.day_of(begin), self.day_of(at)
        between = sorted((day, about) for day, about in self.days.items() if first <= day <= last)
        return Due(at, tuple(pieces), tuple(between))

    def day_of(self, at: int) -> date:
        """Return the date it is in the calendar's zone."""
        return from_ms(at).astimezone(self.zone).date()

    def hours_of(self, day: date) -> Hours:
        """Return the hours that begin on a date."""
        about = self.days.get(day)
        if about is None:
            return self.week[day.weekday()]
        if about.hours is not None:
            return about.hours
        if about.kind == "holiday":
            return ()
        usual = self.week[day.weekday()] or next((hours for hours in self.week if hours), ())
        return usual[:1] if about.kind == "half" else usual

    def _by_day(self, begin: int, end: int) -> Iterator[Piece]:
        """Cut a stretch at the midnights of the zone, so that each piece belongs to one date."""
        while begin < end:
            day = self.day_of(begin)
            midnight = max(self._moment(day + _DAY, 0), begin + 1)
            yield Piece(begin, min(midnight, end), self.days.get(day))
            begin = midnight

    def _span_at(self, at: int) -> Span | None:
        year = self._year(_year_of(at))
        place = bisect_right(year.starts, at) - 1
        if place < 0 or at >= year.spans[place][1]:
            return None
        return year.spans[place]

    def _year(self, number: int) -> _Year:
        found = self._years.get(number)
        if found is None:
            found = self._years[number] = self._build(number)
        return found

    def _sum(self, number: int) -> int:
        """Return the open milliseconds from the beginning of the base year to that of another."""
        found = self._sums.get(number)
        if found is None:
            passed = (self._year(year).total for year in range(min(BASE_YEAR, number), max(BASE_YEAR, number)))
            found = self._sums[number] = sum(passed) if number >= BASE_YEAR else -sum(passed)
        return found

    def _build(self, number: int) -> _Year:
        low, high = _new_year(number), _new_year(number + 1)
        wanted: list[Span] = []
        day, last = date(number, 1, 1) - 2 * _DAY, date(number, 12, 31) + _DAY
        while day <= last:
            wanted += [(self._moment(day, begin), self._moment(day, end)) for begin, end in self.hours_of(day)]
            day += _DAY
        spans = _merged([(max(begin, low), min(end, high)) for begin, end in wanted])
        sums = [0]
        for begin, end in spans:
            sums.append(sums[-1] + end - begin)
        return _Year(low, high, tuple(spans), tuple(begin for begin, _ in spans), tuple(sums[:-1]), sums[-1])

    def _moment(self, day: date, minutes: int) -> int:
        """Return the moment the clocks of the zone first show a wall time, or leap over it."""
        wall = datetime.combine(day, time(), tzinfo=self.zone) + timedelta(minutes=minutes)
        before, after = self._offset(wall), self._offset(wall.replace(fold=1))
        naive = to_ms(wall.replace(tzinfo=UTC))
        if after <= before:
            return naive - before
        return _leap(self.zone, (naive - after) // 1000, (naive - before) // 1000) * 1000

    def _offset(self, wall: datetime) -> int:
        """Return how far the zone is ahead of UTC at a wall time, in milliseconds."""
        return (self.zone.utcoffset(wall) or timedelta()) // _MS


def _within(year: _Year, at: int) -> int:
    """Return the open milliseconds of a year up to a moment in it."""
    place = bisect_right(year.starts, at) - 1
    if place < 0:
        return 0
    begin, end = year.spans[place]
    return year.before[place] + min(at, end) - begin


def _leap(zone: ZoneInfo, low: int, high: int) -> int:
    """Return the first second after `low`, `high` at the latest, at which a zone has the offset it has at `high`."""
    after = from_ms(high * 1000).astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if from_ms(middle * 1000).astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


def _merged(spans: list[Span]) -> list[Span]:
    """Return spans in order, those that touch or overlap made one, empty ones left out."""
    merged: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _year_of(at: int) -> int:
    """Return the year of a moment, moments beyond the known years counting as the first or last of them."""
    if at < _new_year(FIRST_YEAR):
        return FIRST_YEAR
    return min(from_ms(at).year, LAST_YEAR) if at < _new_year(LAST_YEAR) else LAST_YEAR


def _new_year(number: int) -> int:
    return to_ms(datetime(number, 1, 1, tzinfo=UTC))


def overlapping(hours: Hours) -> bool:
    """Say whether stretches of one day overlap or are out of order."""
    return any(before[1] > after[0] for before, after in pairwise(hours))

"""Opening hours: holidays, make-up workdays, half days, nights, several zones and the days on which clocks change."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.clock import from_ms, to_ms
from contactd.core.calendar import DAY_MIN, Calendar, Day
from contactd.routing.calendars import read_calendars
from contactd.routing.document import Problem, Table

HOUR = 3_600_000
MINUTE = 60_000
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu")


def read(**table: Any) -> tuple[Calendar, list[Problem]]:
    problems: list[Problem] = []
    found = read_calendars(Table({"c": table}, "policy.calendars", problems))
    return found["c"], problems


def calendar(**table: Any) -> Calendar:
    made, problems = read(**table)
    assert problems == []
    return made


def at(text: str, zone: str = "Asia/Shanghai", fold: int = 0) -> int:
    """Return the moment of a wall time in a zone."""
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC))


def wall(moment: int | None, zone: str = "Asia/Shanghai") -> str | None:
    if moment is None:
        return None
    return from_ms(moment).astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(" ", "minutes")


OFFICE = {"holidays": ["cn"], "week": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}}


def test_a_lunch_break_is_closed() -> None:
    office = calendar(**OFFICE)
    assert [
        office.is_open(at(f"2026-11-23 {time}")) for time in ("08:59", "09:00", "12:00", "13:00", "17:59", "18:00")
    ] == [
        False,
        True,
        False,
        True,
        True,
        False,
    ]
    assert wall(office.changes_after(at("2026-11-23 10:00"))) == "2026-11-23 12:00"
    assert wall(office.opens_after(at("2026-11-27 17:00"))) == "2026-11-30 09:00"
    assert wall(office.closed_since(at("2026-11-29 10:00"))) == "2026-11-27 18:00"


@pytest.mark.parametrize("day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_make_up_workdays_are_open_although_they_are_weekend_days(day: str) -> None:
    assert date.fromisoformat(day).weekday() >= 5
    assert calendar(**OFFICE).is_open(at(f"{day} 10:00"))


def test_three_workdays_after_the_last_one_before_the_national_holiday() -> None:
    """Three days of eight hours from the evening of 30 September 2026 are over on Saturday 10 October, not on Monday."""
    office = calendar(**OFFICE)
    due = office.why(at("2026-09-30 18:00"), 24 * HOUR)
    assert due is not None
    assert wall(due.at) == "2026-10-10 18:00"
    assert [day.isoformat()[5:] for day, _ in due.passed_over] == [
        *(f"10-0{n}" for n in range(1, 8)),
        "10-10",
    ]
    assert due.passed_over[-1][1].kind == "workday"
    assert sum(piece.end - piece.begin for piece in due.pieces) == 24 * HOUR


def test_half_days_and_days_of_ones_own() -> None:
    office = calendar(
        **OFFICE,
        days=[
            {"date": "2026-12-24", "kind": "half"},
            {"date": "2026-12-25", "to": "2026-12-27", "kind": "holiday", "name": {"en": "Christmas"}},
            {"date": "2026-12-31", "kind": "half", "hours": ["10:00-11:30"], "status": "estimated"},
            {"date": "2026-10-02", "kind": "workday"},
        ],
    )
    assert [wall(end) for _, end in list(office.spans(at("2026-12-24 08:00")))[:1]] == ["2026-12-24 12:00"]
    assert wall(office.opens_after(at("2026-12-24 13:30"))) == "2026-12-28 09:00"
    assert office.worked(at("2026-12-31 00:00"), at("2027-01-01 00:00")) == 90 * MINUTE
    assert office.days[date(2026, 12, 31)].estimated
    assert office.is_open(at("2026-10-02 14:00")), "an own day goes before the public one"
    assert office.official is not None
    assert 2027 not in office.official


def test_a_night_shift_belongs_to_the_day_it_begins_on() -> None:
    night = calendar(week={"fri": ["22:00-06:00"]}, days=[{"date": "2026-11-28", "kind": "holiday"}])
    assert night.is_open(at("2026-11-28 05:59")), "Friday's shift goes on although Saturday is a holiday"
    assert not night.is_open(at("2026-11-28 06:00"))
    assert not night.is_open(at("2026-11-28 23:00"))


def test_always_open_never_changes() -> None:
    always = calendar(week={"mon-sun": ["00:00-24:00"]}, zone="Europe/Berlin")
    assert always.changes_after(at("2026-12-31 23:59")) is None
    assert always.worked(at("2026-01-01 00:00"), at("2027-01-01 00:00")) == 365 * 24 * HOUR
    never = Calendar(name="never", zone=ZoneInfo("UTC"), week=((),) * 7)
    assert never.changes_after(0) is never.opens_after(0) is never.due(0, 1) is None


def test_hours_stay_wall_time_when_the_clocks_change() -> None:
    berlin = calendar(zone="Europe/Berlin", week={"mon-sun": ["09:00-17:00"]})
    for day in ("2026-03-28", "2026-03-29", "2026-10-25"):
        spans = next(berlin.spans(at(f"{day} 00:00", "Europe/Berlin")))
        assert [wall(moment, "Europe/Berlin") for moment in spans] == [f"{day} 09:00", f"{day} 17:00"]


def test_a_whole_day_has_23_or_25_hours_when_the_clocks_change() -> None:
    berlin = calendar(zone="Europe/Berlin", week={"sun": ["00:00-24:00"]})
    assert berlin.worked(at("2026-03-29", "Europe/Berlin"), at("2026-03-30", "Europe/Berlin")) == 23 * HOUR
    assert berlin.worked(at("2026-10-25", "Europe/Berlin"), at("2026-10-26", "Europe/Berlin")) == 25 * HOUR


def test_an_hour_that_does_not_exist_counts_as_the_moment_of_the_leap() -> None:
    berlin = calendar(zone="Europe/Berlin", week={"sun": ["02:15-02:45", "02:50-04:00"]})
    assert wall(berlin.opens_after(at("2026-03-29 00:00", "Europe/Berlin")), "Europe/Berlin") == "2026-03-29 03:00"
    assert berlin.worked(at("2026-03-29", "Europe/Berlin"), at("2026-03-30", "Europe/Berlin")) == HOUR
    cairo = calendar(zone="Africa/Cairo", week={"fri": ["00:00-06:00"]})
    assert wall(cairo.opens_after(at("2026-04-23 12:00", "Africa/Cairo")), "Africa/Cairo") == "2026-04-24 01:00"


def test_an_hour_that_comes_twice_opens_and_closes_the_first_time() -> None:
    berlin = calendar(zone="Europe/Berlin", week={"sun": ["01:00-02:30"]})
    assert berlin.worked(at("2026-10-25", "Europe/Berlin"), at("2026-10-26", "Europe/Berlin")) == 90 * MINUTE
    assert not berlin.is_open(at("2026-10-25 02:15", "Europe/Berlin", fold=1))


def test_moments_no_calendar_is_made_for_do_no_harm() -> None:
    office = calendar(**OFFICE)
    for moment in (to_ms(datetime(1900, 1, 1, tzinfo=UTC)), 0, to_ms(datetime(9000, 1, 1, tzinfo=UTC))):
        assert office.is_open(moment) in (True, False)
        assert office.worked(moment, moment) == 0


def minutes_of(hours: tuple[tuple[int, int], ...]) -> st.SearchStrategy[Any]:
    return st.just(hours)


stretch = st.integers(0, DAY_MIN - 30).flatmap(lambda low: st.tuples(st.just(low), st.integers(low + 1, low + 900)))
weeks = st.tuples(*[st.lists(stretch, max_size=1).map(tuple) for _ in range(7)])
exceptions = st.dictionaries(
    st.dates(date(2026, 3, 1), date(2026, 4, 30)) | st.dates(date(2026, 10, 1), date(2026, 11, 15)),
    st.builds(
        Day,
        kind=st.sampled_from(["holiday", "workday", "half"]),
        hours=st.none() | st.lists(stretch, max_size=1).map(tuple),
    ),
    max_size=6,
)
moments = st.integers(at("2026-03-01 00:00"), at("2026-11-20 00:00"))
many = settings(max_examples=int(os.environ.get("CONTACTD_TEST_DAYS", "60")), deadline=None)


@many
@given(weeks, exceptions, st.sampled_from(ZONES), moments, st.integers(0, 40 * 24 * HOUR))
def test_open_time_adds_up_and_due_times_are_its_inverse(
    week: Any, days: Any, zone: str, moment: int, span: int
) -> None:
    """Fails when `clock` forgets the open time before a span, or `due` the part of a span that is past."""
    made = Calendar(name="c", zone=ZoneInfo(zone), week=week, days=days)
    later = moment + span
    assert 0 <= made.worked(moment, later) <= span
    assert made.worked(moment, later) == sum(
        min(end, later) - max(begin, moment) for begin, end in made.spans(moment) if begin < later
    )
    due = made.due(moment, span)
    if due is not None:
        assert made.worked(moment, due) == span
        assert span == 0 or made.worked(moment, due - 1) == span - 1
        why = made.why(moment, span)
        assert why is not None
        assert sum(piece.end - piece.begin for piece in why.pieces) == span


@many
@given(weeks, exceptions, st.sampled_from(ZONES), moments)
def test_nothing_changes_before_the_next_change(week: Any, days: Any, zone: str, moment: int) -> None:
    """Fails when spans that touch at midnight or new year are told as two."""
    made = Calendar(name="c", zone=ZoneInfo(zone), week=week, days=days)
    change = made.changes_after(moment)
    if change is None:
        return
    assert made.is_open(change) != made.is_open(moment) == made.is_open(change - 1)
    assert made.is_open(moment + (change - moment) // 2) == made.is_open(moment)
    if not made.is_open(moment):
        since = made.closed_since(moment)
        assert since is None or (made.is_open(since - 1) and not made.is_open(since))


@many
@given(weeks, exceptions, st.sampled_from(ZONES), moments)
def test_it_is_open_when_the_wall_clock_says_so(week: Any, days: Any, zone: str, moment: int) -> None:
    """Fails when a shift over midnight ends at midnight, or an exception does not replace the pattern.

    Told by the wall clock alone; moments within two hours of a change of the clocks are left to the examples above.
    """
    made = Calendar(name="c", zone=ZoneInfo(zone), week=week, days=days)
    local = from_ms(moment).astimezone(ZoneInfo(zone))
    offsets = {(local + timedelta(days=days)).utcoffset() for days in (-2, -1, 0, 1)}
    if len(offsets) > 1:
        return
    seen = local.hour * 60 + local.minute
    expected = any(
        begin <= seen + past * DAY_MIN < end
        for past in (0, 1)
        for begin, end in made.hours_of(local.date() - timedelta(days=past))
    )
    assert made.is_open(moment) == expected


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ({"week": {"mon": ["9:00-18:00"]}}, "policy.calendars.c.week.mon"),
        ({"week": {"mon": ["09:00-09:00"]}}, "policy.calendars.c.week.mon"),
        ({"week": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "policy.calendars.c.week.mon"),
        ({"week": {"mon": "09:00-12:00"}}, "policy.calendars.c.week.mon"),
        ({"week": {"funday": ["09:00-12:00"]}}, "policy.calendars.c.week.funday"),
        ({"week": {"mon-wed": ["09:00-12:00"], "tue": []}}, "policy.calendars.c.week.tue"),
        ({}, "policy.calendars.c.week"),
        ({**OFFICE, "zone": "Europe/Atlantis"}, "policy.calendars.c.zone"),
        ({**OFFICE, "zone": "../../etc/passwd"}, "policy.calendars.c.zone"),
        ({**OFFICE, "holidays": ["mars"]}, "policy.calendars.c.holidays"),
        ({**OFFICE, "days": [{"date": "2026-13-01"}]}, "policy.calendars.c.days[0].date"),
        ({**OFFICE, "days": [{"date": "2026-12-02", "to": "2026-12-01"}]}, "policy.calendars.c.days[0].to"),
        ({**OFFICE, "days": [{"date": "0001-01-01", "to": "9999-12-31"}]}, "policy.calendars.c.days[0].to"),
        ({**OFFICE, "days": [{"date": "2026-12-02", "kind": "party"}]}, "policy.calendars.c.days[0].kind"),
        ({**OFFICE, "open": True}, "policy.calendars.c.open"),
    ],
)
def test_a_mistake_in_a_calendar_is_told_with_its_path(table: dict[str, Any], where: str) -> None:
    made, problems = read(**table)
    assert [path for path, _ in problems] == [where]
    assert made.is_open(at("2026-11-23 10:00")) in (True, False)


def test_a_date_of_toml_is_a_date() -> None:
    assert not calendar(**OFFICE, days=[{"date": date(2026, 11, 23)}]).is_open(at("2026-11-23 10:00"))

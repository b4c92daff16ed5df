"""The definitions of the reports: figures of sums, and the interval a moment lies in."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.clock import from_ms
from contactd.core.report import INTERVALS, Sums, figures, interval_of, occupancy

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def test_each_figure_is_what_its_name_says() -> None:
    sums = Sums(offered=10, answered=6, within=4, abandoned=2, short=1, overflowed=1, wait_ms=30_000, longest_ms=12_000)
    sums.add(Sums(given_up_ms=50_000, talk_ms=600_000, hold_ms=60_000, consult_ms=0, wrap_ms=120_000, longest_ms=9_000))
    found = figures(sums)
    assert (found["service_level"], found["sl_answered"], found["sl_offered"]) == (0.5, 0.6667, 0.4)
    assert (found["answer_rate"], found["abandon_rate"]) == (0.6, 0.2)
    assert (found["asa_s"], found["longest_s"], found["given_up_s"]) == (5.0, 12.0, 25.0)
    assert (found["aht_s"], found["talk_s"], found["hold_s"], found["wrap_s"]) == (130.0, 100.0, 10.0, 20.0)
    assert occupancy(3, 1) == 0.75


def test_what_nothing_counts_for_is_unknown_and_not_nought() -> None:
    found = figures(Sums())
    assert {name for name, value in found.items() if value is None} == {
        *(
            "service_level",
            "sl_answered",
            "sl_offered",
            "answer_rate",
            "abandon_rate",
            "asa_s",
            "longest_s",
            "given_up_s",
        ),
        *("aht_s", "talk_s", "hold_s", "wrap_s"),
    }
    assert occupancy(0, 0) is None


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("quarter", "2026-10-01T00:15+08:00"),
        ("hour", "2026-10-01T00:00+08:00"),
        ("day", "2026-10-01"),
        ("week", "2026-09-28"),
        ("month", "2026-10-01"),
        ("weekday_hour", "4 00"),
    ],
)
def test_a_moment_lies_in_the_interval_of_its_zone(by: str, expected: str) -> None:
    assert interval_of(datetime.fromisoformat("2026-09-30T16:29:59Z"), by, SHANGHAI) == expected


def test_the_hour_that_comes_twice_is_two_intervals() -> None:
    first, second = (datetime.fromisoformat(f"2026-10-25T0{hour}:30:00Z") for hour in (0, 1))
    assert interval_of(first, "hour", BERLIN) == "2026-10-25T02:00+02:00"
    assert interval_of(second, "hour", BERLIN) == "2026-10-25T02:00+01:00"


@given(
    at=st.integers(1_577_836_800_000, 2_051_222_400_000).map(from_ms),
    by=st.sampled_from(INTERVALS),
)
def test_all_moments_of_a_quarter_of_an_hour_lie_in_one_interval(at: datetime, by: str) -> None:
    quarter = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
    assert interval_of(at, by, BERLIN) == interval_of(quarter, by, BERLIN)

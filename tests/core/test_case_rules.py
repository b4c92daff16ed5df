"""Which state of a case may follow which, and the clocks of promises to customers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.clock import to_ms
from contactd.core import case, sla
from contactd.core.calendar import Calendar
from contactd.core.case import MOVES, STAGE_MOVES, STAGES, CaseState
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.sla import HOUR
from contactd.routing.policy import Policy


def office() -> Calendar:
    days = {"mon-fri": ["09:00-18:00"]}
    holiday = [{"date": "2026-11-25", "kind": "holiday", "name": {"en": "A day off"}}]
    document = {"calendars": {"office": {"zone": "Asia/Shanghai", "week": days, "days": holiday}}}
    return Policy.from_mapping(document).calendars["office"]


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).astimezone(UTC))


def test_every_state_can_be_reached_and_left() -> None:
    assert set(MOVES) == set(CaseState)
    assert {after for moves in MOVES.values() for after in moves} == set(CaseState) - {CaseState.NEW}


def test_every_stage_of_a_complaint_can_be_reached() -> None:
    assert {after for moves in STAGE_MOVES.values() for after in moves} == set(STAGES[1:])


@pytest.mark.parametrize(("before", "after"), [("new", "closed"), ("closed", "resolved"), ("open", "new")])
def test_what_cannot_follow_is_refused(before: str, after: str) -> None:
    with pytest.raises(ConflictError):
        case.move(before, after)


def test_wrong_words_are_refused() -> None:
    with pytest.raises(BadRequestError):
        case.move("new", "somewhere")
    with pytest.raises(BadRequestError):
        case.next_stage("received", "somewhere")
    with pytest.raises(ConflictError):
        case.next_stage("received", "appealed")
    with pytest.raises(BadRequestError):
        case.severity(0, 4)


def test_severity_grows_with_harm_and_reach() -> None:
    assert case.severity(1, 1) == 1
    assert case.severity(3, 3) == 4
    for harm in (1, 2, 3):
        for reach in (1, 2):
            assert case.severity(harm, reach) <= case.severity(harm, reach + 1)
            assert case.severity(reach, harm) <= case.severity(reach + 1, harm)


def test_a_clock_runs_in_opening_hours_and_over_a_day_off() -> None:
    calendar = office()
    timer = sla.start(12 * HOUR, at("2026-11-24T15:00:00+08:00"))
    assert sla.due(timer, calendar) == at("2026-11-26T18:00:00+08:00")
    assert [(one.begin, one.end) for one in sla.pieces(timer, calendar)] == [
        (at("2026-11-24T15:00:00+08:00"), at("2026-11-24T18:00:00+08:00")),
        (at("2026-11-26T09:00:00+08:00"), at("2026-11-26T18:00:00+08:00")),
    ]


def test_a_pause_moves_the_end_by_open_time_only() -> None:
    calendar = office()
    timer = sla.start(4 * HOUR, at("2026-11-23T15:00:00+08:00"))
    paused = sla.pause(timer, at("2026-11-23T17:00:00+08:00"), calendar)
    assert (sla.due(paused, calendar), paused.spent, sla.pieces(paused, calendar)) == (None, 2 * HOUR, ())
    running = sla.resume(paused, at("2026-11-24T08:00:00+08:00"))
    assert sla.due(running, calendar) == at("2026-11-24T11:00:00+08:00")
    assert sla.pause(paused, at("2026-11-24T08:00:00+08:00"), calendar) == paused
    assert sla.resume(running, at("2026-11-25T08:00:00+08:00")) == running


def test_without_a_calendar_every_hour_counts() -> None:
    timer = sla.start(2 * HOUR, 1000)
    assert sla.due(timer, None) == 1000 + 2 * HOUR
    assert len(sla.pieces(timer, None)) == 1


@given(st.lists(st.tuples(st.integers(0, 5 * HOUR), st.integers(0, 5 * HOUR)), max_size=6), st.integers(1, 30))
def test_pauses_never_change_how_much_time_there_is(runs: list[tuple[int, int]], hours: int) -> None:
    now, timer = 0, sla.start(hours * HOUR, 0)
    ran = 0
    for run, pause in runs:
        now += run
        ran += run
        timer = sla.pause(timer, now, None)
        now += pause
        timer = sla.resume(timer, now)
    assert timer.spent == ran
    assert sla.due(timer, None) == now + max(hours * HOUR - ran, 0)

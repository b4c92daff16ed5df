"""Silence of mail that is brought to us: told when it is unusual, once, and never because we ourselves were away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contactd.channels.email.habit import DAYS, Habit
from contactd.channels.email.hush import Hush
from contactd.testing.clock import ManualClock
from tests.channels.email.doubles import Tools

MONDAY = datetime(2026, 9, 7, 1, tzinfo=UTC)


def weeks(habit: Habit, number: int) -> datetime:
    """Let a mail come every minute of eight hours on each working day; return when the next Monday begins."""
    for day in range(7 * number):
        at = MONDAY + timedelta(days=day)
        for minute in range(0, 480, 1 if at.weekday() < 5 else 1000):
            if at.weekday() < 5:
                habit.came(at + timedelta(minutes=minute))
    return MONDAY + timedelta(weeks=number)


def test_a_busy_day_does_not_make_the_night_unusual() -> None:
    habit = Habit()
    monday = weeks(habit, 4)
    for hours, told in ((0, False), (20, False), (25, True)):
        assert (habit.silent(monday + timedelta(hours=hours), None) is not None) is told, hours


def test_what_a_day_of_the_week_is_like_is_learned_from_its_likes() -> None:
    """A weekend without mail does not let a whole Wednesday pass unseen."""
    habit = Habit()
    monday = weeks(habit, 4)
    for minute in range(480):
        habit.came(monday + timedelta(minutes=minute))
    friday_evening_like = monday + timedelta(minutes=480)
    assert habit.silent(friday_evening_like + timedelta(hours=30), None) is None
    assert habit.silent(friday_evening_like + timedelta(hours=36), None) is not None


def test_little_is_no_habit_and_only_so_much_is_kept() -> None:
    habit = Habit()
    for day in range(19):
        habit.came(MONDAY + timedelta(days=day))
    assert habit.silent(MONDAY + timedelta(days=90), None) is None
    for day in range(19, 200):
        habit.came(MONDAY + timedelta(days=day))
    assert len(habit.days) == DAYS
    assert Habit.read(habit.kept()) == habit
    older = Habit.read({"last": habit.kept()["last"], "gaps": [60] * 30})
    assert older.silent(MONDAY + timedelta(days=202), None) is not None


@pytest.fixture
def tools(tmp_path: Path, clock: ManualClock) -> Tools:
    made = Tools(tmp_path)
    made.clock = clock  # type: ignore[assignment]
    return made


async def open_hush(tools: Tools, hours: float = 0) -> Hush:
    hush = Hush(tools, hours)  # type: ignore[arg-type]
    await hush.start()
    for task in tools.tasks:
        task.cancel()
    return hush


async def test_people_are_told_once_and_when_it_is_over(tools: Tools, clock: ManualClock) -> None:
    hush = await open_hush(tools, 3)
    await hush.tick()
    hush.came(clock.now())
    for minutes in (170, 15, 5):
        clock.advance(timedelta(minutes=minutes))
        await hush.tick()
    assert tools.alarms == [("mail_silent", "no mail was brought to us for 3 h")]
    hush.came(clock.now())
    hush.came(clock.now())
    assert [kind for kind, _ in tools.alarms] == ["mail_silent", "mail_heard"]


async def test_the_time_in_which_nobody_listened_is_no_silence(tools: Tools, clock: ManualClock) -> None:
    before = await open_hush(tools)
    for _ in range(25):
        clock.advance(timedelta(minutes=10))
        before.came(clock.now())
    await before.tick()
    clock.advance(timedelta(days=3))
    after = await open_hush(tools)
    await after.tick()
    assert tools.alarms == []
    after.came(clock.now())
    clock.advance(timedelta(hours=2, minutes=1))
    await after.tick()
    assert [kind for kind, _ in tools.alarms] == ["mail_silent"], "three days away made no habit"

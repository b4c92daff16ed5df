"""What an item has met with on its way (`core.events.Course`), between facts, wishes and the item itself."""

from __future__ import annotations

from datetime import datetime

from contactd.clock import from_ms, to_ms
from contactd.core.events import STRAIGHT, Course
from contactd.routing.state import Item


def course_of(item: Item) -> Course:
    """Return an item's course, as it is told and stored."""
    course = Course(
        path=item.path,
        asked_at=_moment(item.asked_at),
        alone_since=_moment(item.alone_since),
        front=item.front,
        giver=item.giver,
        attempts=item.attempts,
        suspended_by=item.suspended_by,
        looped=item.looped,
    )
    return STRAIGHT if course == STRAIGHT else course


def follow(item: Item, course: Course) -> None:
    """Let an item be where its course says."""
    if course == STRAIGHT:
        return
    item.path, item.front, item.giver = course.path, course.front, course.giver
    item.asked_at, item.alone_since = _whole(course.asked_at), _whole(course.alone_since)
    item.attempts, item.suspended_by = course.attempts, course.suspended_by
    item.looped = course.looped


def _moment(at: int | None) -> datetime | None:
    return None if at is None else from_ms(at)


def _whole(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)

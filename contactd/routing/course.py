"""What an item has met with on its way (`core.events.Course`), between facts, wishes and the item itself."""

from __future__ import annotations

from datetime import datetime

from contactd.clock import from_ms, to_ms
from contactd.core.effects import Standing
from contactd.core.events import STRAIGHT, Course
from contactd.routing.floor import Floor
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
        repeat=item.repeat,
    )
    return STRAIGHT if course == STRAIGHT else course


def follow(item: Item, course: Course) -> None:
    """Let an item be where its course says."""
    if course == STRAIGHT:
        return
    item.path, item.front, item.giver = course.path, course.front, course.giver
    item.asked_at, item.alone_since = _whole(course.asked_at), _whole(course.alone_since)
    item.attempts, item.suspended_by = course.attempts, course.suspended_by
    item.looped, item.repeat = course.looped, course.repeat


def _moment(at: int | None) -> datetime | None:
    return None if at is None else from_ms(at)


def _whole(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def tell_standing(floor: Floor, item: Item, *, anyway: bool = False) -> None:
    """Tell how an item stands in line, for the next start, when that has changed (or `anyway`)."""
    if not item.untold and not anyway:
        return
    item.untold = False
    held = item.prefer is not None and item.prefer_until > floor.now
    floor.emit(
        Standing(
            interaction=item.id,
            step=item.step,
            step_since=from_ms(item.step_since),
            skip_agents=tuple(
                (agent, None if until is None else from_ms(until)) for agent, until in item.skips.items()
            ),
            prefer_agent=item.prefer if held else None,
            prefer_until=from_ms(item.prefer_until) if held else None,
            hops=item.hops,
            course=course_of(item),
        ),
    )

"""The order of the queue: what an item's score is made of.

score = base + live + vip + repeat + age + boost + starved.  Higher goes first, then older, then the smaller id.

* base: 10 points for each level of priority, the line's and the item's own (1,000 in a strict line);
* front: more than all the rest, for what was handed to a person and nobody took;
* live: 100 points where the customer is there now;
* vip: 5 points a level;
* repeat: the line's points for each time the customer was in contact about it lately, three at most;
* age: the line's rate for each minute of waiting; deferred work gains at most 60 by it, so that age alone never puts it
  before a customer who is there now, and it ages in the hours of the line's service level only;
* boost: a quarter, half, and all of the line's boost at 50 %, 75 % and 100 % of the service level;
* starved: 1,000 points for live work beyond its starvation age.  Deferred work gets none: it is promised a share instead, and
  for that every hour counts.

Boost and starvation never fall with age, so that within one group (line, requirement,
priority, vip, repeat) the older is always first.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from contactd.core.calendar import Calendar
from contactd.routing.line import ChannelRule, Line
from contactd.routing.state import Item

BASE_POINTS = 10.0
STRICT_POINTS = 1000.0
LIVE_POINTS = 100.0
VIP_POINTS = 5.0
DEFERRED_AGE_LIMIT = 60.0
STARVED_POINTS = 1000.0
FRONT_POINTS = 100_000_000.0
"""More than all other terms together, in a strict line too."""
MINUTE_MS = 60_000.0

Terms = tuple[tuple[str, float], ...]
Growth = tuple[float, float, int, float]
"""A score for a while: (points, points a millisecond, since when they grow, until when this holds)."""
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Scale:
    """How age turns into points in one line and channel, ready for use."""

    live: bool
    per_ms: float
    sla: float
    starve: float
    boost: float
    boosted_from: float
    """Age in milliseconds at which the boost begins."""
    capped_from: float
    """Age in milliseconds from which deferred work gains no more by it."""
    base: int
    base_points: float
    repeat: float
    changes: tuple[float, ...]
    """Ages in milliseconds at which the score leaps or stops growing, in order, and never."""
    hours: Calendar | None
    """In which hours age runs; None = always."""

    @staticmethod
    def of(line: Line, rule: ChannelRule) -> Scale:
        """Make the scale of a line's channel."""
        per_ms = line.rate / MINUTE_MS
        sla = rule.sla_s * 1000.0
        starve = rule.starve_s * 1000.0 if rule.starve_s else NEVER
        capped = DEFERRED_AGE_LIMIT / per_ms if per_ms and not rule.live else NEVER
        leaps = [sla * 0.5, sla * 0.75, sla] if sla else []
        leaps.append(starve if rule.live else capped)
        return Scale(
            live=rule.live,
            per_ms=per_ms,
            sla=sla,
            starve=starve,
            boost=line.sla_boost if sla else 0.0,
            boosted_from=sla * 0.5 if sla else NEVER,
            capped_from=capped,
            base=line.base,
            base_points=STRICT_POINTS if line.strict else BASE_POINTS,
            repeat=line.repeat,
            changes=(*sorted(leaps), NEVER),
            hours=None if rule.live else line.sla_hours,
        )

    def fixed(self, item: Item) -> float:
        """Return the points that do not change while an item waits: items with the same share a group."""
        points = (self.base + item.priority) * self.base_points + item.vip * VIP_POINTS + item.repeat * self.repeat
        if item.front:
            points += FRONT_POINTS
        return points + LIVE_POINTS if self.live else points

    def age(self, since: int, now: int) -> int:
        """Return the age that counts at `now` of what waits since a moment."""
        return now - since if self.hours is None else self.hours.worked(since, now)

    def score(self, fixed: float, age: int) -> float:
        """Return the score of an item with `fixed` points at `age` milliseconds."""
        points, slope = self._at(fixed, age)
        return points + age * slope

    def of_item(self, item: Item, now: int) -> float:
        """Return an item's score at `now`."""
        return self.score(self.fixed(item), self.age(item.age_from, now))

    def growth(self, fixed: float, since: int, now: int) -> Growth:
        """Return how the score of what waits since a moment grows from `now` on, until it leaps or stops growing."""
        age = self.age(since, now)
        points, slope = self._at(fixed, age)
        left = self.changes[bisect_right(self.changes, age)] - age
        if self.hours is None:
            return points, slope, since, now + left
        turn = self.hours.changes_after(now)
        until = NEVER if turn is None else turn
        if self.hours.is_open(now):
            return points, slope, now - age, min(until, now + left)
        return points + age * slope, 0.0, now, until

    def _at(self, fixed: float, age: int) -> tuple[float, float]:
        """Return the points that stand at an age, and those that each millisecond of it adds."""
        slope = self.per_ms
        if self.live:
            if age >= self.starve:
                fixed += STARVED_POINTS
        elif age >= self.capped_from:
            fixed, slope = fixed + DEFERRED_AGE_LIMIT, 0.0
        if age >= self.boosted_from:
            fixed += self._boost(age)
        return fixed, slope

    def starved(self, age: int) -> bool:
        """Say whether an item has waited beyond its starvation age."""
        return age >= self.starve

    def _boost(self, age: int) -> float:
        if age >= self.sla:
            return self.boost
        if age >= self.sla * 0.75:
            return self.boost * 0.5
        if age >= self.sla * 0.5:
            return self.boost * 0.25
        return 0.0

    def terms(self, item: Item, now: int) -> Terms:
        """Return the terms of an item's score at `now` by name, those that are nought left out."""
        age = self.age(item.age_from, now)
        aged = age * self.per_ms if self.live else min(age * self.per_ms, DEFERRED_AGE_LIMIT)
        terms = (
            ("base", (self.base + item.priority) * self.base_points),
            ("front", FRONT_POINTS if item.front else 0.0),
            ("live", LIVE_POINTS if self.live else 0.0),
            ("vip", item.vip * VIP_POINTS),
            ("repeat", item.repeat * self.repeat),
            ("age", aged),
            ("boost", self._boost(age) if self.boost else 0.0),
            ("starved", STARVED_POINTS if self.live and self.starved(age) else 0.0),
        )
        return tuple(term for term in terms if term[1])

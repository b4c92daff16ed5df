"""The order of the queue: what an item's score is made of.

score = base + live + vip + age + boost + starved.  Higher goes first, then older, then the smaller id.

* base: 10 points for each level of priority, the line's and the item's own (1,000 in a strict line);
* front: more than all the rest, for what was handed to a person and nobody took;
* live: 100 points where the customer is there now;
* vip: 5 points a level;
* age: the line's rate for each minute of waiting; deferred work gains at most 60 by it, so that age alone never puts it
  before a customer who is there now;
* boost: a quarter, half, and all of the line's boost at 50 %, 75 % and 100 % of the service level;
* starved: 1,000 points for live work beyond its starvation age.  Deferred work gets none: it is promised a share instead.

Boost and starvation never fall with age, so that within one group (line, requirement, priority, vip) the older is always first.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    base: int
    base_points: float
    leap: float
    """Age in milliseconds before which the score is fixed points + age × rate, no more."""
    changes: tuple[float, ...]
    """Ages in milliseconds at which the score leaps or stops growing, in order."""

    @staticmethod
    def of(line: Line, rule: ChannelRule) -> Scale:
        """Make the scale of a line's channel."""
        per_ms = line.rate / MINUTE_MS
        sla = rule.sla_s * 1000.0
        starve = rule.starve_s * 1000.0 if rule.starve_s else float("inf")
        leaps = [sla * 0.5, sla * 0.75, sla] if sla else []
        if rule.live:
            leaps.append(starve)
        elif per_ms:
            leaps.append(DEFERRED_AGE_LIMIT / per_ms)
        return Scale(
            live=rule.live,
            per_ms=per_ms,
            sla=sla,
            starve=starve,
            boost=line.sla_boost if sla else 0.0,
            boosted_from=sla * 0.5 if sla else float("inf"),
            base=line.base,
            base_points=STRICT_POINTS if line.strict else BASE_POINTS,
            leap=min(leaps, default=float("inf")),
            changes=tuple(sorted(leaps)),
        )

    def fixed(self, item: Item) -> float:
        """Return the points that do not change while an item waits: items with the same share a group."""
        points = (self.base + item.priority) * self.base_points + item.vip * VIP_POINTS
        if item.front:
            points += FRONT_POINTS
        return points + LIVE_POINTS if self.live else points

    def score(self, fixed: float, age: int) -> float:
        """Return the score of an item with `fixed` points at `age` milliseconds."""
        points = age * self.per_ms
        if self.live:
            if age >= self.starve:
                points += STARVED_POINTS
        elif points > DEFERRED_AGE_LIMIT:
            points = DEFERRED_AGE_LIMIT
        if age >= self.boosted_from:
            points += self._boost(age)
        return fixed + points

    def flat(self, age: int) -> bool:
        """Say whether the score no longer grows with age."""
        return not self.per_ms or (not self.live and age * self.per_ms >= DEFERRED_AGE_LIMIT)

    def next_change(self, age: int) -> float:
        """Return the age, beyond `age`, at which the score next leaps or stops growing."""
        return next((at for at in self.changes if at > age), float("inf"))

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

    def terms(self, item: Item, age: int) -> Terms:
        """Return the terms of an item's score by name, those that are nought left out."""
        aged = age * self.per_ms if self.live else min(age * self.per_ms, DEFERRED_AGE_LIMIT)
        terms = (
            ("base", (self.base + item.priority) * self.base_points),
            ("front", FRONT_POINTS if item.front else 0.0),
            ("live", LIVE_POINTS if self.live else 0.0),
            ("vip", item.vip * VIP_POINTS),
            ("age", aged),
            ("boost", self._boost(age) if self.boost else 0.0),
            ("starved", STARVED_POINTS if self.live and self.starved(age) else 0.0),
        )
        return tuple(term for term in terms if term[1])

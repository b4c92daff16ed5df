"""Bundles: kinds of demand that the same agents can serve, with what comes first and what is highest in all of them kept.

An agent fits a hundred kinds of demand; most are empty, and few change between two looks.  Those that are filed under one skill
and ask for the same room (`ChannelRule.room`) form a bundle.  All who fit the same of them share it, so that a look for an agent
is a look at a dozen bundles, and what comes first in one is worked out anew only when it has gone, when something has come that
may go before it, or when time may have changed the order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contactd.routing.groups import older
from contactd.routing.line import ChannelRule
from contactd.routing.score import NEVER

if TYPE_CHECKING:
    from contactd.routing.profiles import Profile
    from contactd.routing.shapes import Lead, Shape
    from contactd.routing.state import Item

SURE = 1e-6
"""Points by which an order is beyond what floats lose: a nearer one is worked out at every look."""


@dataclass(slots=True, eq=False)
class Bundle:
    """Kinds of demand as one, and what is first in them."""

    shapes: list[Shape]
    """In the order of their numbers."""
    profiles: int = 0
    """How many have it."""
    shape: Shape | None = None
    """Where the first of all stands, as last worked out; None = nothing waits."""
    first: Item | None = None
    token: int = -1
    until: float = 0.0
    """It holds until then, while its token is `token`."""
    points: float = 0.0
    slope: float = 0.0
    since: int = 0
    """Its score, as in `Shape`."""
    risen: dict[int, Shape] = field(default_factory=dict)
    """Kinds whose first item has come since."""
    highest: Lead | None = None
    top: Item | None = None
    top_token: int = -1
    known: bool = False
    """Whether `highest` (and `top`, the item) hold, while the token of `top` is `top_token`."""

    def put(self, shape: Shape, item: Item, lead: Lead) -> None:
        """An item has come into one of the kinds that may be its first; `lead` is how high it is."""
        self.risen[shape.number] = shape
        if self.known and (self.highest is None or lead < self.highest):
            self.highest, self.top, self.top_token = lead, item, item.token

    def look(self, items: dict[str, Item], now: int) -> Item | None:
        """Return what comes first of everything here at `now`."""
        first = self.first
        if now >= self.until or (first is not None and first.token != self.token):
            return self._work_out(items, now)
        if self.risen:
            for shape in self.risen.values():
                if shape.waiting and shape.work_out_first(items, now) is not None:
                    self._compare(shape, now)
            self.risen.clear()
        return self.first

    def _work_out(self, items: dict[str, Item], now: int) -> Item | None:
        """Compare all that may be first, and note until when the order cannot change."""
        self._lead_by_nobody()
        self.risen.clear()
        for shape in self.shapes:
            if not shape.waiting:
                continue
            item = shape.first
            if now >= shape.good_until or item is None or item.token != shape.first_token:
                item = shape.work_out_first(items, now)
            if item is not None:
                self._compare(shape, now)
        return self.first

    def _compare(self, shape: Shape, now: int) -> None:
        """Compare the first of a kind with the first of all so far: the others stay behind both."""
        self.until = min(self.until, shape.good_until)
        best = self.shape
        if best is None:
            self._lead_by(shape)
            return
        most = self.points + (now - self.since) * self.slope
        score = shape.first_points + (now - shape.first_from) * shape.first_slope
        ahead, slope = most - score, shape.first_slope - self.slope
        if ahead >= SURE and slope <= 0:
            return
        if ahead < 0 or (ahead == 0 and shape.first is not None and older(shape.first, self.first)):
            self._lead_by(shape)
            ahead, slope, shape = -ahead, -slope, best
        self.until = min(self.until, now + self._ahead(shape, ahead, slope))

    def _lead_by(self, shape: Shape) -> None:
        self.shape, self.first, self.token = shape, shape.first, shape.first_token
        self.points, self.slope, self.since = shape.first_points, shape.first_slope, shape.first_from

    def _lead_by_nobody(self) -> None:
        self.shape = self.first = None
        self.until = NEVER

    def _ahead(self, other: Shape, lead: float, faster: float) -> float:
        """Return for how many milliseconds at least the first stays ahead of another that has `lead` points less now."""
        if lead >= SURE:
            return (lead - SURE) / faster if faster > 0 else NEVER
        alike = not faster and other.first_points == self.points and (not self.slope or other.first_from == self.since)
        return NEVER if alike else 0.0  # alike: their scores are the same float at any moment

    def lead(self, items: dict[str, Item]) -> Lead | None:
        """Return the highest of everything that waits here; None when nothing does."""
        if self.known and (self.top is None or self.top.token == self.top_token):
            return self.highest
        highest: Lead | None = None
        for shape in self.shapes:
            lead = shape.lead(items) if shape.waiting else None
            if lead is not None and (highest is None or lead < highest):
                highest = lead
        self.known, self.highest = True, highest
        self.top = None if highest is None else items[highest[2]]
        self.top_token = -1 if self.top is None else self.top.token
        return highest


Gathered = dict[str, tuple[ChannelRule, dict[str, Bundle]]]
"""What the agents of a profile can serve: by what decides their room for it (and a rule that says so), then by skill."""


class Bundles:
    """All bundles that a profile has; one that no profile has any more is dropped."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[int, ...]], Bundle] = {}
        """By room and the numbers of their shapes."""

    def __len__(self) -> int:
        return len(self._known)

    def gather(self, profile: Profile) -> Gathered:
        """Return the bundles of what the agents of a profile can serve."""
        parts: dict[str, tuple[ChannelRule, dict[str, list[Shape]]]] = {}
        for shape in profile.every_shape():
            _, part = parts.setdefault(shape.rule.room, (shape.rule, {}))
            part.setdefault(shape.filed_under, []).append(shape)
        return {
            room: (rule, {skill: self._for_one_more(room, _in_order(shapes)) for skill, shapes in part.items()})
            for room, (rule, part) in parts.items()
        }

    def widen(self, shape: Shape, profiles: Iterable[Profile]) -> None:
        """Write a new kind of demand in, the latest of all and still empty, for the profiles that can serve it."""
        room, skill = shape.rule.room, shape.filed_under
        having: dict[Bundle | None, list[Gathered]] = {}
        for profile in profiles:
            if profile.bundles is not None:
                _, part = profile.bundles.setdefault(room, (shape.rule, {}))
                having.setdefault(part.get(skill), []).append(profile.bundles)
        for narrow, those in having.items():
            if narrow is not None and narrow.profiles == len(those):
                self._grow(narrow, room, shape)
                continue
            if narrow is not None:
                narrow.profiles -= len(those)
            wide = self._begin(room, [shape] if narrow is None else [*narrow.shapes, shape])
            wide.profiles = len(those)
            for gathered in those:
                gathered[room][1][skill] = wide

    def give_up(self, gathered: Gathered) -> None:
        """A profile is dropped."""
        for room, (_, part) in gathered.items():
            for bundle in part.values():
                bundle.profiles -= 1
                if not bundle.profiles:
                    del self._known[_key(room, bundle.shapes)]
                    for shape in bundle.shapes:
                        shape.bundles.remove(bundle)

    def _for_one_more(self, room: str, shapes: list[Shape]) -> Bundle:
        """Return the bundle of these kinds for one more profile."""
        bundle = self._known.get(_key(room, shapes)) or self._begin(room, shapes)
        bundle.profiles += 1
        return bundle

    def _begin(self, room: str, shapes: list[Shape]) -> Bundle:
        bundle = self._known[_key(room, shapes)] = Bundle(shapes)
        for shape in shapes:
            shape.bundles.append(bundle)
        return bundle

    def _grow(self, bundle: Bundle, room: str, shape: Shape) -> None:
        """All who have a bundle can serve the new kind, too."""
        del self._known[_key(room, bundle.shapes)]
        bundle.shapes.append(shape)
        self._known[_key(room, bundle.shapes)] = bundle
        shape.bundles.append(bundle)


def _key(room: str, shapes: list[Shape]) -> tuple[str, tuple[int, ...]]:
    return room, tuple([shape.number for shape in shapes])


def _in_order(shapes: list[Shape]) -> list[Shape]:
    return sorted(shapes, key=lambda shape: shape.number)

"""The index: what waits, grouped by what it asks for, and who is there, grouped by what they can.

A *shape* is one kind of demand: line, channel and the skills asked for.  A *profile* is one kind of ability: skills, lines and
languages.  Which profiles fit which shapes is worked out once for each pair.  Within a shape items stand in groups of the same
fixed points, oldest first, and free agents stand in the line's order of choice; both are heaps that may hold entries that mean
nothing any more, which are dropped when they come to the top.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heapify, heappush

from contactd.core.events import Skills
from contactd.routing.bundles import Bundle, Bundles, Gathered
from contactd.routing.groups import Group, older, pop_left_behind
from contactd.routing.line import LANGUAGE, ChannelRule, Line
from contactd.routing.pools import Pool, Pools
from contactd.routing.profiles import Profile, ProfileKey
from contactd.routing.score import NEVER, Scale
from contactd.routing.state import Agent, Item

MAX_LADDERS = 4096
MAX_SHAPES = 4096
LANGUAGE_LEVEL = 1
ANYBODY = ""

Lead = tuple[float, int, str]
"""(negative fixed points, waiting counts from, interaction): the smallest is the highest, for as long as it waits."""
Choice = tuple[float, float, float, str]
"""What a line's strategy compares, smallest first; the agent's id comes last."""


@dataclass(slots=True, eq=False)
class Shape:
    """One kind of demand."""

    line: Line
    channel: str
    rule: ChannelRule
    need: Skills
    scale: Scale
    number: int
    """In which order kinds of demand were met."""
    profiles: dict[int, Profile] = field(default_factory=dict)
    """Who can serve it, by the number of the profile."""
    present: int = 0
    """Of how many of these profiles somebody is signed in."""
    step: bool = False
    """Items may stand here for a while only: it asks for more than they need."""
    groups: dict[float, Group] = field(default_factory=dict)
    """By fixed points."""
    waiting: int = 0
    oldest: float = NEVER
    """Nothing here waits since an earlier moment."""
    pools: tuple[Pool, ...] = ()
    """Where agents are listed who may be free for it."""
    seen: int = 0
    """Whom of them it knows: who was listed up to then."""
    ready: dict[str, Choice] = field(default_factory=dict)
    """Those it knows, with their entry that counts."""
    free: list[Choice] = field(default_factory=list)
    """Heap of the entries."""
    first: Item | None = None
    """What comes first here, as last worked out; it holds while its token is `first_token` and until `good_until`."""
    first_token: int = -1
    good_until: float = 0.0
    first_points: float = 0.0
    first_slope: float = 0.0
    first_from: int = 0
    """Its score: `first_points`, and `first_slope` for each millisecond since `first_from`."""

    highest: Lead | None = None
    """The highest of what waits here, as last worked out; it holds while the token of `top`, the item, is `top_token`."""
    top: Item | None = None
    top_token: int = -1
    bundles: list[Bundle] = field(default_factory=list)
    """In which it is."""
    place: tuple[str, str] = field(init=False)
    """(line, channel)."""
    filed_under: str = field(init=False)
    """The one skill under which it is looked for: whoever fits it has that, too."""

    def __post_init__(self) -> None:
        """Work out what is asked for at every turn."""
        self.place = (self.line.name, self.channel)
        self.filed_under = self.need[-1][0] if self.need else ANYBODY

    def put(self, item: Item) -> None:
        """Let an item stand in line."""
        fixed = self.scale.fixed(item)
        group = self.groups.get(fixed)
        if group is None:
            group = self.groups[fixed] = Group(fixed)
        entry = (item.age_from, item.id, item.token)
        heappush(group.heap, entry)
        leads = group.heap[0][2] == item.token
        if leads:
            self.good_until = group.ends = 0.0
            self.highest = None
        if leads or not self.waiting:
            for bundle in self.bundles:
                bundle.put(self, item, (-fixed, item.age_from, item.id))
        self.waiting += 1
        self.oldest = min(self.oldest, item.age_from)
        item.shape = self

    def work_out_first(self, items: dict[str, Item], now: int) -> Item | None:
        """Return what comes first here at `now`, passing over nothing, and note until when that cannot change."""
        best: Group | None = None
        most, growing = 0.0, []
        until = NEVER
        for group in self.groups.values():
            item = group.first
            if now >= group.ends or item is None or item.token != group.token:
                item = group.work_out(self.scale, items, now)
                if item is None:
                    continue
            score = group.points + (now - group.since) * group.slope
            if group.slope:
                growing.append((score, group.slope))
            until = min(until, group.ends)
            if best is None or score > most or (score == most and older(item, best.first)):
                best, most = group, score
        self.first = best.first if best is not None else None
        if best is None:
            self.good_until = NEVER
            return None
        self.first_token, self.first_points = best.token, best.points
        self.first_slope, self.first_from = best.slope, best.since
        if not best.slope:
            # What still grows may come before what does not.
            for score, slope in growing:
                until = min(until, now + (most - score) / slope)
        self.good_until = until
        return self.first

    def lead(self, items: dict[str, Item]) -> Lead | None:
        """Return the highest of what waits here, passing over nothing; None when nothing does."""
        if self.highest is not None and self.top is not None and self.top.token == self.top_token:
            return self.highest
        self.highest = self.top = None
        for fixed in sorted(self.groups, reverse=True):
            item = pop_left_behind(self.groups[fixed].heap, items)
            if item is not None:
                self.highest = (-fixed, item.age_from, item.id)
                self.top, self.top_token = item, item.token
                break
        return self.highest

    def anybody(self) -> bool:
        """Say whether anyone signed in has what it asks for."""
        return self.present > 0

    def standing(self, items: dict[str, Item]) -> list[Item]:
        """Return everything that stands here, in no particular but always the same order."""
        entries = (entry for group in self.groups.values() for entry in group.heap)
        found = ((items.get(interaction), token) for _, interaction, token in entries)
        return [item for item, token in found if item is not None and item.token == token]

    def knows(self, agent: Agent) -> bool:
        """Say whether an agent stands among the free ones, or is found to the next time it is asked who is free."""
        return agent.id in self.ready or any(pool.knows_since(agent, self.seen) for pool in self.pools)

    def show(self, choice: Choice) -> None:
        """Let an agent stand among the free ones.

        An entry that flatters them is left as it is: it is set right (`correct`) when it comes to the top.
        """
        listed = self.ready.get(choice[3])
        if listed is None or choice < listed:
            self.correct(choice)

    def correct(self, choice: Choice) -> None:
        """Let this be the entry of an agent that counts."""
        self.ready[choice[3]] = choice
        heappush(self.free, choice)
        if len(self.free) > 2 * len(self.ready) + 64:
            self.free[:] = self.ready.values()
            heapify(self.free)


@dataclass(slots=True, frozen=True)
class Rung:
    """One step of an item's way down to the bare requirement; `ms` None = the last one."""

    shape: Shape
    ms: int | None


class Index:
    """All shapes, profiles and ladders under one policy."""

    def __init__(self, fill: Callable[[Pool, list[Profile]], None]) -> None:
        """Call `fill` for every new pool, to list the agents of these profiles who have room."""
        self._fill = fill
        self.pools = Pools()
        self._count = 0
        self._shapes: dict[tuple[str, str, Skills], Shape] = {}
        self._asking: dict[str, dict[int, Shape]] = {}
        """Skill → shapes that ask for it, each under one of its skills; those that ask for none under no name."""
        self._profiles: dict[ProfileKey, Profile] = {}
        self._having: dict[str, dict[int, Profile]] = {}
        """Skill → profiles that have it; under no name all of them."""
        self._bundles = Bundles()
        self._ladders: dict[tuple[str, str, Skills, str | None], tuple[Rung, ...]] = {}

    def profile(self, skills: Skills, lines: tuple[str, ...], languages: tuple[str, ...]) -> Profile:
        """Return the profile of these abilities."""
        key = (skills, lines, languages)
        profile = self._profiles.get(key)
        if profile is None:
            spoken = {LANGUAGE + language: LANGUAGE_LEVEL for language in languages}
            self._count += 1
            profile = self._profiles[key] = Profile(self._count, key, dict(skills) | spoken, lines)
            found: dict[int, Shape] = {}
            for skill in (ANYBODY, *profile.skills):
                self._having.setdefault(skill, {})[profile.number] = profile
                found |= self._asking.get(skill, {})
            for number in sorted(found):
                profile.join(found[number])
            self.pools.join(profile, (ANYBODY, *profile.skills))
        return profile

    def leave(self, agent: Agent) -> None:
        """Take an agent out of their profile; a profile nobody has is dropped."""
        profile = agent.profile
        if profile.members.pop(agent.id, None) is not None and agent.present:
            profile.come(-1)
        self.pools.leave(agent)
        for shape in profile.every_shape():
            shape.ready.pop(agent.id, None)
        if not profile.members:
            for shape in profile.every_shape():
                del shape.profiles[profile.number]
            if profile.bundles is not None:
                self._bundles.give_up(profile.bundles)
            for skill in (ANYBODY, *profile.skills):
                del self._having[skill][profile.number]
            del self._profiles[profile.key]

    def ladder(self, item: Item) -> tuple[Rung, ...]:
        """Return the steps an item goes down, preferences first, its bare requirement last."""
        key = (item.line.name, item.channel, item.skills, item.language)
        ladder = self._ladders.get(key)
        if ladder is None:
            if len(self._ladders) >= MAX_LADDERS:
                self._ladders.clear()
                self._forget_empty()
            ladder = self._ladders[key] = self._build(item)
        return ladder

    def bundles(self, profile: Profile) -> Gathered:
        """Return what the agents of a profile can serve, in bundles."""
        if profile.bundles is None:
            profile.bundles = self._bundles.gather(profile)
        return profile.bundles

    def shapes(self) -> list[Shape]:
        """Return every shape."""
        return list(self._shapes.values())

    def _build(self, item: Item) -> tuple[Rung, ...]:
        line = item.line
        spoken = {LANGUAGE + item.language: LANGUAGE_LEVEL} if item.language else {}
        required = _merged(dict(line.required), dict(item.skills), spoken if line.language == "require" else {})
        wished = spoken if line.language == "prefer" else {}
        rungs = [
            Rung(self._shape(item, _merged(required, dict(step.prefer), wished)), round(step.seconds * 1000))
            for step in line.steps
        ]
        if wished:
            rungs.append(Rung(self._shape(item, _merged(required, wished)), round(line.language_s * 1000)))
        for rung in rungs:
            rung.shape.step = True
        return (*rungs, Rung(self._shape(item, required), None))

    def _shape(self, item: Item, skills: dict[str, int]) -> Shape:
        need = tuple(sorted(skills.items()))
        key = (item.line.name, item.channel, need)
        shape = self._shapes.get(key)
        if shape is None:
            self._count += 1
            shape = Shape(item.line, item.channel, item.rule, need, Scale.of(item.line, item.rule), self._count)
            self._shapes[key] = shape
            self._asking.setdefault(shape.filed_under, {})[shape.number] = shape
            having = self._having.get(shape.filed_under, {})
            self._bundles.widen(shape, [profile for profile in having.values() if profile.join(shape)])
            for pool, profiles in self.pools.open_to(shape, having.values()):
                self._fill(pool, profiles)
        return shape

    def _forget_empty(self) -> None:
        """Drop shapes nothing waits in, when there are too many: requirements come from outside."""
        if len(self._shapes) <= MAX_SHAPES:
            return
        self._shapes = {key: shape for key, shape in self._shapes.items() if shape.waiting}
        self._asking = {}
        for shape in self._shapes.values():
            self._asking.setdefault(shape.filed_under, {})[shape.number] = shape
            shape.bundles.clear()
        self._bundles = Bundles()
        for profile in self._profiles.values():
            profile.forget_empty()
        self.pools.keep(self._shapes.values())
        for profile in self._profiles.values():
            self.pools.join(profile, (ANYBODY, *profile.skills))


def _merged(*parts: dict[str, int]) -> dict[str, int]:
    """Put requirements together; the higher level of a skill counts."""
    merged: dict[str, int] = {}
    for part in parts:
        for skill, level in part.items():
            merged[skill] = max(level, merged.get(skill, 0))
    return merged

"""Pools: who may be free, kept once for a skill and not for every kind of demand that asks for it.

An agent fits a hundred kinds of demand, comes free many times an hour, and is asked for in few of those kinds before they are busy
again.  So they are listed in a few pools only, and a kind of demand looks, when it is asked who is free, at those alone who were
listed since it last did.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contactd.routing.line import ChannelRule

if TYPE_CHECKING:
    from contactd.routing.profiles import Profile
    from contactd.routing.shapes import Shape
    from contactd.routing.state import Agent

EVERY_LINE = "*"
"""The line of those who are members of all."""


@dataclass(slots=True, eq=False)
class Pool:
    """Agents of one line with one skill who may have one kind of room (`ChannelRule.room`), the latest to be listed last."""

    rule: ChannelRule
    latest: int = 0
    """When somebody was last listed."""
    listed: dict[str, tuple[int, Agent]] = field(default_factory=dict)
    """Agent → when they were listed, counted by `Pools`."""

    def since(self, seen: int) -> list[Agent]:
        """Return who was listed after a moment, the latest first."""
        found = []
        for name in reversed(self.listed):
            entry = self.listed[name]
            if entry[0] <= seen:
                break
            found.append(entry[1])
        return found

    def knows_since(self, agent: Agent, seen: int) -> bool:
        """Say whether an agent was listed after a moment."""
        entry = self.listed.get(agent.id)
        return entry is not None and entry[0] > seen


Key = tuple[str, str, str]
"""(line, skill, room)."""


class Pools:
    """All pools that a kind of demand looks at."""

    def __init__(self) -> None:
        self.count = 0
        """How often somebody was listed."""
        self._known: dict[Key, Pool] = {}
        self._of: dict[tuple[str, str], list[Pool]] = {}
        """(line, skill) → its pools."""

    def __len__(self) -> int:
        return len(self._known)

    def listed(self) -> int:
        """Return how many entries there are in all of them."""
        return sum(len(pool.listed) for pool in self._known.values())

    def put(self, agent: Agent, pools: Iterable[Pool]) -> None:
        """List an agent, the latest of all."""
        self.count += 1
        name, entry = agent.id, (self.count, agent)
        for pool in pools:
            pool.listed.pop(name, None)
            pool.listed[name] = entry
            pool.latest = self.count

    def open_to(self, shape: Shape, having: Iterable[Profile]) -> list[tuple[Pool, list[Profile]]]:
        """Let a kind of demand look at its pools; return those that are new, each with the profiles that belong there.

        `having` are the profiles that have the skill under which it is filed.
        """
        begun = []
        found = []
        for line in (shape.line.name, EVERY_LINE):
            key = (line, shape.filed_under, shape.rule.room)
            pool = self._known.get(key)
            if pool is None:
                pool = self._known[key] = Pool(shape.rule)
                self._of.setdefault(key[:2], []).append(pool)
                members = [profile for profile in having if line in lines_of(profile)]
                for profile in members:
                    _belong(profile, pool)
                begun.append((pool, members))
            found.append(pool)
        shape.pools = tuple(found)
        return begun

    def keep(self, shapes: Iterable[Shape]) -> None:
        """Drop what none of these kinds of demand looks at; all profiles are to join anew."""
        kept = dict.fromkeys(pool for shape in shapes for pool in shape.pools)
        self._known = {key: pool for key, pool in self._known.items() if pool in kept}
        self._of = {}
        for key, pool in self._known.items():
            self._of.setdefault(key[:2], []).append(pool)

    def join(self, profile: Profile, skills: Iterable[str]) -> None:
        """Let a profile belong to the pools there are."""
        for skill in skills:
            for line in lines_of(profile):
                for pool in self._of.get((line, skill), ()):
                    _belong(profile, pool)

    def leave(self, agent: Agent) -> None:
        """Strike an agent out of the pools of their profile."""
        for pools in agent.profile.pools.values():
            for pool in pools:
                pool.listed.pop(agent.id, None)
        agent.listed.clear()


def lines_of(profile: Profile) -> tuple[str, ...]:
    """Return the lines whose pools a profile belongs to."""
    return (EVERY_LINE,) if EVERY_LINE in profile.lines else profile.lines


def _belong(profile: Profile, pool: Pool) -> None:
    profile.pools.setdefault(pool.rule.room, []).append(pool)

"""Profiles: one for each kind of ability among the agents, with the kinds of demand they can serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contactd.core.events import Skills

if TYPE_CHECKING:
    from contactd.routing.bundles import Gathered
    from contactd.routing.pools import Pool
    from contactd.routing.shapes import Shape
    from contactd.routing.state import Agent

ProfileKey = tuple[Skills, tuple[str, ...], tuple[str, ...]]
"""(skills, lines, languages)."""


@dataclass(slots=True, eq=False)
class Profile:
    """One kind of ability."""

    number: int
    key: ProfileKey
    skills: dict[str, int]
    lines: tuple[str, ...]
    shapes: dict[tuple[str, str], list[Shape]] = field(default_factory=dict)
    """What these agents can serve, by line and channel."""
    pools: dict[str, list[Pool]] = field(default_factory=dict)
    """Where these agents are listed when they are free, by what decides their room (`ChannelRule.room`)."""
    bundles: Gathered | None = None
    """The same kinds in bundles; None = to be gathered when next asked for."""
    members: dict[str, Agent] = field(default_factory=dict)
    present: int = 0
    """How many of them are signed in."""
    worths: dict[int, int] = field(default_factory=dict)
    """By the number of a shape: the sum of their levels in what it asks for."""

    def come(self, agents: int) -> None:
        """So many more (or fewer) of these agents are signed in."""
        before = self.present > 0
        self.present += agents
        if (self.present > 0) != before:
            for shape in self.every_shape():
                shape.present += -1 if before else 1

    def every_shape(self) -> Iterator[Shape]:
        """Yield what these agents can serve."""
        for shapes in self.shapes.values():
            yield from shapes

    def fits(self, shape: Shape) -> bool:
        """Say whether these agents are members of the shape's line and have every skill it needs."""
        if "*" not in self.lines and shape.line.name not in self.lines:
            return False
        return all(self.skills.get(skill, 0) >= level for skill, level in shape.need)

    def worth(self, shape: Shape) -> int:
        """Return the sum of these agents' levels in what a shape asks for."""
        worth = self.worths.get(shape.number)
        if worth is None:
            worth = self.worths[shape.number] = sum(self.skills.get(skill, 0) for skill, _ in shape.need)
        return worth

    def join(self, shape: Shape) -> bool:
        """Write a kind of demand in, if they can serve it; return whether they can."""
        if not self.fits(shape):
            return False
        shapes = self.shapes.get(shape.place)
        if shapes is None:
            shapes = self.shapes[shape.place] = []
        shapes.append(shape)
        shape.profiles[self.number] = self
        shape.present += self.present > 0
        return True

    def forget_empty(self) -> None:
        """Forget the kinds of demand nothing waits in."""
        for shapes in self.shapes.values():
            shapes[:] = [shape for shape in shapes if shape.waiting]
        self.bundles = None
        self.pools.clear()
        self.worths.clear()

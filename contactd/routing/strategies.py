"""How a line chooses among the agents who could take an item: one comparator a strategy.

Each returns what is compared, the smallest first; ties go by the agent's id.  What is compared is what stood when the agent last
changed, so that free agents can stand in a heap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from contactd.routing.shapes import Choice, Shape
from contactd.routing.state import Agent


def _longest_idle(agent: Agent, _shape: Shape | None, idle: float, _now: int) -> Choice:
    return (float(agent.used), idle, 0.0, agent.id)


def _best_skill(agent: Agent, shape: Shape, idle: float, _now: int) -> Choice:
    return (-float(agent.profile.worth(shape)), float(agent.used), idle, agent.id)


def _least_occupied(agent: Agent, _shape: Shape | None, idle: float, now: int) -> Choice:
    """Compare the part of the time since signing in that an agent had work in hand, in whole thousandths."""
    busy = agent.busy + (now - agent.busy_from if agent.busy_from else 0)
    present = now - agent.signed_at
    return (busy * 1000.0 // present if present > 0 else 0.0, float(agent.used), idle, agent.id)


def _round_robin(agent: Agent, _shape: Shape | None, _idle: float, _now: int) -> Choice:
    return (float(agent.given), 0.0, 0.0, agent.id)


def _fewest_active(agent: Agent, _shape: Shape | None, idle: float, _now: int) -> Choice:
    return (float(len(agent.work) + len(agent.offers)), idle, 0.0, agent.id)


def _weighted(agent: Agent, shape: Shape, idle: float, _now: int) -> Choice:
    """Every level of skill above what is needed is worth a minute of idle time."""
    known = agent.profile.skills
    surplus = sum(known.get(skill, 0) - level for skill, level in shape.need)
    return (float(agent.used), idle - surplus * 60_000.0, 0.0, agent.id)


ALIKE: dict[str, Callable[[Agent, Shape | None, float, int], Choice]] = {
    "longest_idle": _longest_idle,
    "least_occupied": _least_occupied,
    "round_robin": _round_robin,
    "fewest_active": _fewest_active,
}
"""Strategies that compare agents alike for every item; the others by what an item needs, then as `longest_idle` does."""

STRATEGIES: dict[str, Callable[[Agent, Shape, float, int], Choice]] = {
    **ALIKE,
    "best_skill": _best_skill,
    "weighted": _weighted,
}
"""How agents are compared: pure, by what stands at the moment they became free; ties go by the agent's id."""


def compared_alike(strategies: Iterable[str]) -> tuple[Callable[[Agent, Shape | None, float, int], Choice], ...]:
    """Return what an agent's entries under these strategies get worse with, and not otherwise."""
    return tuple(ALIKE[name] for name in sorted({name if name in ALIKE else "longest_idle" for name in strategies}))

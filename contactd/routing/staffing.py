"""How many agents an interval needs: Erlang C (customers wait for ever) and Erlang A (they lose patience).

Both take Poisson arrivals and exponential handling times on one kind of agent.  Erlang C: A. K. Erlang, 1917.  Erlang A (Palm,
M/M/n+M): the chain's stationary probabilities, and the density of the wait that a customer of endless patience would have, after
Baccelli and Hebuterne, "On queues with impatient customers", Performance '81.  Shared skills are asked of the simulation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MOST_AGENTS = 20_000
_TINY = 1e-18
_POINTS = 16
_PANELS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What comes in during an interval: mean arrivals and handling time, patience and the promise made to customers."""

    arrivals: float
    """Contacts expected in the interval."""
    interval_s: float
    handle_s: float
    """Mean handling time, wrap-up included."""
    within_s: float = 20.0
    """The promise: answered within so many seconds."""
    patience_s: float | None = None
    """Mean time until a customer gives up; None = never (Erlang C)."""

    @property
    def erlangs(self) -> float:
        """Offered traffic: how many agents would be busy on average if nobody ever waited."""
        return self.arrivals / self.interval_s * self.handle_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a number of agents gives."""

    agents: int
    service_level: float
    """Part of all customers who are answered within the promise."""
    asa_s: float
    """Mean wait of all customers, those who gave up included; infinite when the work never ends."""
    p_wait: float
    """Part of the customers who wait at all."""
    abandon: float
    """Part of the customers who give up."""
    occupancy: float
    """Part of the time an agent is busy."""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data; an infinite wait is null."""
        return {
            "agents": self.agents,
            "service_level": self.service_level,
            "asa_s": self.asa_s if math.isfinite(self.asa_s) else None,
            "p_wait": self.p_wait,
            "abandon": self.abandon,
            "occupancy": self.occupancy,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is asked of an interval; the fewest agents that meet all of it are wanted."""

    service_level: float = 0.8
    abandon: float | None = None
    """At most this part may give up."""
    asa_s: float | None = None
    """The mean wait may be at most this."""
    occupancy: float = 1.0
    """An agent may be busy at most this part of the time."""
    shrinkage: float = 0.0
    """Part of the paid time in which people are not at work: breaks, training, illness."""

    def met(self, figures: Figures) -> bool:
        """Say whether all of it is met."""
        return (
            figures.service_level >= self.service_level
            and figures.occupancy <= self.occupancy
            and (self.abandon is None or figures.abandon <= self.abandon)
            and (self.asa_s is None or figures.asa_s <= self.asa_s)
        )

    def scheduled(self, agents: int) -> int:
        """Return how many must be on the roster so that so many are at work."""
        return math.ceil(agents / (1 - self.shrinkage) - 1e-9)


def erlang_b(agents: int, erlangs: float) -> float:
    """Return the part of the calls that find every agent busy when nobody can wait."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = erlangs * blocked / (n + erlangs * blocked)
    return blocked


def erlang_c(agents: int, erlangs: float) -> float:
    """Return the part of the customers who wait when all do; 1 when the work never ends."""
    if erlangs >= agents:
        return 1.0
    blocked = erlang_b(agents, erlangs)
    return blocked / (1 - erlangs / agents * (1 - blocked))


def figures(load: Load, agents: int) -> Figures:
    """Return what a number of agents gives for a load."""
    if load.arrivals <= 0:
        return Figures(agents=agents, service_level=1.0, asa_s=0.0, p_wait=0.0, abandon=0.0, occupancy=0.0)
    if load.patience_s is None:
        return _patient(load, agents)
    return _impatient(load, agents, load.patience_s)


def _patient(load: Load, agents: int) -> Figures:
    waits = erlang_c(agents, load.erlangs)
    spare = agents - load.erlangs
    if spare <= 0:
        return Figures(agents=agents, service_level=0.0, asa_s=math.inf, p_wait=1.0, abandon=0.0, occupancy=1.0)
    return Figures(
        agents=agents,
        service_level=1 - waits * math.exp(-spare * load.within_s / load.handle_s),
        asa_s=waits * load.handle_s / spare,
        p_wait=waits,
        abandon=0.0,
        occupancy=load.erlangs / agents,
    )


def _impatient(load: Load, agents: int, patience_s: float) -> Figures:
    arriving, serving, leaving = load.arrivals / load.interval_s, agents / load.handle_s, 1 / patience_s
    blocked = erlang_b(agents, load.erlangs)
    beyond = waiting = 0.0
    weight, place = 1.0, 0
    while place < agents + 10 or weight > _TINY * beyond:
        place += 1
        weight *= arriving / (serving + place * leaving)
        beyond += weight
        waiting += place * weight
    full = blocked / (1 + blocked * beyond)
    queue = waiting * full
    abandon = min(leaving * queue / arriving, 1.0)
    p_wait = full * (1 + beyond)
    before = full * agents / load.erlangs

    def answered(at: float) -> float:
        """Density of being answered after waiting `at`: nobody else is before them then, and they are still there."""
        grown = arriving / leaving * -math.expm1(-leaving * at) - (serving + leaving) * at
        return arriving * before * math.exp(grown)

    late = _integral(answered, load.within_s, max(serving, arriving)) if agents else 0.0
    return Figures(
        agents=agents,
        service_level=min(1 - p_wait + late, 1.0),
        asa_s=queue / arriving,
        p_wait=p_wait,
        abandon=abandon,
        occupancy=load.erlangs * (1 - abandon) / agents if agents else 0.0,
    )


def needed(load: Load, goal: Goal) -> Figures | None:
    """Return the fewest agents that meet a goal with what they give; None when no number does.

    More agents never make any figure worse, so the number is found by halving.
    """
    if load.arrivals <= 0:
        return figures(load, 0)
    high = max(math.ceil(load.erlangs), 1)
    while not goal.met(figures(load, high)):
        if high >= MOST_AGENTS:
            return None
        high = min(high * 2, MOST_AGENTS)
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if goal.met(figures(load, middle)) else (middle, high)
    return figures(load, high)


def _integral(density: Callable[[float], float], until: float, rate: float) -> float:
    """Integrate a smooth density that changes at a rate from 0 to `until`, by Gauss and Legendre's rule on panels."""
    panels = min(math.ceil(until * rate / _POINTS) + 1, _PANELS)
    width = until / panels
    total = 0.0
    for panel in range(panels):
        middle = (panel + 0.5) * width
        total += sum(weight * density(middle + node * width / 2) for node, weight in _RULE)
    return total * width / 2


def _rule(points: int) -> list[tuple[float, float]]:
    """Return nodes and weights of Gauss and Legendre's rule on [-1, 1]; the nodes are found by Newton's method."""
    found = []
    for number in range(points):
        at = math.cos(math.pi * (number + 0.75) / (points + 0.5))
        slope = 0.0
        for _ in range(50):
            before, value = 1.0, at
            for degree in range(2, points + 1):
                before, value = value, ((2 * degree - 1) * at * value - (degree - 1) * before) / degree
            slope = points * (at * value - before) / (at * at - 1)
            at -= value / slope
        found.append((at, 2 / ((1 - at * at) * slope * slope)))
    return found


_RULE = _rule(_POINTS)

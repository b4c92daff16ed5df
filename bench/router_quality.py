"""How near the router's choices come to the best that could be chosen: against a scan of everything, and an optimal assignment.

    PYTHONPATH=. .venv/bin/python bench/router_quality.py [--floors 300] [--agents 12] [--waiting 12]

Small floors at one instant: so many items wait, then so many agents become free one after the other.  The *scan* lets each of
them look at everything that waits: the rule book, word by word, without an index.  The *optimum*
(`scipy.optimize.linear_sum_assignment`) knows everything in advance and serves the most items it can, and of those plans the
one with the highest sum of scores.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
from scipy.optimize import linear_sum_assignment

from contactd.core import effects, events
from contactd.routing.policy import Policy
from contactd.routing.router import Router

START = datetime(2026, 11, 2, 2, tzinfo=UTC)
SKILLS = ("billing", "german", "network", "sales", "returns", "complaints")
POLICY = {"lines": {"support": {}, "vip": {"base": 2}}}
MUCH = 1e6
"""Worth of serving one more item: more than any sum of scores here."""


def floor(seed: int, agents: int, waiting: int) -> tuple[Router, datetime]:
    """Return a router with calls in line and agents who are signed in and not ready."""
    dice = random.Random(seed)
    router, now = Router(Policy.from_mapping(POLICY)), START
    for number in range(agents):
        skills = tuple((skill, dice.randint(1, 10)) for skill in sorted(dice.sample(SKILLS, dice.randint(1, 4))))
        name = f"a{number:02d}"
        router.handle(events.AgentConfigured(agent=name, skills=skills, lines=("*",), device="SIP/1"), now)
        router.handle(events.IntentSet(agent=name, intent="not_ready"), now)
    for number in range(waiting):
        needs = tuple((skill, dice.randint(1, 8)) for skill in sorted(dice.sample(SKILLS, dice.randint(1, 2))))
        line = dice.choice(("support", "support", "vip"))
        now += timedelta(seconds=dice.randint(1, 40))
        router.handle(
            events.InteractionArrived(interaction=f"i{number:02d}", channel="voice", line=line, skills=needs), now
        )
    return router, now


def scores(router: Router, now: datetime) -> tuple[list[str], list[str], np.ndarray]:
    """Return items, agents, and the score of each item for each agent who may take it (else nothing)."""
    inside = router._floor  # noqa: SLF001 - the bench looks on
    items, agents = sorted(inside.items), sorted(inside.agents)
    table = np.full((len(items), len(agents)), -np.inf)
    inside.turn_to(now)
    for row, name in enumerate(items):
        item = inside.items[name]
        shape = inside.index.ladder(item)[-1].shape
        for column, agent in enumerate(agents):
            if inside.agents[agent].profile.fits(shape):
                table[row, column] = shape.scale.of_item(item, inside.now)
    return items, agents, table


def routed(router: Router, now: datetime, order: list[str]) -> dict[str, str]:
    """Let agents become ready one after another at one instant; return who was offered what."""
    given = {}
    for agent in order:
        for wish in router.handle(events.IntentSet(agent=agent, intent="ready"), now):
            if isinstance(wish, effects.Offer):
                given[wish.interaction] = wish.agent
    return given


def scanned(items: list[str], agents: list[str], table: np.ndarray, order: list[str]) -> dict[str, str]:
    """Do the same without an index: each agent who becomes ready looks at everything that waits."""
    given: dict[str, str] = {}
    for agent in order:
        column = agents.index(agent)
        best = [(-table[row, column], row) for row, name in enumerate(items) if name not in given]
        score, row = min(best, default=(np.inf, -1))
        if score < np.inf:
            given[items[row]] = agent
    return given


def optimum(table: np.ndarray) -> tuple[int, float]:
    """Return how many items can be served at most, and the highest sum of their scores."""
    worth = np.where(np.isfinite(table), table + MUCH, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    served = [table[row, column] for row, column in zip(rows, columns, strict=True) if np.isfinite(table[row, column])]
    return len(served), float(sum(served))


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--floors", type=int, default=300)
    options.add_argument("--agents", type=int, default=12)
    options.add_argument("--waiting", type=int, default=12)
    said = options.parse_args()
    counts, sums, same = [], [], 0
    for seed in range(said.floors):
        router, now = floor(seed, said.agents, said.waiting)
        items, agents, table = scores(router, now)
        order = list(agents)
        random.Random(seed).shuffle(order)
        ours, theirs = routed(router, now, order), scanned(items, agents, table, order)
        same += ours == theirs
        most, best = optimum(table)
        got = sum(table[items.index(name), agents.index(agent)] for name, agent in ours.items())
        counts.append(len(ours) / most if most else 1.0)
        sums.append(got / best if best else 1.0)
    print(f"{said.floors} floors of {said.waiting} items and {said.agents} agents, python {sys.version.split()[0]}")
    print(f"the same as a scan of everything: {same} of {said.floors}")
    for word, found in (("items served", counts), ("sum of scores", sums)):
        low = statistics.quantiles(found, n=20)[0]
        print(
            f"{word} against the optimum: mean {statistics.mean(found):.1%}, 5 % of floors below {low:.1%}, worst {min(found):.1%}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

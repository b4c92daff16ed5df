"""How many facts a second the router takes, and how that changes when the floor grows.

    .venv/bin/python bench/router.py [--rounds 5] [--facts 30000] [--agents 1000] [--waiting 10000]
    .venv/bin/python bench/router.py --curve agents | waiting
    .venv/bin/python bench/router.py --memory

The day of `router_day.py` is lived once and written down; what is measured is a router that takes its facts, each after the tick
of its moment.  The given floor and one ten times as large run in one process, interleaved; medians and spread are printed, and the
cost per fact of the large one as a ratio of the small one's.  All is processor time, so that others on a busy machine hardly count.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from router_day import POLICY, Script, World, recorded

from contactd.app import COLLECT
from contactd.routing.policy import Policy
from contactd.routing.router import Router

CURVES = {
    "agents": [(100, 10_000), (300, 10_000), (1_000, 10_000), (3_000, 10_000), (10_000, 10_000)],
    "waiting": [(1_000, 1_000), (1_000, 10_000), (1_000, 100_000), (1_000, 1_000_000)],
}


@dataclass
class Floor:
    """A router on a filled floor, the facts of its day, and what they cost."""

    agents: int
    waiting: int
    facts: int
    rounds: int
    costs: list[float] = field(default_factory=list)
    """Processor seconds for each fact, by round."""
    late: list[float] = field(default_factory=list)
    """Processor seconds the slowest hundredth takes at least, by round."""

    def __post_init__(self) -> None:
        """Live the day, and bring a fresh router to where it begins."""
        warming = self.facts // 4
        filling, self.day, self.offers = recorded(self.agents, self.waiting, warming + self.facts * self.rounds)
        self.router = Router(Policy.from_mapping(POLICY))
        self._take(filling)
        self._take(self.day[:warming])
        self.place = warming

    def _take(self, script: Script) -> list[float]:
        """Let the router take facts; return the processor seconds of each."""
        tick, handle, clock = self.router.tick, self.router.handle, time.thread_time
        spent = []
        for at, fact in script:
            begin = clock()
            tick(at)
            handle(fact, at)
            spent.append(clock() - begin)
        return spent

    def round(self) -> None:
        """Take one round of facts, measured."""
        script = self.day[self.place : self.place + self.facts]
        self.place += self.facts
        begin = time.process_time()
        spent = self._take(script)
        self.costs.append((time.process_time() - begin) / len(script))
        self.late.append(statistics.quantiles(spent, n=100)[98])

    def told(self) -> str:
        """Say what came of it."""
        cost = statistics.median(self.costs)
        waiting = sum(len(line) for line in self.router.waiting().values())
        return (
            f"{self.agents:>7,} agents x {self.waiting:>9,} waiting: {1 / cost:>8,.0f} facts/s "
            f"(median; {1 / max(self.costs):,.0f}-{1 / min(self.costs):,.0f}), p99 {statistics.median(self.late) * 1e6:,.0f} us, "
            f"{self.offers:,} offers in the day, {waiting:,} waiting at the end"
        )


def yard(turns: int = 500_000) -> float:
    """Return the nanoseconds of processor time a fixed piece of work takes now: others on the machine slow it down, too."""
    small: dict[int, int] = {}
    begin = time.process_time()
    for number in range(turns):
        small[number & 1023] = number
    return (time.process_time() - begin) / turns * 1e9


def compare(sizes: list[tuple[int, int]], facts: int, rounds: int) -> list[Floor]:
    """Measure floors of these sizes, interleaved, and print."""
    floors = [Floor(agents, waiting, facts, rounds) for agents, waiting in sizes]
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)  # as in the server
    yards = []
    for _ in range(rounds):
        for floor in floors:
            floor.round()
        yards.append(yard())
    yards.sort()
    print(
        f"python {sys.version.split()[0]}, {rounds} rounds of {facts} facts; one store into a small dict took "
        f"{statistics.median(yards):.0f} ns ({yards[0]:.0f}-{yards[-1]:.0f})"
    )
    for floor in floors:
        print(floor.told())
    return floors


def weigh(agents: int = 100, waiting: int = 200_000) -> None:
    """Print what one more waiting item takes of memory."""
    world = World(agents, 1_000)
    facts = [(world.now, world.arrival()) for _ in range(waiting)]
    gc.collect()
    before = _resident()
    for at, fact in facts:
        world.router.handle(fact, at)
    gc.collect()
    print(f"{waiting:,} more waiting: {(_resident() - before) / waiting:,.0f} bytes each, their facts apart")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def main() -> None:
    """Read what is wanted, measure and print."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--facts", type=int, default=20_000)
    options.add_argument("--agents", type=int, default=1_000)
    options.add_argument("--waiting", type=int, default=10_000)
    options.add_argument("--curve", choices=CURVES)
    options.add_argument("--alone", action="store_true", help="without the floor ten times as large")
    options.add_argument("--memory", action="store_true")
    chosen = options.parse_args()
    if chosen.memory:
        weigh()
    elif chosen.curve:
        for size in CURVES[chosen.curve]:
            compare([size], chosen.facts, chosen.rounds)
            gc.unfreeze()
    elif chosen.alone:
        compare([(chosen.agents, chosen.waiting)], chosen.facts, chosen.rounds)
    else:
        sizes = [(chosen.agents, chosen.waiting), (chosen.agents * 10, chosen.waiting * 10)]
        small, large = compare(sizes, chosen.facts, chosen.rounds)
        ratio = statistics.median(large.costs) / statistics.median(small.costs)
        print(f"cost of a fact, large floor to small floor: {ratio:.2f}x")


if __name__ == "__main__":
    main()

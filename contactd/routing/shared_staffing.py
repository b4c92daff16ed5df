"""How many of each team are needed where skills are shared: found by trying, on virtual days with the real router.

Formulas for one kind of agent (`staffing`) cannot say it.  First one agent after another is added to the team that helps most,
until every line keeps its promise; then whoever can be spared is taken away again.  What is found is such that nobody can be
spared from any team; it need not be the only such answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contactd.routing.measures import measure
from contactd.routing.policy import Policy
from contactd.routing.traffic import Team, Traffic
from contactd.routing.virtual import live

MOST_TRIES = 400
_HALF_HOUR_MS = 1_800_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Agents by team, and what they give."""

    counts: dict[str, int]
    levels: dict[str, float]
    """`line channel` → service level over all days."""
    occupancy: float
    tries: int
    enough: bool
    """False: no number that was tried keeps every promise."""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "teams": self.counts,
            "agents": sum(self.counts.values()),
            "service_levels": self.levels,
            "occupancy": self.occupancy,
            "tries": self.tries,
            "enough": self.enough,
        }


class _Trial:
    """Tries numbers of agents, each once."""

    def __init__(self, policy: Policy, teams: Sequence[Team], days: Sequence[Traffic], target: float) -> None:
        self.teams = tuple(teams)
        self.target = target
        self._policy = policy
        self._days = days
        self._known: dict[tuple[int, ...], tuple[dict[str, float], float]] = {}

    @property
    def tries(self) -> int:
        """How many numbers were tried."""
        return len(self._known)

    def levels(self, counts: tuple[int, ...]) -> tuple[dict[str, float], float]:
        """Return the service level of each line and channel, and the occupancy, with so many of each team."""
        if counts not in self._known:
            self._known[counts] = self._try(counts)
        return self._known[counts]

    def _try(self, counts: tuple[int, ...]) -> tuple[dict[str, float], float]:
        people = tuple(
            person
            for team, count in zip(self.teams, counts, strict=True)
            for person in replace(team, count=count).people()
        )
        within: dict[str, list[int]] = {}
        busy = []
        for day in self._days:
            found = measure(live(self._policy, replace(day, people=people)), day.start, _HALF_HOUR_MS)
            for line, sums in found.lines.items():
                both = within.setdefault(line, [0, 0])
                both[0] += sums.within
                both[1] += sums.answered + sums.abandoned + sums.left
            busy.append(found.occupancy or 0.0)
        levels = {line: ok / counted if counted else 1.0 for line, (ok, counted) in sorted(within.items())}
        return levels, sum(busy) / len(busy)

    def lacking(self, counts: tuple[int, ...]) -> float:
        """Return by how much the promises are missed, all lines together; 0 = all are kept."""
        return sum(max(self.target - level, 0.0) for level in self.levels(counts)[0].values())


def staff(
    policy: Policy,
    teams: Sequence[Team],
    days: Sequence[Traffic],
    target: float,
    hear: Callable[[tuple[int, ...], float], None] = lambda _counts, _lacking: None,
) -> Found:
    """Find how many of each team keep every line's promise.

    Args:
        policy: rules the days.
        teams: kinds of agents with their hours; their counts are where the search begins.
        days: the traffic.
        target: the service level every line and channel must reach.
        hear: is told every step.
    """
    trial = _Trial(policy, teams, days, target)
    counts = tuple(team.count for team in teams)
    while (lacking := trial.lacking(counts)) > 0 and trial.tries < MOST_TRIES:
        hear(counts, lacking)
        counts = min(
            (_with(counts, place, 1) for place in range(len(counts))), key=lambda one: (trial.lacking(one), one)
        )
    spared = trial.lacking(counts) == 0
    while spared and trial.tries < MOST_TRIES:
        spared = False
        for place in range(len(counts)):
            fewer = _with(counts, place, -1)
            if fewer[place] >= 0 and trial.lacking(fewer) == 0:
                hear(fewer, 0.0)
                counts, spared = fewer, True
    levels, occupancy = trial.levels(counts)
    return Found(
        counts={team.name: count for team, count in zip(trial.teams, counts, strict=True)},
        levels=levels,
        occupancy=occupancy,
        tries=trial.tries,
        enough=trial.lacking(counts) == 0,
    )


def _with(counts: tuple[int, ...], place: int, change: int) -> tuple[int, ...]:
    return (*counts[:place], counts[place] + change, *counts[place + 1 :])

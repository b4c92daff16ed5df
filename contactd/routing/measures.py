"""The figures of a virtual day, by the definitions of the reports.

SL = answered within the target / (answered + abandoned - abandoned short).  A contact counts where and when it came in, against
its own line's and channel's target.  ASA is the mean wait of the answered.  Deferred work counts as answered when an agent takes
it.  Occupancy = time with work in hand or being rung / time ready or with work.  Fairness is Jain's index of the agents'
occupancy (R. Jain, D. Chiu, W. Hawe, DEC TR-301, 1984): 1 when all are equally busy, 1/n when one does everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from contactd.routing.spread import jain, percentile
from contactd.routing.virtual import Fate, Lived, Shift

ANSWERED, ABANDONED, SHORT, LEFT = "answered", "abandoned", "short_abandoned", "left"


@dataclass(slots=True)
class Figures:
    """Sums over some contacts."""

    offered: int = 0
    answered: int = 0
    within: int = 0
    abandoned: int = 0
    short: int = 0
    left: int = 0
    """Still in line when the day was over."""
    other: int = 0
    """Overflowed, closed for junk and the like."""
    waits: list[int] = field(default_factory=list)
    """Of the answered, in milliseconds."""

    def add(self, fate: Fate, target_ms: float) -> None:
        """Count one contact."""
        self.offered += 1
        if fate.outcome == ANSWERED and fate.wait_ms is not None:
            self.answered += 1
            self.within += fate.wait_ms <= target_ms
            self.waits.append(fate.wait_ms)
        elif fate.outcome == ABANDONED:
            self.abandoned += 1
        elif fate.outcome == SHORT:
            self.short += 1
        elif fate.outcome == LEFT:
            self.left += 1
        else:
            self.other += 1

    @property
    def service_level(self) -> float | None:
        """Return the part that was answered in time; None when nothing counts."""
        counted = self.answered + self.abandoned
        return self.within / counted if counted else None

    @property
    def abandon_rate(self) -> float | None:
        """Return the part that gave up, short ones aside."""
        counted = self.answered + self.abandoned
        return self.abandoned / counted if counted else None

    @property
    def asa_s(self) -> float | None:
        """Return the mean wait of the answered."""
        return sum(self.waits) / len(self.waits) / 1000 if self.waits else None

    def percentile_s(self, part: float) -> float | None:
        """Return the wait that `part` of the answered did not exceed."""
        return percentile(self.waits, part) / 1000 if self.waits else None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "offered": self.offered,
            "answered": self.answered,
            "abandoned": self.abandoned,
            "short_abandoned": self.short,
            "left": self.left,
            "other": self.other,
            "service_level": self.service_level,
            "abandon_rate": self.abandon_rate,
            "asa_s": self.asa_s,
            "p50_s": self.percentile_s(0.5),
            "p90_s": self.percentile_s(0.9),
        }


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one day."""

    all: Figures
    lines: dict[str, Figures]
    """By line and channel, as `line channel`."""
    intervals: dict[int, Figures]
    """By the moment the interval began."""
    agents: dict[str, float]
    """Occupancy of everybody who was there."""
    occupancy: float | None
    fairness: float | None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **self.all.as_json(),
            "occupancy": self.occupancy,
            "fairness": self.fairness,
            "lines": {name: figures.as_json() for name, figures in self.lines.items()},
            "intervals": [{"at": at, **figures.as_json()} for at, figures in self.intervals.items()],
            "agents": self.agents,
        }


def measure(lived: Lived, start: int, interval_ms: int) -> Measured:
    """Work out the figures of a day; intervals are counted from `start`."""
    whole, lines, intervals = Figures(), dict[str, Figures](), dict[int, Figures]()
    for fate in lived.fates.values():
        contact = fate.contact
        target = lived.policy.rule(contact.line, contact.channel).sla_s * 1000
        at = start + (contact.at - start) // interval_ms * interval_ms
        whole.add(fate, target)
        lines.setdefault(f"{contact.line} {contact.channel}", Figures()).add(fate, target)
        intervals.setdefault(at, Figures()).add(fate, target)
    there = {name: shift for name, shift in sorted(lived.shifts.items()) if shift.ready_ms}
    agents = {name: shift.occupancy or 0.0 for name, shift in there.items()}
    return Measured(
        all=whole,
        lines=dict(sorted(lines.items())),
        intervals=dict(sorted(intervals.items())),
        agents=agents,
        occupancy=_occupancy(there.values()),
        fairness=jain(agents.values()),
    )


def _occupancy(shifts: Iterable[Shift]) -> float | None:
    shifts = list(shifts)
    ready = sum(shift.ready_ms for shift in shifts)
    return sum(shift.busy_ms for shift in shifts) / ready if ready else None

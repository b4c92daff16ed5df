"""Two ways to run the same days, compared: what each comes to, how sure the difference is, and who gained and who lost.

Both ways meet the same customers with the same patience and the same amount of work, so that a difference of a day is a
difference of the ways alone; over several days its mean is given with the half width of the 95 % interval (Student's t).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from contactd.routing.measures import ABANDONED, ANSWERED, SHORT, Figures, Measured, measure
from contactd.routing.policy import Policy
from contactd.routing.traffic import Person, Traffic
from contactd.routing.virtual import Fate, Lived, live

NOTICED_MS = 1000
"""A wait that differs by less is the same."""
INTERVAL_MS = 1_800_000
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
"""Student's t for 95 %, by degrees of freedom from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to run a day: a policy and who is there."""

    name: str
    policy: Policy
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both ways: means over the days, and how sure their difference is."""

    live: float | None
    draft: float | None
    sure: float | None
    """Half width of the 95 % interval of the difference; None with one day."""

    @property
    def difference(self) -> float | None:
        """Return draft - live."""
        return None if self.live is None or self.draft is None else self.draft - self.live

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"live": self.live, "draft": self.draft, "difference": self.difference, "sure": self.sure}


@dataclass(slots=True)
class Group:
    """Customers alike: how they fared under the draft, each against themselves under the live way."""

    count: int = 0
    gained: int = 0
    """Waited less, or were answered instead of giving up."""
    lost: int = 0
    waits_ms: int = 0
    """Sum of the differences of the waits of those answered both times."""
    both: int = 0
    before: Figures = field(default_factory=Figures)
    after: Figures = field(default_factory=Figures)

    @property
    def mean_s(self) -> float | None:
        """Return by how many seconds the wait of those answered both times changed on average."""
        return self.waits_ms / self.both / 1000 if self.both else None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "count": self.count,
            "gained": self.gained,
            "lost": self.lost,
            "wait_change_s": self.mean_s,
            "service_level": {"live": self.before.service_level, "draft": self.after.service_level},
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two ways came to."""

    live: str
    draft: str
    days: int
    contacts: int
    figures: dict[str, Figure]
    lines: dict[str, dict[str, Figure]]
    """By `line channel`."""
    groups: dict[str, Group]
    """By `Contact.kind`."""
    agents: dict[str, Figure]
    """Occupancy."""
    intervals: dict[int, dict[str, Figure]]
    """By milliseconds since the day's start."""
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""

        def plain(figures: dict[str, Figure]) -> dict[str, Any]:
            return {name: figure.as_json() for name, figure in figures.items()}

        return {
            "live": self.live,
            "draft": self.draft,
            "days": self.days,
            "contacts": self.contacts,
            "figures": plain(self.figures),
            "lines": {name: plain(figures) for name, figures in self.lines.items()},
            "groups": {name: group.as_json() for name, group in self.groups.items()},
            "agents": plain(self.agents),
            "intervals": [{"s": at // 1000, **plain(figures)} for at, figures in self.intervals.items()],
            "notes": self.notes,
        }


FIGURES: dict[str, Callable[[Figures], float | None]] = {
    "service_level": lambda one: one.service_level,
    "asa_s": lambda one: one.asa_s,
    "p50_s": lambda one: one.percentile_s(0.5),
    "p90_s": lambda one: one.percentile_s(0.9),
    "abandon_rate": lambda one: one.abandon_rate,
    "answered": lambda one: float(one.answered),
    "abandoned": lambda one: float(one.abandoned),
    "left": lambda one: float(one.left),
}
"""Name → how it is read off the sums."""


def compare(live_way: Way, draft: Way, days: Sequence[Traffic]) -> Comparison:
    """Run every day both ways and compare; the days' own people are not asked, only the ways'."""
    pairs: list[tuple[Measured, Measured]] = []
    groups: dict[str, Group] = {}
    contacts = 0
    for day in days:
        lived = tuple(_live(way, day) for way in (live_way, draft))
        start = day.start // INTERVAL_MS * INTERVAL_MS
        pairs.append((measure(lived[0], start, INTERVAL_MS), measure(lived[1], start, INTERVAL_MS)))
        contacts += len(day.contacts)
        for name, fate in lived[0].fates.items():
            _fared(groups.setdefault(fate.contact.kind, Group()), fate, lived[1].fates[name], (live_way, draft))
    starts = [day.start // INTERVAL_MS * INTERVAL_MS for day in days]
    return Comparison(
        live=live_way.name,
        draft=draft.name,
        days=len(days),
        contacts=contacts,
        figures=_figures([(one.all, other.all) for one, other in pairs]) | _people_figures(pairs),
        lines=_by_key([(one.lines, other.lines) for one, other in pairs]),
        groups=dict(sorted(groups.items())),
        agents=_agents(pairs),
        intervals=_by_interval(pairs, starts),
    )


def _live(way: Way, day: Traffic) -> Lived:
    return live(way.policy, Traffic(contacts=day.contacts, people=way.people, start=day.start, end=day.end))


def _fared(group: Group, one: Fate, other: Fate, ways: tuple[Way, Way]) -> None:
    """Book how one customer fared under the draft (`other`)."""
    group.count += 1
    line, channel = one.contact.line, one.contact.channel
    group.before.add(one, ways[0].policy.rule(line, channel).sla_s * 1000)
    group.after.add(other, ways[1].policy.rule(line, channel).sla_s * 1000)
    before, after = _answered(one), _answered(other)
    if before is None or after is None:
        group.gained += before is None and after is not None and one.outcome in (ABANDONED, SHORT, "left")
        group.lost += after is None and before is not None
        return
    group.both += 1
    group.waits_ms += after - before
    group.gained += after < before - NOTICED_MS
    group.lost += after > before + NOTICED_MS


def _answered(fate: Fate) -> int | None:
    return fate.wait_ms if fate.outcome == ANSWERED else None


def _figures(pairs: Iterable[tuple[Figures, Figures]]) -> dict[str, Figure]:
    pairs = list(pairs)
    return {name: figure([(read(one), read(other)) for one, other in pairs]) for name, read in FIGURES.items()}


def _people_figures(pairs: list[tuple[Measured, Measured]]) -> dict[str, Figure]:
    return {
        "occupancy": figure([(one.occupancy, other.occupancy) for one, other in pairs]),
        "fairness": figure([(one.fairness, other.fairness) for one, other in pairs]),
        "agents": figure([(float(len(one.agents)), float(len(other.agents))) for one, other in pairs]),
    }


def _agents(pairs: list[tuple[Measured, Measured]]) -> dict[str, Figure]:
    names = sorted({name for pair in pairs for one in pair for name in one.agents})
    return {name: figure([(one.agents.get(name), other.agents.get(name)) for one, other in pairs]) for name in names}


def _by_key(pairs: list[tuple[dict[str, Figures], dict[str, Figures]]]) -> dict[str, dict[str, Figure]]:
    names = sorted({name for pair in pairs for one in pair for name in one})
    empty = Figures()
    return {name: _figures((one.get(name, empty), other.get(name, empty)) for one, other in pairs) for name in names}


def _by_interval(pairs: list[tuple[Measured, Measured]], starts: list[int]) -> dict[int, dict[str, Figure]]:
    shifted = [
        tuple({str(at - start): sums for at, sums in one.intervals.items()} for one in pair)
        for pair, start in zip(pairs, starts, strict=True)
    ]
    found = _by_key([(one, other) for one, other in shifted])
    return dict(sorted((int(at), figures) for at, figures in found.items()))


def figure(pairs: Sequence[tuple[float | None, float | None]]) -> Figure:
    """Return the means of a figure over the days, and how sure the difference is."""
    lives = [one for one, _ in pairs if one is not None]
    drafts = [other for _, other in pairs if other is not None]
    differences = [other - one for one, other in pairs if one is not None and other is not None]
    return Figure(_mean(lives), _mean(drafts), _half_width(differences))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _half_width(values: Sequence[float]) -> float | None:
    """Return half the width of the 95 % interval of a mean."""
    n = len(values)
    if n < 2:  # noqa: PLR2004 - one value tells nothing of how values differ
        return None
    mean = sum(values) / n
    variance = sum((value - mean) ** 2 for value in values) / (n - 1)
    t = _T95[n - 2] if n - 2 < len(_T95) else 1.96
    return float(t * (variance / n) ** 0.5)

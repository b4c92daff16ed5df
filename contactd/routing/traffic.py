"""Traffic for a virtual day: what comes in when, how long it takes, how long customers wait, and who is there.

Everything chance decides is decided here, before the day begins, so that two policies are tried on the very same customers.
Moments are whole milliseconds since 1970 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from contactd.core.events import AgentConfigured, Skills
from contactd.routing.dice import Dice

SECOND = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One customer's contact, with everything that will happen to it but who takes it and when."""

    id: str
    at: int
    channel: str
    line: str
    handle_ms: int
    """How long an agent works on it, wrap-up aside."""
    wrap_ms: int = 0
    patience_ms: int | None = None
    """After how long the customer leaves the line; None = never."""
    pickup_ms: int = 4000
    """How long the agent it is offered to takes to accept."""
    priority: int = 0
    skills: Skills = ()
    vip: int = 0
    language: str | None = None
    party: str | None = None
    prefer_agent: str | None = None

    @property
    def kind(self) -> str:
        """Name the group of customers it belongs to, for comparisons."""
        asked = [skill for skill, _ in self.skills]
        asked += [self.language] if self.language else []
        return " ".join((self.line, self.channel, *asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An agent, and when they are there: (moment, intent, reason), in order."""

    configured: AgentConfigured
    stays: tuple[tuple[int, str, str | None], ...]
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """A virtual day."""

    contacts: tuple[Contact, ...]
    people: tuple[Person, ...]
    start: int
    end: int
    """When the day is over; what is in hand then is finished, what waits is counted as left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A kind of customers: how many come in each interval, and what they are like."""

    line: str
    channel: str
    counts: tuple[float, ...]
    """Expected arrivals of each interval, from the day's start on."""
    interval_s: float = 1800.0
    handle_s: float = 180.0
    handle_spread: float = 1.0
    """Standard deviation of the handling time, in means."""
    wrap_s: float = 0.0
    patience_s: float | None = None
    """Mean patience (Erlang A: exponential); None = they wait for ever."""
    pickup_s: float = 4.0
    exact: bool = False
    """The counts are what came, not what is expected: a recorded profile; the moments are drawn evenly."""
    priority: int = 0
    skills: Skills = ()
    languages: tuple[tuple[str | None, float], ...] = ()
    """(language, weight)."""
    vips: tuple[tuple[int, float], ...] = ()
    """(level, weight)."""
    name: str = ""


def generate(streams: tuple[Stream, ...], start: int, seed: int) -> tuple[Contact, ...]:
    """Draw the contacts of a day, in order of their moments; every stream has chance of its own."""
    found = []
    for number, stream in enumerate(streams):
        name = stream.name or f"{stream.line}.{stream.channel}.{number}"
        moments = _moments(stream, start, Dice(seed, "arrivals", name))
        found += [_contact(stream, f"{name}.{place}", at, seed) for place, at in enumerate(moments)]
    return tuple(sorted(found, key=lambda contact: (contact.at, contact.id)))


def _moments(stream: Stream, start: int, dice: Dice) -> list[int]:
    """Draw when the customers of a stream come."""
    width = stream.interval_s * SECOND
    moments = []
    for place, count in enumerate(stream.counts):
        begin = start + place * width
        if stream.exact:
            moments += [int(begin + dice.unit() * width) for _ in range(round(count))]
            continue
        at = begin
        while count > 0 and (at := at + dice.exponential(width / count)) < begin + width:
            moments.append(int(at))
    return sorted(moments)


def _contact(stream: Stream, name: str, at: int, seed: int) -> Contact:
    dice = Dice(seed, "contact", name)
    handle = dice.log_normal(stream.handle_s, stream.handle_spread)
    wrap = dice.log_normal(stream.wrap_s, stream.handle_spread)
    patience = dice.exponential(stream.patience_s) if stream.patience_s is not None else None
    pickup = dice.log_normal(stream.pickup_s, 0.4)
    return Contact(
        id=name,
        at=at,
        channel=stream.channel,
        line=stream.line,
        handle_ms=max(round(handle * SECOND), 1),
        wrap_ms=round(wrap * SECOND),
        patience_ms=None if patience is None else round(patience * SECOND),
        pickup_ms=round(pickup * SECOND),
        priority=stream.priority,
        skills=stream.skills,
        vip=dice.pick(stream.vips) if stream.vips else 0,
        language=dice.pick(stream.languages) if stream.languages else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Agents alike, there at the same hours."""

    name: str
    count: int
    hours: tuple[tuple[int, int], ...]
    """(from, to): when they are ready, in milliseconds since 1970."""
    lines: tuple[str, ...] = ("*",)
    skills: Skills = ()
    languages: tuple[str, ...] = ()
    capacity: tuple[tuple[str, int], ...] = ()
    device: bool = True

    def people(self) -> tuple[Person, ...]:
        """Return the agents: signed in with the first hour, away between hours, signed out after the last."""
        stays: list[tuple[int, str, str | None]] = []
        for place, (begin, end) in enumerate(self.hours):
            last = place == len(self.hours) - 1
            stays += [(begin, "ready", None), (end, "logged_out" if last else "not_ready", None)]
        return tuple(
            Person(
                configured=AgentConfigured(
                    agent=f"{self.name}.{number + 1:02d}",
                    skills=self.skills,
                    lines=self.lines,
                    languages=self.languages,
                    capacity=self.capacity,
                    device=f"device/{self.name}.{number + 1}" if self.device else None,
                    team=self.name,
                ),
                stays=tuple(stays),
                team=self.name,
            )
            for number in range(self.count)
        )

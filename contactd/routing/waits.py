"""How long somebody who comes into a line now will wait: the picture of the floor lived on, many times, by chance.

What is in the hands of those who could take it goes on for as long as such work takes (log-normal, given how long it has lasted
already), those before it are served or lose patience, steps open as they do.  Whoever may yet come and overtake is not foreseen,
nor who may come back from a break.  Times are milliseconds from now.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from contactd.routing.dice import Dice
from contactd.routing.spread import percentile

FULL = 100
HORIZON_MS = 4 * 3_600_000
"""Beyond that nothing is known."""
LEAST, MOST = 30, 200
"""How many times the picture is lived on."""
WORK = 150_000
"""About so many contacts are served in all: a crowded floor is lived on fewer times."""
KNOWN = 5
"""So many contacts must have been finished before the work of a line is known."""
_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long work of a line and channel takes."""

    count: int = 0
    """How many contacts this was learned from."""
    handle_s: float = 180.0
    spread: float = 1.0
    """Standard deviation of the handling time, in means."""
    wrap_s: float = 0.0
    ring_s: float = 4.0
    """Until an agent it is offered to takes it."""
    patience_s: float | None = None
    """Mean patience; None = nobody has left yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One who waits: what they ask for, step by step."""

    rungs: tuple[tuple[int, int], ...]
    """(opens at, bit of those who then fit), in order."""
    units: int
    pace: int
    """Index of `Picture.paces`."""
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """One piece of work an agent has."""

    pace: int
    stage: str
    """offered | active | wrapup"""
    for_ms: int
    """How long it has been so; in wrap-up with a timer: minus what is left of it."""
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One agent who could take it."""

    fits: int
    """Bits of the kinds of demand they meet."""
    hands: tuple[Hand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The part of the floor that matters for one line."""

    workers: tuple[Worker, ...]
    ahead: tuple[Ask, ...]
    """Everybody who waits for the same agents, in the order of the queue."""
    place: int
    """How many of them come before a newcomer."""
    newcomer: Ask
    paces: tuple[Pace, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds that half, and nine in ten, of those who come now will not exceed."""

    p50_s: float
    p90_s: float


def estimate(picture: Picture, seed: int = 1) -> Estimate | None:
    """Live a picture on and say how long a newcomer waits; None when it cannot be known."""
    if not picture.workers:
        return None
    waits = [_live_on(picture, Dice(seed, 0))]
    if waits[0] == 0:
        return Estimate(0.0, 0.0)
    if picture.paces[picture.newcomer.pace].count < KNOWN:
        return None
    rounds = min(max(WORK // (len(picture.ahead) + len(picture.workers) + 1), LEAST), MOST)
    waits += [_live_on(picture, Dice(seed, number)) for number in range(1, rounds)]
    p50, p90 = percentile(waits, 0.5), percentile(waits, 0.9)
    if not math.isfinite(p90):
        return None
    return Estimate(round(p50 / 1000, 1), round(p90 / 1000, 1))


def at_once(picture: Picture) -> bool:
    """Say whether a newcomer would be taken at once."""
    return _Future(picture, Dice(0)).room_for(picture.newcomer)


class _Future:
    """One way it may go on."""

    def __init__(self, picture: Picture, dice: Dice) -> None:
        self.paces = picture.paces
        self.dice = dice
        self.workers = picture.workers
        self.used = [sum(hand.units for hand in worker.hands) for worker in picture.workers]
        asks = [*picture.ahead[: picture.place], picture.newcomer, *picture.ahead[picture.place :]]
        self.waiting: list[tuple[Ask, float, bool]] = [
            (ask, math.inf if number == picture.place else self._patience(ask), number == picture.place)
            for number, ask in enumerate(asks)
        ]
        self.events: list[tuple[float, int, int]] = [
            (self._left(hand), place, hand.units)
            for place, worker in enumerate(picture.workers)
            for hand in worker.hands
        ]
        # A step that opens: somebody may be free who fits now.
        self.events += [(float(at), -1, 0) for at in {at for ask in asks for at, _ in ask.rungs if at > 0}]
        heapify(self.events)

    def run(self, newcomer: Ask) -> float:
        """Return when the newcomer is taken, infinite when not within the horizon."""
        if self.room_for(newcomer):
            return 0.0
        while self.events:
            at, place, units = heappop(self.events)
            if at > HORIZON_MS:
                break
            if place >= 0:
                self.used[place] -= units
            for worker in range(len(self.workers)) if place < 0 else (place,):
                if self._serve(worker, at):
                    return at + self.paces[newcomer.pace].ring_s * 1000
        return math.inf

    def room_for(self, ask: Ask) -> bool:
        """Say whether somebody has room for a newcomer at once: then nobody else waits for them."""
        bits = [bit for at, bit in ask.rungs if at <= 0]
        return any(
            self.used[place] + ask.units <= FULL and any(worker.fits >> bit & 1 for bit in bits)
            for place, worker in enumerate(self.workers)
        )

    def _serve(self, worker: int, at: float) -> bool:
        """Let an agent take what comes first for them; True when that was the newcomer."""
        fits = self.workers[worker].fits
        place = 0
        while place < len(self.waiting) and self.used[worker] < FULL:
            ask, leaves, is_newcomer = self.waiting[place]
            if leaves < at:
                del self.waiting[place]
            elif self.used[worker] + ask.units <= FULL and _fits(ask, fits, at):
                if is_newcomer:
                    return True
                del self.waiting[place]
                self.used[worker] += ask.units
                pace = self.paces[ask.pace]
                work = pace.ring_s + self.dice.log_normal(pace.handle_s, pace.spread) + self._wrap(pace)
                heappush(self.events, (at + work * 1000, worker, ask.units))
            else:
                place += 1
        return False

    def _patience(self, ask: Ask) -> float:
        patience = self.paces[ask.pace].patience_s
        return self.dice.exponential(patience * 1000) if ask.live and patience is not None else math.inf

    def _wrap(self, pace: Pace) -> float:
        return self.dice.log_normal(pace.wrap_s, 0.5)

    def _left(self, hand: Hand) -> float:
        """Draw how long work in hand goes on."""
        pace = self.paces[hand.pace]
        if hand.stage == "wrapup":
            return float(-hand.for_ms) if hand.for_ms < 0 else self._wrap(pace) * 1000
        after = self._wrap(pace)
        if hand.stage == "offered":
            return (pace.ring_s / 2 + self.dice.log_normal(pace.handle_s, pace.spread) + after) * 1000
        passed = hand.for_ms / 1000
        for _ in range(_TRIES):
            whole = self.dice.log_normal(pace.handle_s, pace.spread)
            if whole > passed:
                return (whole - passed + after) * 1000
        # It has lasted longer than nearly all do; such work goes on about as long as it has taken.
        return (self.dice.exponential(max(passed / 2, pace.handle_s / 2)) + after) * 1000


def _fits(ask: Ask, fits: int, at: float) -> bool:
    return any(opens <= at and fits >> bit & 1 for opens, bit in ask.rungs)


def _live_on(picture: Picture, dice: Dice) -> float:
    return _Future(picture, dice).run(picture.newcomer)

"""A recorded time turned into traffic: the same customers and agents, to be tried under another policy or with other people.

Arrivals, handling, wrap-up, who was there and when are taken as they were.  What was not seen is drawn: the patience of those who
were answered before they lost it (exponential, its mean estimated as all waiting of the line over those who gave up, the maximum
likelihood for censored times), and the work that those who gave up would have made (log-normal, as that of the others).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contactd.clock import to_ms
from contactd.core import events
from contactd.core.interaction import TERMINAL_STATES, State
from contactd.routing.dice import Dice
from contactd.routing.traffic import Contact, Person, Traffic

_WAITING = (State.QUEUED, State.OFFERED)
USUAL_MS = 180_000
"""The handling time of a kind of work of which nothing was ever finished."""
PICKUP_MS = 4000


@dataclass(slots=True)
class _Seen:
    """What was seen of a contact."""

    fact: events.InteractionArrived
    at: int
    state: State = State.QUEUED
    since: int = 0
    wait_ms: int | None = None
    gave_up: bool = False
    handle_ms: int = 0
    wrap_ms: int = 0
    pickup_ms: int | None = None
    offered: int = 0
    finished: bool = False


@dataclass(slots=True)
class _Kind:
    """What is known of the work of a line and channel."""

    handle: list[int] = field(default_factory=list)
    waited_ms: int = 0
    gave_up: int = 0

    @property
    def mean_ms(self) -> float:
        return sum(self.handle) / len(self.handle) if self.handle else USUAL_MS

    @property
    def patience_ms(self) -> float | None:
        return self.waited_ms / self.gave_up if self.gave_up else None


class Recording:
    """Reads the journal, row by row.

    Args:
        routed_by: whose contacts are taken: ours, or (`pbx`) those an outside system routed, to see how we would have done.
    """

    def __init__(self, routed_by: str = "contactd") -> None:
        self._routed_by = routed_by
        self._seen: dict[str, _Seen] = {}
        self._people: dict[str, events.AgentConfigured] = {}
        self._stays: dict[str, list[tuple[int, str, str | None]]] = {}
        self._first: int | None = None
        self._last = 0

    def take(
        self, fact: events.Fact | None, at: datetime, wishes: Sequence[Mapping[str, Any]], *, counted: bool = True
    ) -> None:
        """Take in a fact (None: a tick or start) and the wishes it led to, in their journal form.

        What is not `counted` lies before the time asked for: only who was there is taken from it.
        """
        now = to_ms(at)
        if not counted:
            self._take_person(fact, now)
            return
        self._first = now if self._first is None else self._first
        self._last = max(self._last, now)
        refused = len(wishes) == 1 and wishes[0]["kind"] == "Refuse"
        if not refused:
            self._take_fact(fact, now)
        for wish in wishes:
            seen = self._seen.get(wish.get("interaction", ""))
            if seen is None:
                continue
            if wish["kind"] == "Offer":
                seen.offered = now
            elif wish["kind"] == "Assign" and wish.get("offer") is not None and seen.pickup_ms is None:
                seen.pickup_ms = now - seen.offered
            elif wish["kind"] == "Moved":
                _move(seen, State(wish["state"]), now)

    def _take_fact(self, fact: events.Fact | None, now: int) -> None:
        if isinstance(fact, events.InteractionArrived):
            if fact.routed_by == self._routed_by and fact.interaction not in self._seen:
                self._seen[fact.interaction] = _Seen(fact, now, since=now)
        elif isinstance(fact, events.InteractionGone) and fact.interaction in self._seen:
            seen = self._seen[fact.interaction]
            seen.gave_up = fact.cause == "customer_gone" and seen.wait_ms is None
        else:
            self._take_person(fact, now)

    def _take_person(self, fact: events.Fact | None, now: int) -> None:
        if isinstance(fact, events.AgentConfigured):
            if not fact.removed:
                self._people[fact.agent] = fact
        elif isinstance(fact, events.IntentSet | events.AgentRestored):
            self._stays.setdefault(fact.agent, []).append((now, fact.intent, fact.reason))

    def traffic(self, seed: int = 1) -> Traffic:
        """Return what was recorded, as a virtual day."""
        kinds: dict[tuple[str, str], _Kind] = {}
        for seen in self._seen.values():
            _learn(kinds.setdefault((seen.fact.line, seen.fact.channel), _Kind()), seen, self._last)
        contacts = [
            _contact(seen, kinds[seen.fact.line, seen.fact.channel], Dice(seed, "recorded", name))
            for name, seen in self._seen.items()
        ]
        people = tuple(
            Person(configured=configured, stays=tuple(_changes(self._stays.get(name, []))), team=configured.team or "")
            for name, configured in sorted(self._people.items())
        )
        return Traffic(
            contacts=tuple(sorted(contacts, key=lambda one: (one.at, one.id))),
            people=people,
            start=self._first or 0,
            end=self._last,
        )


def _changes(stays: Sequence[tuple[int, str, str | None]]) -> list[tuple[int, str, str | None]]:
    """Return the stays without those that say what was so already: a start tells everybody's again."""
    found: list[tuple[int, str, str | None]] = []
    for stay in stays:
        if not found or stay[1:] != found[-1][1:]:
            found.append(stay)
    return found


def _move(seen: _Seen, state: State, now: int) -> None:
    """Book the time a contact spent in the state it leaves."""
    spent = now - seen.since
    if seen.state is State.ACTIVE:
        seen.handle_ms += spent
    elif seen.state is State.WRAPUP:
        seen.wrap_ms += spent
    if state is State.ACTIVE and seen.wait_ms is None:
        seen.wait_ms = now - seen.at
    if state in TERMINAL_STATES:
        seen.finished = True
        if seen.wait_ms is None and seen.gave_up:
            seen.wait_ms = now - seen.at
    seen.state, seen.since = state, now


def _learn(kind: _Kind, seen: _Seen, end: int) -> None:
    if seen.finished and not seen.gave_up and seen.handle_ms:
        kind.handle.append(seen.handle_ms)
    kind.waited_ms += seen.wait_ms if seen.wait_ms is not None else max(end - seen.at, 0)
    kind.gave_up += seen.gave_up


def _contact(seen: _Seen, kind: _Kind, dice: Dice) -> Contact:
    fact = seen.fact
    handle = seen.handle_ms if seen.finished and seen.handle_ms else round(dice.log_normal(kind.mean_ms, 1.0))
    patience: int | None = None
    if seen.gave_up:
        patience = seen.wait_ms
    elif kind.patience_ms is not None:
        patience = (seen.wait_ms or 0) + round(dice.exponential(kind.patience_ms)) + 1
    return Contact(
        id=fact.interaction,
        at=seen.at,
        channel=fact.channel,
        line=fact.line,
        handle_ms=max(handle, 1),
        wrap_ms=seen.wrap_ms,
        patience_ms=patience,
        pickup_ms=PICKUP_MS if seen.pickup_ms is None else seen.pickup_ms,
        priority=fact.priority,
        skills=fact.skills,
        vip=fact.vip,
        language=fact.language,
        party=fact.party,
        prefer_agent=fact.prefer_agent,
    )

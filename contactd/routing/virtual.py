"""A virtual day: the real router decides, customers and agents around it do what the traffic says, and no time is waited."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from contactd.clock import from_ms, to_ms
from contactd.core import effects, events
from contactd.core.interaction import TERMINAL_STATES, State
from contactd.routing.policy import Policy
from contactd.routing.router import Router
from contactd.routing.traffic import Contact, Person, Traffic

DRAIN_MS = 8 * 3_600_000
"""How long after the end of the day work in hand may go on."""

Happening = tuple[int, int, str, str, int]
"""(moment, number, what, id, stamp that says whether it still holds)."""


@dataclass(slots=True)
class Fate:
    """What became of a contact."""

    contact: Contact
    outcome: str = "left"
    """answered | abandoned | short_abandoned | left | any other outcome the router gave."""
    wait_ms: int | None = None
    """Until an agent had it, or until it was over; None while it waits."""
    agent: str | None = None
    line: str = ""
    """The line it was answered in or left."""
    left_ms: int = 0
    """What is left of its handling, while an agent has it."""
    since: int = 0
    stamp: int = 0
    over: bool = False


@dataclass(slots=True)
class Shift:
    """How an agent spent the day."""

    person: Person
    ready_ms: int = 0
    """Ready, or with work in hand."""
    busy_ms: int = 0
    """With work in hand or being rung."""
    handled: int = 0
    since: int = 0
    ready: bool = False
    busy: bool = False

    def turn(self, now: int, wish: effects.AgentState) -> None:
        """Book the time since the last change."""
        spent = now - self.since
        self.since = now
        if self.ready or self.busy:
            self.ready_ms += spent
        if self.busy:
            self.busy_ms += spent
        self.ready, self.busy = wish.intent == "ready", bool(wish.slots)

    @property
    def occupancy(self) -> float | None:
        """Return the part of the time at work that there was work; None for one who was never there."""
        return self.busy_ms / self.ready_ms if self.ready_ms else None


@dataclass(slots=True)
class Lived:
    """What a virtual day came to."""

    fates: dict[str, Fate]
    shifts: dict[str, Shift]
    policy: Policy
    facts: int = 0
    offers: int = 0
    refused: dict[str, int] = field(default_factory=dict)


class VirtualDay:
    """Runs one day."""

    def __init__(
        self,
        policy: Policy,
        traffic: Traffic,
        hear: Callable[[events.Fact | None, int, list[effects.Wish]], None] | None = None,
    ) -> None:
        """Prepare a day; `hear` is told every fact (None: a tick) with its moment and wishes, as a journal would be."""
        self.router = Router(policy)
        self._traffic = traffic
        self._hear = hear
        self._heap: list[Happening] = []
        self._n = 0
        self.now = traffic.start
        self.lived = Lived({}, {}, policy)
        self._deeds: dict[str, Callable[[str, int], None]] = {
            "stay": self._stay,
            "arrive": self._arrive,
            "leave": self._leave,
            "accept": self._accept,
            "end": self._end,
            "wrapped": self._wrapped,
        }
        self._wishes: dict[type[Any], Callable[[Any], None]] = {
            effects.Offer: self._offered,
            effects.Moved: self._moved,
            effects.AgentState: self._agent,
        }
        self._ringing: dict[str, effects.Offer] = {}
        self._people: dict[str, Person] = {}
        self._closing = traffic.end

    def run(self) -> Lived:
        """Live the day through."""
        for person in self._traffic.people:
            self._enter(person)
        for contact in self._traffic.contacts:
            self.lived.fates[contact.id] = Fate(contact, line=contact.line)
            self._at(contact.at, "arrive", contact.id)
        while self._step():
            pass
        return self.lived

    def _enter(self, person: Person) -> None:
        name = person.configured.agent
        self._people[name] = person
        self.lived.shifts[name] = Shift(person, since=self.now)
        self._tell(person.configured)
        for place, (at, _, _) in enumerate(person.stays):
            self._at(max(at, self.now), "stay", name, place)

    def _step(self) -> bool:
        """Let the next thing happen; False when the day is over."""
        due = self.router.next_deadline()
        due_ms = to_ms(due) if due is not None else None
        if not self._heap and due_ms is None:
            return False
        if not self._heap or (due_ms is not None and due_ms <= self._heap[0][0]):
            self.now = max(self.now, due_ms or 0)
            if self._over():
                return False
            self._note(None, self.router.tick(from_ms(self.now)))
            return True
        at, _, what, name, stamp = heappop(self._heap)
        self.now = max(self.now, at)
        if self._over():
            return False
        self._deeds[what](name, stamp)
        return True

    def _over(self) -> bool:
        """Say whether the day is over: nothing live is in hand any more, or it has taken too long."""
        if self.now <= self._closing:
            return False
        return self.now > self._closing + DRAIN_MS or not any(shift.busy for shift in self.lived.shifts.values())

    def _at(self, at: int, what: str, name: str, stamp: int = 0) -> None:
        self._n += 1
        heappush(self._heap, (at, self._n, what, name, stamp))

    def _tell(self, fact: events.Fact) -> None:
        self._note(fact, self.router.handle(fact, from_ms(self.now)))

    def _note(self, fact: events.Fact | None, wishes: list[effects.Wish]) -> None:
        self.lived.facts += 1
        if self._hear is not None:
            self._hear(fact, self.now, wishes)
        for wish in wishes:
            take = self._wishes.get(type(wish))
            if take is not None:
                take(wish)
            elif isinstance(wish, effects.Refuse):
                self.lived.refused[wish.reason] = self.lived.refused.get(wish.reason, 0) + 1

    # --- what happens by itself -----------------------------------------------------------------------------------------

    def _stay(self, name: str, place: int) -> None:
        _, intent, reason = self._people[name].stays[place]
        self._tell(events.IntentSet(agent=name, intent=intent, reason=reason))

    def _arrive(self, name: str, _stamp: int) -> None:
        contact = self.lived.fates[name].contact
        self._tell(
            events.InteractionArrived(
                interaction=contact.id,
                channel=contact.channel,
                line=contact.line,
                priority=contact.priority,
                skills=contact.skills,
                vip=contact.vip,
                language=contact.language,
                party=contact.party,
                prefer_agent=contact.prefer_agent,
            ),
        )
        if contact.patience_ms is not None:
            self._at(contact.at + contact.patience_ms, "leave", name)

    def _leave(self, name: str, _stamp: int) -> None:
        fate = self.lived.fates[name]
        if fate.wait_ms is None and not fate.over:
            self._tell(events.InteractionGone(interaction=name))

    def _accept(self, name: str, _stamp: int) -> None:
        offer = self._ringing.pop(name, None)
        if offer is not None:
            self._tell(events.OfferAccepted(agent=offer.agent, offer=offer.offer, lease=offer.lease))

    def _end(self, name: str, stamp: int) -> None:
        fate = self.lived.fates[name]
        if fate.stamp == stamp and not fate.over:
            fate.left_ms = 0
            self._tell(events.WorkEnded(interaction=name, agent=fate.agent))

    def _wrapped(self, name: str, stamp: int) -> None:
        fate = self.lived.fates[name]
        if fate.stamp == stamp and not fate.over and fate.agent is not None:
            self._tell(events.WrapupDone(interaction=name, agent=fate.agent, disposition="virtual"))

    # --- what the router wants ------------------------------------------------------------------------------------------

    def _offered(self, wish: effects.Offer) -> None:
        self.lived.offers += 1
        if wish.auto_accept:
            return
        self._ringing[wish.offer] = wish
        pickup = self.lived.fates[wish.interaction].contact.pickup_ms
        self._at(self.now + pickup, "accept", wish.offer)

    def _moved(self, wish: effects.Moved) -> None:
        fate = self.lived.fates.get(wish.interaction)
        if fate is None:
            return
        fate.stamp += 1
        state = State(wish.state)
        if state is State.ACTIVE:
            self._taken(fate, wish)
        elif state is State.HELD:
            fate.left_ms = max(fate.left_ms - (self.now - fate.since), 1)
        elif state is State.WRAPUP:
            self._at(self.now + fate.contact.wrap_ms, "wrapped", wish.interaction, fate.stamp)
        elif state in TERMINAL_STATES:
            self._ended(fate, wish)
        if wish.line is not None:
            fate.line = wish.line

    def _taken(self, fate: Fate, wish: effects.Moved) -> None:
        """An agent has it: for the first time, or again."""
        if fate.wait_ms is None:
            fate.wait_ms = self.now - fate.contact.at
            fate.outcome = "answered"
            fate.left_ms = fate.contact.handle_ms
        if wish.agent is not None and wish.agent != fate.agent:
            fate.agent = wish.agent
            self.lived.shifts[wish.agent].handled += 1
        fate.since = self.now
        self._at(self.now + max(fate.left_ms, 1), "end", wish.interaction, fate.stamp)

    def _ended(self, fate: Fate, wish: effects.Moved) -> None:
        fate.over = True
        if fate.wait_ms is None:
            fate.wait_ms = self.now - fate.contact.at
            fate.outcome = wish.outcome or "abandoned"

    def _agent(self, wish: effects.AgentState) -> None:
        shift = self.lived.shifts.get(wish.agent)
        if shift is not None:
            shift.turn(self.now, wish)


def live(policy: Policy, traffic: Traffic, extra: Iterable[Person] = ()) -> Lived:
    """Live a day through under a policy, with further agents if any."""
    people = (*traffic.people, *extra)
    day = Traffic(contacts=traffic.contacts, people=people, start=traffic.start, end=traffic.end)
    return VirtualDay(policy, day).run()

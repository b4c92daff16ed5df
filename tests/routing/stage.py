"""A stage for the router: tells it facts, lets time pass, and keeps what its wishes say, as the store would."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from contactd.core import effects, events
from contactd.core.interaction import TERMINAL_STATES, State
from contactd.routing.policy import Policy
from contactd.routing.router import Router

T = TypeVar("T")
MORNING = datetime(2026, 11, 2, 9, tzinfo=UTC)


class Stage:
    """A router, a clock, and what the wishes said so far."""

    def __init__(self, policy: Mapping[str, Any] | None = None) -> None:
        self.policy = Policy.from_mapping(policy or {})
        self.router = Router(self.policy)
        self.now = MORNING
        self.log: list[effects.Wish] = []
        self.facts: list[tuple[events.Fact | None, datetime]] = []
        self.states: dict[str, str] = {}
        self.holder: dict[str, str | None] = {}
        self.offers: dict[str, effects.Offer] = {}
        self.agents: dict[str, effects.AgentState] = {}

    def tell(self, fact: events.Fact, after: float = 0) -> list[effects.Wish]:
        """Tell a fact, `after` seconds from now."""
        if after:
            self.wait(after)
        self.facts.append((fact, self.now))
        wishes = self.router.handle(fact, self.now)
        if isinstance(fact, events.InteractionArrived) and not any(isinstance(w, effects.Refuse) for w in wishes):
            self.states[fact.interaction] = State.QUEUED
            self.holder[fact.interaction] = None
        return self.note(wishes)

    def wait(self, seconds: float) -> list[effects.Wish]:
        """Let time pass; everything that falls due happens at its moment."""
        end = self.now + timedelta(seconds=seconds)
        wishes: list[effects.Wish] = []
        while (due := self.router.next_deadline()) is not None and due <= end:
            self.now = max(due, self.now)
            self.facts.append((None, self.now))
            wishes += self.note(self.router.tick(self.now))
        self.now = end
        return wishes

    def note(self, wishes: list[effects.Wish]) -> list[effects.Wish]:
        """Keep what wishes say."""
        self.log += wishes
        for wish in wishes:
            if isinstance(wish, effects.Offer):
                self.offers[wish.interaction] = wish
            elif isinstance(wish, effects.Withdraw | effects.Assign):
                self.offers.pop(wish.interaction, None)
            elif isinstance(wish, effects.Moved):
                self.states[wish.interaction] = wish.state
                in_hand = wish.state in (State.ACTIVE, State.HELD, State.WRAPUP, State.PARKED)
                self.holder[wish.interaction] = wish.agent if in_hand else None
            elif isinstance(wish, effects.AgentState):
                self.agents[wish.agent] = wish
        return wishes

    # --- short words for common facts -----------------------------------------------------------------------------------

    def agent(self, name: str, intent: str = "ready", **about: Any) -> list[effects.Wish]:
        """Let an agent exist, with a phone and member of every line unless told otherwise, and choose an intent."""
        configured = events.AgentConfigured(**{"agent": name, "lines": ("*",), "device": f"SIP/{name}", **about})
        wishes = self.tell(configured)
        return wishes + self.intent(name, intent)

    def intent(self, name: str, intent: str, reason: str | None = None) -> list[effects.Wish]:
        return self.tell(events.IntentSet(agent=name, intent=intent, reason=reason))

    def arrive(self, name: str, channel: str = "voice", line: str = "support", **about: Any) -> list[effects.Wish]:
        return self.tell(events.InteractionArrived(interaction=name, channel=channel, line=line, **about))

    def accept(self, name: str) -> list[effects.Wish]:
        offer = self.offers[name]
        return self.tell(events.OfferAccepted(agent=offer.agent, offer=offer.offer, lease=offer.lease))

    def reject(self, name: str) -> list[effects.Wish]:
        offer = self.offers[name]
        return self.tell(events.OfferRejected(agent=offer.agent, offer=offer.offer, lease=offer.lease, reason="busy"))

    def end(self, name: str, **about: Any) -> list[effects.Wish]:
        return self.tell(events.WorkEnded(interaction=name, agent=self.holder[name], **about))

    def offered_to(self, name: str) -> str | None:
        """Return the agent an item is offered to now."""
        offer = self.offers.get(name)
        return offer.agent if offer else None

    @property
    def open(self) -> list[str]:
        return [name for name, state in self.states.items() if state not in TERMINAL_STATES]


def kinds(wishes: list[effects.Wish]) -> list[str]:
    """Return the kinds of wishes, in order."""
    return [type(wish).__name__ for wish in wishes]


def of(wishes: list[effects.Wish], kind: type[T]) -> list[T]:
    """Return the wishes of one kind."""
    return [wish for wish in wishes if isinstance(wish, kind)]


def refused(wishes: list[effects.Wish]) -> str | None:
    """Return why a fact was refused; None when it was not."""
    return wishes[0].reason if len(wishes) == 1 and isinstance(wishes[0], effects.Refuse) else None

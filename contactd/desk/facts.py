"""A fact on its way to the router: who waits for it, and what is told when it is refused."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from contactd.core.effects import Offer, Refuse, Wish
from contactd.core.errors import ConflictError, ForbiddenError, NotFoundError
from contactd.core.events import Fact
from contactd.crm_store.write_conn import WriteConn
from contactd.routing.picturing import Paces
from contactd.routing.shadow import Shadow
from contactd.routing.waits import Picture

REMEMBERED = 10_000
"""Committed facts of the inbox that are remembered."""
_MISSING = frozenset({"unknown_offer", "unknown_interaction", "unknown_agent", "unknown_line"})
_FORBIDDEN = frozenset({"not_yours", "not_allowed"})


class Decider(Protocol):
    """What the dispatcher needs of a router."""

    @property
    def seq(self) -> int:
        """Number of the last fact or tick that did something."""
        ...

    @property
    def version(self) -> int:
        """The version of the policy that rules."""
        ...

    def handle(self, fact: Fact, now: datetime) -> list[Wish]:
        """Decide what one fact leads to."""
        ...

    def tick(self, now: datetime) -> list[Wish]:
        """Let due deadlines fire."""
        ...

    def explain(self, interaction: str, now: datetime) -> dict[str, Any]:
        """Say why an item waits, or who has it."""
        ...

    def picture(self, line: str, channel: str, paces: Paces, now: datetime) -> Picture | None:
        """Return what a newcomer's wait is worked out from, None when it cannot be foreseen."""
        ...

    def stand_by(self, shadow: Shadow | None) -> None:
        """Let a draft decide beside, with no effect."""
        ...

    def explain_agent(self, agent: str, now: datetime) -> dict[str, Any]:
        """Say what keeps an agent from what waits."""
        ...

    def digest(self, *, lasting: bool = False) -> str:
        """Return a fingerprint of the whole state, or of what of it lasts over a restart."""
        ...

    def checkpoint(self, now: datetime) -> str:
        """Take a journal number; return the fingerprint of the whole state."""
        ...

    def waiting(self) -> dict[str, list[str]]:
        """Return what waits, by line, first come first."""
        ...

    def next_deadline(self) -> datetime | None:
        """Say when `tick` is next needed."""
        ...


class Restoring(Protocol):
    """A router that has been told nothing yet, and what to tell it."""

    @property
    def router(self) -> Decider:
        """The new router."""
        ...

    @property
    def facts(self) -> list[Fact]:
        """What to tell it, in order."""
        ...

    @property
    def offers(self) -> list[tuple[Offer, datetime]]:
        """Offers that still stand, with the moment each was made."""
        ...


@dataclass(slots=True)
class Waiting:
    """A fact in hand, with its row in the inbox if it came by there, and who waits for its commit."""

    fact: Fact
    inbox_id: str | None
    done: asyncio.Future[list[Wish]] | None
    prepare: Callable[[], None] | None = None
    """Writes into the book what the fact needs to find there (a newly placed interaction)."""
    beside: Callable[[WriteConn], None] | None = None
    """What is written in the unit of the decision, unless it is a refusal; it runs after the decision's rows and raises nothing."""
    tries: int = 0


def refusal(wish: Refuse) -> ConflictError | NotFoundError | ForbiddenError:
    """Make the error an agent is told of what the router refused."""
    text = f"refused: {wish.reason}"
    if wish.reason in _MISSING:
        return NotFoundError(text, code=wish.reason)
    if wish.reason in _FORBIDDEN:
        return ForbiddenError(text, code=wish.reason)
    details: dict[str, Any] = {"why": wish.detail} if wish.detail else {}
    if wish.alternatives:
        details["alternatives"] = list(wish.alternatives)
    return ConflictError(text, code=wish.reason, details=details)


def fail(waiting: Waiting, error: Exception) -> None:
    """Tell whoever waits for a fact that it was not applied."""
    if waiting.done is not None and not waiting.done.done():
        waiting.done.set_exception(error)


class Seen:
    """Facts of the inbox that are in hand, or were lately.

    A look into the inbox takes time: a row it found unconsumed may be decided and committed before it is fed, so an id is
    remembered for a while after its commit.
    """

    def __init__(self) -> None:
        """Know none."""
        self._facts: dict[str, Waiting | None] = {}
        self._done: deque[str] = deque()

    def __contains__(self, ident: str) -> bool:
        """Say whether the fact came by already."""
        return ident in self._facts

    def __getitem__(self, ident: str) -> Waiting | None:
        """Return a fact that came by; None = its decision is committed."""
        return self._facts[ident]

    def add(self, waiting: Waiting) -> None:
        """Note a fact that is in hand."""
        if waiting.inbox_id is not None:
            self._facts[waiting.inbox_id] = waiting

    def done(self, waiting: Waiting) -> None:
        """Note that its decision is committed."""
        if waiting.inbox_id is None:
            return
        self._facts[waiting.inbox_id] = None
        self._done.append(waiting.inbox_id)
        if len(self._done) > REMEMBERED:
            self._facts.pop(self._done.popleft(), None)

    def forget(self, waiting: Waiting) -> None:
        """Let the next look into the inbox find a fact again: it could not be committed."""
        if waiting.inbox_id is not None:
            self._facts.pop(waiting.inbox_id, None)

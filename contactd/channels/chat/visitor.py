"""Visitors who are here or whose conversation is open: the live side of what the store knows.

Everything in it can be rebuilt from the store's open contacts: nothing is lost when the process ends.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from contactd.channels.chat.socket import Socket
from contactd.channels.chat.wire import Event, Profile
from contactd.core.survey import Asked

SHOWN = {
    "received": "queued",
    "queued": "queued",
    "offered": "queued",
    "active": "active",
    "held": "held",
    "parked": "parked",
    "wrapup": "ended",
    "closed": "ended",
    "abandoned": "ended",
    "quarantined": "ended",
}
"""Interaction state → what the visitor is told; that an offer is out is nobody's business."""

GONE = frozenset({"closed", "abandoned", "quarantined"})


def visitor_id(token: str) -> str:
    """Return the identity behind a visitor's token; the token itself is never kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def external_key(site: str, visitor: str, client_id: str) -> str:
    """Return the outside key of the conversation that a visitor's line `client_id` begins.

    The line names it, not a counter: sent again after a cut, before or after a restart, it finds the same conversation.
    """
    return f"{site}:{visitor}:{client_id}"


@dataclass(slots=True, eq=False)
class Visitor:
    """One visitor of one site, with at most one current conversation."""

    site: str
    id: str
    profile: Profile = field(default_factory=Profile)
    sockets: set[Socket] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Lines of one visitor are stored one after another, from however many windows they come."""
    interaction: str | None = None
    session: str | None = None
    """External key of the current conversation."""
    state: str = "new"
    line: str = ""
    agent_name: str = ""
    position: int | None = None
    away_since: float | None = None
    """Monotonic second since which no socket is open."""
    asked: Asked | None = None
    """What the visitor was asked about the conversation before, while they have not answered."""
    gave_up: bool = False
    """The router was told that this visitor is gone."""

    def tell(self, event: Event, *, but: Socket | None = None) -> None:
        """Send `event` to every window of the visitor, except `but`."""
        for socket in tuple(self.sockets):
            if socket is not but:
                socket.send(event)

    def forget_conversation(self) -> None:
        """Let go of the conversation: the next line begins a new one."""
        self.interaction = self.session = self.position = None
        self.agent_name = ""
        self.gave_up = False
        if self.state != "ended":
            self.state = "new"


class Visitors:
    """The visitors in memory, found by who they are and by their conversation."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Visitor] = {}
        self._by_interaction: dict[str, Visitor] = {}

    def __iter__(self) -> Iterator[Visitor]:
        """Go through them; they may come and go meanwhile."""
        return iter(tuple(self._known.values()))

    def get(self, site: str, visitor: str) -> Visitor:
        """Return the visitor, new in memory if need be."""
        return self._known.setdefault((site, visitor), Visitor(site=site, id=visitor))

    def of(self, interaction: str) -> Visitor | None:
        """Return the visitor whose conversation it is."""
        return self._by_interaction.get(interaction)

    def bind(self, visitor: Visitor, interaction: str, session: str) -> None:
        """Make `interaction` the visitor's current conversation."""
        if visitor.interaction not in {None, interaction}:
            self.release(visitor)
        visitor.interaction, visitor.session = interaction, session
        self._by_interaction[interaction] = visitor

    def release(self, visitor: Visitor) -> None:
        """Take the current conversation from the visitor, and forget who is neither here nor waiting."""
        if visitor.interaction is not None:
            self._by_interaction.pop(visitor.interaction, None)
        visitor.forget_conversation()
        self.tidy(visitor)

    def tidy(self, visitor: Visitor) -> None:
        """Forget a visitor who has neither a window open nor a conversation."""
        if not visitor.sockets and visitor.interaction is None and not visitor.lock.locked():
            self._known.pop((visitor.site, visitor.id), None)

    def from_key(self, key: str) -> Visitor | None:
        """Return the visitor an external key names; None when it is no key of ours."""
        site, _, rest = key.partition(":")
        visitor, colon, _ = rest.partition(":")
        return self.get(site, visitor) if colon and site and visitor else None

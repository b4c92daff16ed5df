"""The book of open work: every open interaction in memory, with the figures of its present segment.

It is a copy of the store, kept by the dispatcher; after a failure or a start it is read back from there.  Consoles are shown
what stands here, statements that store a change are made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contactd.clock import rfc3339
from contactd.core.address import undivided
from contactd.core.events import Skills
from contactd.core.interaction import State
from contactd.core.segment import Segment

CLOCKS = ("wait", "ring", "talk", "hold", "wrap")
WAITING = frozenset({State.QUEUED, State.OFFERED})
LIVE_STATES = frozenset({State.QUEUED, State.OFFERED, State.ACTIVE, State.HELD})


@dataclass(slots=True, kw_only=True)
class Entry:
    """One open interaction.  `earlier` sums the segments before the present one."""

    id: str
    channel: str
    adapter: str
    external_key: str
    direction: str
    line: str
    state: str
    state_since: datetime
    segment: Segment
    priority: int = 0
    skills: Skills = ()
    subject: str = ""
    sender: str = ""
    recipient: str = ""
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    party: str | None = None
    resolve_state: str = "unknown"
    unverified: bool = False
    """Its sender has no part in the conversation the message refers to."""
    customer_name: str = ""
    vip: int = 0
    agent: str | None = None
    offered_to: str | None = None
    """Who was offered it last: whose console or phone rings while it is offered."""
    outcome: str | None = None
    ended_by: str | None = None
    thread: str | None = None
    case_id: str | None = None
    parent_id: str | None = None
    routed_by: str = "contactd"
    line_text: str = ""
    agent_text: str = ""
    language: str | None = None
    prefer_agent: str | None = None
    disposition: str | None = None
    wrapup_until: datetime | None = None
    extended: int = 0
    """How often the wrap-up was extended."""
    extensions: int = 0
    """How often it may still be."""
    parked_until: datetime | None = None
    unread: int = 0
    """The customer's messages nobody has answered."""
    unanswered_since: datetime | None = None
    """When the first of these came."""
    last_message: str | None = None
    callback: str | None = None
    """The callback that is owed to its customer and waits for its end."""
    contact: str | None = None
    """Id of the customer's contact point, of what was read back from the store."""
    way_out: str = ""
    """What its customer is to be told or offered on the way out of the queue."""
    live: bool = False
    """The channel is one where the customer is there now."""
    panel: Mapping[str, Any] | None = None
    """How a live contact stands beyond its state, as its channel says; not stored."""
    earlier: dict[str, timedelta] = field(default_factory=dict)

    def total(self, clock: str) -> timedelta:
        """Return the sum of wait, ring, talk, hold or wrap over all segments."""
        here: timedelta = getattr(self.segment, clock)
        return self.earlier.get(clock, timedelta()) + here

    def bank(self, ended: Segment) -> None:
        """Add an ended segment's clocks to the earlier ones."""
        for clock in CLOCKS:
            self.earlier[clock] = self.earlier.get(clock, timedelta()) + getattr(ended, clock)

    def view(self) -> dict[str, Any]:
        """Return the InteractionView of docs/wire.md."""
        return {
            "id": self.id,
            "channel": self.channel,
            "direction": self.direction,
            "line": self.line_text if self.routed_by == "pbx" and self.line_text else self.line,
            "state": str(self.state),
            "state_since": rfc3339(self.state_since),
            "priority": self.priority,
            "skills": [{"skill": skill, "level": level} for skill, level in self.skills],
            "subject": self.subject,
            "from": undivided(self.sender),
            "from_display": self.sender,
            "to": undivided(self.recipient),
            "to_display": self.recipient,
            "queued_at": _text(self.queued_at),
            "answered_at": _text(self.answered_at),
            "ended_at": _text(self.ended_at),
            "party_id": self.party,
            "resolve_state": str(self.resolve_state),
            "unverified": self.unverified,
            "customer_name": self.customer_name,
            "vip": self.vip,
            "agent": self.agent or self.agent_text or None,
            "offered_to": self.offered_to if self.state == State.OFFERED else None,
            "outcome": self.outcome,
            "ended_by": self.ended_by,
            "wait_s": _seconds(self.total("wait")),
            "talk_s": _seconds(self.total("talk")),
            "hold_s": _seconds(self.total("hold")),
            "wrap_s": _seconds(self.total("wrap")),
            "wrapup_until": _text(self.wrapup_until),
            "wrapup_extensions": self.extensions if self.wrapup_until else 0,
            "parked_until": _text(self.parked_until),
            "thread": self.thread,
            "case_id": self.case_id,
            "parent_id": self.parent_id,
            "routed_by": self.routed_by,
            "live": self.live and self.state in LIVE_STATES,
            "disposition": self.disposition,
            "callback": self.callback,
            "unread": self.unread,
            "unanswered_since": _text(self.unanswered_since),
            "last_message": self.last_message,
            "panel": self.panel,
        }


class Book:
    """The open interactions by id, and by the outside key they came under."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._by_key: dict[tuple[str, str], str] = {}
        self._live: dict[str, Entry] = {}
        self._panels: dict[str, Mapping[str, Any]] = {}

    def add(self, entry: Entry) -> None:
        """Write an interaction in; an older entry of the same id gives way."""
        self._entries[entry.id] = entry
        self._by_key[(entry.adapter, entry.external_key)] = entry.id
        if entry.live:
            self._live[entry.id] = entry
        entry.panel = self._panels.get(entry.id, entry.panel)

    def panel(self, interaction: str, panel: Mapping[str, Any]) -> Entry | None:
        """Keep what a channel says of a live contact; return the entry, None when it is not open here."""
        entry = self._entries.get(interaction)
        if entry is not None:
            self._panels[interaction] = entry.panel = panel
        return entry

    def get(self, interaction: str) -> Entry | None:
        """Return the entry, or None when it is not open here."""
        return self._entries.get(interaction)

    def find(self, adapter: str, external_key: str) -> Entry | None:
        """Return the open entry that came under an outside key."""
        return self._entries.get(self._by_key.get((adapter, external_key), ""))

    def meeting(self, callback: str) -> list[Entry]:
        """Return the contacts whose end a callback waits for."""
        return [entry for entry in self._entries.values() if entry.callback == callback]

    def drop(self, interaction: str) -> None:
        """Strike out an interaction that is closed."""
        entry = self._entries.pop(interaction, None)
        self._live.pop(interaction, None)
        self._panels.pop(interaction, None)
        if entry is not None:
            self._by_key.pop((entry.adapter, entry.external_key), None)

    def clear(self) -> None:
        """Forget everything, before it is read back from the store."""
        self._entries.clear()
        self._by_key.clear()
        self._live.clear()

    def live(self) -> Iterator[Entry]:
        """Go through the entries whose customers are there now."""
        return iter(tuple(self._live.values()))

    def position(self, entry: Entry) -> int | None:
        """Return a live waiting entry's place in its line, from 1, by time of entering; None when it does not wait."""
        if entry.state not in WAITING or not entry.live or entry.queued_at is None:
            return None
        ahead = (
            1
            for other in self._live.values()
            if other.line == entry.line
            and other.state in WAITING
            and (other.queued_at or entry.queued_at, other.id) < (entry.queued_at, entry.id)
        )
        return 1 + sum(ahead)

    def __iter__(self) -> Iterator[Entry]:
        """Go through the open entries in the order they were written in."""
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._entries)


def _text(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def _seconds(span: timedelta) -> float:
    return round(span.total_seconds(), 3)

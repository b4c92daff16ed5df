"""The roster: who the agents are and what state each is in, in memory, as consoles are shown them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contactd.clock import rfc3339
from contactd.core.effects import AgentState
from contactd.core.events import AgentConfigured, AgentRestored, Skills
from contactd.desk.book import Entry


@dataclass(slots=True, kw_only=True)
class Member:
    """One agent: profile from the store, and the routing state of now with the moment it began."""

    id: str
    name: str
    username: str
    role: str
    skills: Skills = ()
    lines: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    capacity: tuple[tuple[str, int], ...] = ()
    device: str | None = None
    team: str | None = None
    saved: AgentRestored | None = None
    """The routing state as it stands in the store, when the profile was read at a start."""
    intent: str = "logged_out"
    reason: str | None = None
    next_intent: str | None = None
    next_reason: str | None = None
    health: str = "lost"
    state: str = "logged_out"
    since: datetime | None = None
    intent_since: datetime | None = None
    slots: tuple[tuple[str, str, int], ...] = ()
    used: int = 0
    draining: bool = False
    """A supervisor said that they get nothing new."""
    work: dict[str, Entry] = field(default_factory=dict)

    def configured(self) -> AgentConfigured:
        """Return the fact that tells the router of this agent."""
        return AgentConfigured(
            agent=self.id,
            skills=self.skills,
            lines=self.lines,
            languages=self.languages,
            capacity=self.capacity,
            device=self.device,
            team=self.team,
        )

    def restored(self) -> AgentRestored:
        """Return the fact that tells a new router what this agent had chosen."""
        return self.saved or AgentRestored(agent=self.id, intent="logged_out")

    def take(self, wish: AgentState, now: datetime) -> bool:
        """Take over a routing state; return True when what a person would call the state changed."""
        before = (self.state, self.intent, self.reason, self.health)
        if (self.intent, self.reason) != (wish.intent, wish.reason) or self.intent_since is None:
            self.intent_since = now
        self.intent, self.reason, self.health, self.state = wish.intent, wish.reason, wish.health, wish.state
        self.next_intent, self.next_reason = wish.next_intent, wish.next_reason
        self.slots, self.used, self.draining = wish.slots, wish.used, wish.draining
        changed = before != (self.state, self.intent, self.reason, self.health)
        if changed or self.since is None:
            self.since = now
        return changed

    def view(self) -> dict[str, Any]:
        """Return the AgentView of docs/wire.md."""
        return {
            "agent": self.id,
            "name": self.name,
            "username": self.username,
            "role": self.role,
            "intent": self.intent,
            "reason": self.reason,
            "next_intent": self.next_intent,
            "next_reason": self.next_reason,
            "health": self.health,
            "state": self.state,
            "since": rfc3339(self.since) if self.since else None,
            "slots": [{"channel": channel, "state": state, "count": count} for channel, state, count in self.slots],
            "lines": list(self.lines),
            "languages": list(self.languages),
            "skills": [{"skill": skill, "level": level} for skill, level in self.skills],
            "used": self.used,
            "draining": self.draining,
            "work": [
                {
                    "interaction": entry.id,
                    "channel": entry.channel,
                    "line": entry.line,
                    "state": str(entry.state),
                    "since": rfc3339(entry.state_since),
                }
                for entry in self.work.values()
            ],
        }


class Roster:
    """All agents by id."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._by_device: dict[str, str] = {}

    def put(self, member: Member) -> None:
        """Write an agent in, or change the profile of a known one while keeping the state."""
        known = self._members.get(member.id)
        if known is not None:
            for name in (
                "intent",
                "reason",
                "next_intent",
                "next_reason",
                "health",
                "state",
                "since",
                "intent_since",
                "slots",
                "used",
                "draining",
                "work",
            ):
                setattr(member, name, getattr(known, name))
            if known.device:
                self._by_device.pop(known.device, None)
        self._members[member.id] = member
        if member.device:
            self._by_device[member.device] = member.id

    def get(self, agent: str | None) -> Member | None:
        """Return an agent, or None."""
        return self._members.get(agent or "")

    def by_device(self, device: str | None) -> Member | None:
        """Return the agent whose phone `device` is."""
        return self._members.get(self._by_device.get(device or "", ""))

    def name(self, agent: str | None) -> str:
        """Return the name to show for an agent id; the id itself when it is nobody of ours."""
        member = self.get(agent)
        return member.name if member else agent or ""

    def remove(self, agent: str) -> None:
        """Strike an agent out."""
        member = self._members.pop(agent, None)
        if member is not None and member.device:
            self._by_device.pop(member.device, None)

    def clear(self) -> None:
        """Forget everybody, before they are read back from the store."""
        self._members.clear()
        self._by_device.clear()

    def __iter__(self) -> Iterator[Member]:
        """Go through the agents."""
        return iter(tuple(self._members.values()))

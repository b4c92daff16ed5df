"""What the dispatcher tells the views after a commit: small, frozen, already in the shapes of docs/wire.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contactd.core.agent import Role

Shown = Mapping[str, Any]
"""An object of docs/wire.md as JSON values; it is never changed after it was handed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionUpsert:
    """An open interaction began or changed."""

    view: Shown
    """InteractionView."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionClosed:
    """An interaction is no longer open (closed, abandoned, quarantined)."""

    view: Shown
    """InteractionView as it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade:
    """An item is reserved for an agent."""

    agent: str
    data: Shown
    """The data of `offer.created`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferOver:
    """An offer ended, however it did."""

    offer: str
    outcome: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged:
    """An agent exists, or an agent's state, work or abilities changed."""

    view: Shown
    """AgentView with `username` and `languages`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRemoved:
    """An agent no longer exists."""

    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAdded:
    """A message was stored, or its delivery state changed."""

    interaction: str
    message: Shown
    """MessageView."""
    agent: str | None = None
    """Who must see it when the interaction is no longer open; else its present agent does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised:
    """Something a supervisor must know."""

    alert: Shown
    """Alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxChanged:
    """What an agent has written and has not arrived is no longer what it was."""

    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNews:
    """Something happened in a case an agent follows; ids and numbers only, the rest is asked for."""

    agent: str
    news: Shown
    """case, no, type, unseen"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something stands differently than before for who looks at announcements or approvals; what, is asked for."""

    about: str
    """announcement | approval"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """What the policy says of a line, as far as screens show it."""

    line: str
    label: Mapping[str, str] = field(default_factory=dict)
    """Language → name."""
    sla_s: float | None = None
    """Target: answered within this many seconds."""
    open: bool = True
    hours: Shown | None = None
    """`hours` of LineView; None = always open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged:
    """Another version of the policy rules: these are all its lines."""

    version: int
    lines: tuple[LineSettings, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOpened:
    """A line's hours began or ended."""

    line: str
    open: bool
    hours: Shown | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineExpects:
    """How long somebody who comes into a line now is expected to wait; None = unknown."""

    line: str
    p50_s: float | None
    p90_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """What a line has done today, as the store counts it."""

    line: str
    answered: int = 0
    within: int = 0
    """Answered within the line's target."""
    abandoned: int = 0
    """Without the short ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStarted:
    """The day's figures begin anew: at midnight (no figures) and at start (what the store has of today)."""

    figures: tuple[DayFigures, ...] = ()


Changed = (
    InteractionUpsert
    | InteractionClosed
    | OfferMade
    | OfferOver
    | AgentChanged
    | AgentRemoved
    | MessageAdded
    | AlertRaised
    | OutboxChanged
    | CaseNews
    | Notice
    | PolicyChanged
    | LineOpened
    | LineExpects
    | DayStarted
)
"""Anything the views can be told."""

NOBODY: Shown = {
    "agent": "",
    "name": "",
    "role": Role.AGENT,
    "intent": "logged_out",
    "reason": None,
    "next_intent": None,
    "health": "ok",
    "state": "logged_out",
    "since": None,
    "slots": [],
    "lines": [],
    "skills": [],
    "used": 0,
    "draining": False,
    "work": [],
    "username": "",
    "languages": [],
}
"""AgentView of somebody who is not configured for work."""

"""What is placed in line, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contactd.core.channel import Content
from contactd.core.events import InteractionArrived, Skills, Unparked
from contactd.core.party import Resolution
from contactd.crm_store.message_rows import Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """What to place: the content made of an arrival, with every id it may need."""

    interaction: str
    receipt: str
    channel: str
    line: str
    at: datetime
    content: Content
    node: str
    priority: int
    skills: Skills
    language: str | None
    policy_version: int
    live: bool
    routed_by: str
    direction: str
    new_ids: Mapping[str, str]
    """point, thread, fact: an id for each row that may be new."""
    sayings: tuple[Saying, ...]
    subject: str = ""
    may_join: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What became of it."""

    interaction: str
    joined: bool
    state: str
    fact: InteractionArrived | Unparked | None
    inbox_id: str | None
    resolution: Resolution
    party_name: str = ""
    vip: int = 0
    thread: str | None = None
    case_id: str | None = None
    parent_id: str | None = None
    messages: tuple[Mapping[str, Any], ...] = field(default=())
    parked_agent: str | None = None
    unverified: bool = False

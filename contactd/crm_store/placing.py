"""What is placed in line, what became of it, and the turns of the conversation it may belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from contactd.core.case_plan import NO_PLAN, CasePlan, Opening
from contactd.core.channel import Content
from contactd.core.events import InteractionArrived, Skills, Unparked
from contactd.core.party import Resolution
from contactd.core.segmenting import NO_CUSTOMERS, CustomerPlan
from contactd.crm_store import schema as s
from contactd.crm_store.message_rows import Saying
from contactd.crm_store.statements import hot

JOINABLE = ("received", "queued", "offered", "active", "held", "parked", "wrapup")
"""States of a turn that what is said next joins."""
TURNS = hot(
    select(
        s.interaction.c.id,
        s.interaction.c.state,
        s.interaction.c.state_since,
        s.interaction.c.agent,
        s.interaction.c.case_id,
        s.interaction.c.party_id,
        s.interaction.c.resolve_state,
        s.interaction.c.contact_point_id,
    )
    .where(s.interaction.c.thread_id == bindparam("thread"), s.interaction.c.id != bindparam("own"))
    .order_by(s.interaction.c.started_at.desc())
    .limit(5),
)
"""The newest turns of a conversation, but for the item's own row."""


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
    """point, thread, fact, and of what `opens` makes case, party, claim: an id for each row that may be new."""
    sayings: tuple[Saying, ...]
    subject: str = ""
    may_join: bool = True
    reopens: timedelta | None = None
    """How long after its end a conversation is taken up again; None = always."""
    filed: bool = False
    """An automatic item that is kept, and put before nobody, where it belongs to no conversation."""
    opens: tuple[Opening, ...] = ()
    """A case is opened from it, where its conversation has none: by the first of these that fits the customer."""
    plan: CasePlan = NO_PLAN
    customers: CustomerPlan = NO_CUSTOMERS
    """How customers are let in."""
    line_chosen: bool = False
    """Somebody chose the line: no rule for its customer changes it."""


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
    let_in: Placing | None = None
    """As it was placed, where a rule for its customer said more than the arrival."""
    reported: str | None = None
    """A message of ours whose delivery state it changed."""

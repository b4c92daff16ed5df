"""The shapes of answers, for the OpenAPI document (docs/wire.md in types); answers themselves are not run through them.

Fields are added over time: a client ignores what it does not know.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from contactd.api.answers import Page, Shape


class SkillLevel(Shape):
    """A skill and its level, 1-10."""

    skill: str
    level: int


class Interaction(Shape):
    """One piece of work: InteractionView."""

    id: str
    channel: str
    direction: str
    line: str | None
    state: str
    state_since: str | None
    priority: int
    skills: list[SkillLevel]
    subject: str
    sender: str = Field(alias="from")
    from_display: str
    recipient: str = Field(alias="to")
    to_display: str
    queued_at: str | None
    answered_at: str | None
    ended_at: str | None
    party_id: str | None
    resolve_state: str
    unverified: bool
    customer_name: str
    vip: int
    agent: str | None
    offered_to: str | None
    outcome: str | None
    ended_by: str | None
    wait_s: float
    talk_s: float
    hold_s: float
    wrap_s: float
    thread: str | None
    case_id: str | None
    parent_id: str | None


class Offer(Shape):
    """One offer of an interaction."""

    agent: str
    outcome: str | None
    offered_at: str | None
    ring_s: float


class Segment(Shape):
    """One stay in a line."""

    line: str | None
    reason: str
    entered_at: str | None
    answered_at: str | None
    ended_at: str | None
    agent: str | None
    outcome: str | None


class Topic(Shape):
    """What it was about."""

    disposition: str
    case: str | None
    note: str


class ListedInteraction(Interaction):
    """An interaction with its offers, segments and topics."""

    offers: list[Offer]
    segments: list[Segment]
    topics: list[Topic]


class TimelineItem(Shape):
    """One entry of a customer's history."""

    id: str
    at: str
    kind: str = Field(alias="class")
    channel: str | None
    direction: str | None
    ref: str | None
    title: str | None
    snippet: str | None
    actor: str | None
    line: str | None
    state: str | None
    outcome: str | None
    imported: bool
    """It was brought in from another system: history, not counted anywhere."""
    duration_s: float | None


class Candidate(Shape):
    """Somebody it may be, and the evidence by catalogue keys."""

    party_id: str
    name: str
    kind: str
    vip: int
    level: str
    why: list[str]
    points: list[dict[str, Any]]


class CustomerHead(Shape):
    """Who it may be, and the head of the history."""

    resolve_state: str
    party_id: str | None
    point: dict[str, Any] | None
    candidates: list[Candidate]
    timeline: list[TimelineItem]
    open_cases: int


class WholeInteraction(ListedInteraction):
    """An interaction with everything and its customer."""

    customer: CustomerHead
    answers_to: list[str]


class Attachment(Shape):
    """A file of a message."""

    id: str
    name: str
    media_type: str
    size: int
    page: int | None
    inline: bool
    url: str
    held: str | None = None


class Fate(Shape):
    """What was reported about a message on its way to an address."""

    address: str
    action: str
    status: str
    detail: str
    at: str


class Message(Shape):
    """MessageView."""

    id: str
    interaction: str
    seq: int
    at: str
    direction: str
    sender: str
    sender_name: str
    text: str
    has_html: bool
    attachments: list[Attachment]
    delivery_state: str | None
    send_at: str | None
    delivery_detail: str
    fates: list[Fate]
    auto: str | None
    provider_id: str | None
    recipients: list[dict[str, Any]]
    client_id: str | None
    unverified: bool


class Event(Shape):
    """Something that happened to an interaction."""

    id: str
    seq: int
    at: str
    kind: str
    actor: str | None
    data: Any


class Explanation(Shape):
    """Why an interaction went where it went."""

    id: str
    state: str
    offers: list[Offer]
    segments: list[Segment]
    events: list[dict[str, Any]]


class Idle(Shape):
    """Why an agent has nothing to do."""

    agent: str
    intent: str
    health: str
    used: int
    kept_by: str | None
    waiting: list[dict[str, Any]]
    for_others: int
    reasons: list[dict[str, Any]]


class Made(Shape):
    """A contact that was brought in."""

    id: str
    receipt: str
    duplicate: bool
    joined: bool


class Party(Shape):
    """A customer."""

    id: str
    name: str
    kind: str
    vip: int
    language: str | None
    owner: str | None
    points: list[dict[str, Any]]
    row_version: int
    scores: dict[str, Any] | None
    """What was last counted: value_class, contact_class, segments …"""


class Case(Shape):
    """A case (ticket)."""

    id: str
    no: str
    type: str
    state: str
    subject: str
    party_id: str | None
    assignee: str | None


class Line(Shape):
    """LineView."""

    line: str
    label: dict[str, str]
    waiting: int
    oldest_at: str | None
    by_channel: dict[str, int]
    ready: int
    open: bool
    service_level: float | None
    answered: int
    abandoned: int
    sla_s: float | None
    wait_p50_s: float | None
    wait_p90_s: float | None


class Queue(Page[Interaction]):
    """What waits, and all lines."""

    lines: list[Line]


class Agent(Shape):
    """AgentView, or what colleagues see of it."""

    agent: str
    name: str
    role: str
    state: str
    since: str | None
    lines: list[str]


class Me(Agent):
    """Who asks."""

    username: str
    languages: list[str]
    rights: list[str]
    """What they may do, be it only with what is theirs; screens show no more."""
    scopes: list[str] | None


class PolicyWords(Shape):
    """What screens need of the policy."""

    version: int
    default_line: str
    lines: dict[str, Any]
    dispositions: dict[str, Any]
    reasons: dict[str, Any]
    skills: dict[str, Any]


class Upload(Shape):
    """A file that waits to be sent."""

    id: str
    name: str
    size: int

"""Wishes: what the router wants done.  The desk grants them after the facts that caused them are committed, in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contactd.core.events import STRAIGHT, Course, Skills


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Why an item was offered to an agent, in a compact form that is stored with the offer."""

    policy_version: int
    line: str
    step: int
    """Index of the line's skill step that matched."""
    strategy: str
    terms: tuple[tuple[str, float], ...]
    """The score's terms by name (base, age, boost, vip …); they add up to `score`."""
    score: float
    skills: tuple[tuple[str, int, int], ...]
    """(skill, level needed, level the agent has)."""
    idle_s: float
    """How long the agent had been idle."""
    waiting: int
    """How many stood in the line."""
    eligible: int
    """How many agents could have taken it, at least; bounded by what the index knows without a scan."""
    next_best: tuple[tuple[str, float], ...] = ()
    """Up to five further agents with what the strategy compares."""
    preferred: str | None = None
    """owner | last | named | returned | active (they serve the customer now), when a preferred agent was chosen."""
    visit: tuple[str, ...] = ()
    """Other open contacts of the same customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Reserve `interaction` for `agent` until `expires_at`."""

    offer: str
    lease: str
    interaction: str
    agent: str
    channel: str
    line: str
    expires_at: datetime
    decision: Decision
    auto_accept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """An offer is over; `outcome` is an `OfferOutcome`, `reason` narrows it."""

    offer: str
    interaction: str
    agent: str
    outcome: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """The agent has the item now (accepted, pulled, taken up, restored to them)."""

    interaction: str
    agent: str
    offer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """The channel must bring customer and agent together now (a call): after its success the contact is answered."""

    interaction: str
    agent: str
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeue:
    """The item stands in line again, its age kept."""

    interaction: str
    line: str
    reason: str
    """A `SegmentReason`: requeue goes on in the same segment, the others open a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """A waiting item leaves its line by rule: to another line (`line` set) or out (`action`)."""

    interaction: str
    line: str | None = None
    action: str | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An interaction's state changed; the desk stores it with its event and its segment."""

    interaction: str
    state: str
    cause: str
    agent: str | None = None
    line: str | None = None
    outcome: str | None = None
    ended_by: str | None = None
    disposition: str | None = None
    until: datetime | None = None
    """When wrap-up ends or a parked item wakes, by itself."""
    extensions: int = 0
    """How often this wrap-up may still be extended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentState:
    """An agent's routing state as of now: stored as the interval log of states and shown on consoles."""

    agent: str
    intent: str
    reason: str | None
    health: str
    state: str
    """What a person would say, by precedence: logged_out, lost, talking (active), held, wrapup, offered, not_ready, ready."""
    slots: tuple[tuple[str, str, int], ...]
    """(channel, slot state, items in it) for every channel in use."""
    next_intent: str | None
    next_reason: str | None
    idle_since: datetime | None
    misses: tuple[tuple[str, int], ...]
    used: int
    """Capacity units in use, of 100."""
    cause: str
    """Kind of the fact that changed it."""
    actor: str | None = None
    draining: bool = False
    """A supervisor said that the agent gets nothing new."""
    standing: tuple[int, ...] = ()
    """The router's own counters on the agent, to be stored and handed back as they are (`AgentRestored.standing`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a waiting item stands in line now, for `interaction_routing`: what `InteractionArrived` needs after a restart.

    Told when it changes, beginning with the first change after the arrival.
    """

    interaction: str
    step: int
    step_since: datetime
    skip_agents: tuple[tuple[str, datetime | None], ...] = ()
    prefer_agent: str | None = None
    prefer_until: datetime | None = None
    hops: int = 0
    course: Course = STRAIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """The customer of an item is to be called back: a new item, stored in the same transaction, of the line it leaves.

    One callback is open for a number in a line: an older one keeps its place, and this one is not made.
    """

    interaction: str
    """The item that ends."""
    channel: str
    line: str
    reason: str
    """callback (the customer asked for it) | missed (they gave up)"""
    waited: timedelta = timedelta()
    """How long they have waited: it counts on as the callback's age."""
    priority: int = 0
    skills: Skills = ()
    language: str | None = None
    vip: int = 0
    abroad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackMet:
    """A customer to whom a callback is owed is in contact with us: it waits for the end of that contact."""

    interaction: str
    """The contact."""
    callback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """A line opened or closed, by its calendar or by hand: shown on consoles and kept for the next start."""

    line: str
    open: bool
    since: datetime
    """When it opened or closed; of one that is always open, when that was first told."""
    mode: str | None = None
    """open | closed | drain while it is so by hand; None = the calendar rules."""
    until: datetime | None = None
    """When what was set by hand ends by itself."""
    next_change: datetime | None = None
    """When it next opens or closes by itself, as far as is known."""
    actor: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a waiting item asks for, or its place, was changed: by a supervisor, or since its customer became known."""

    interaction: str
    priority: int
    skills: Skills


@dataclass(frozen=True, slots=True, kw_only=True)
class Overseen:
    """A supervisor's act was carried out: written into the audit log in the same transaction."""

    actor: str
    action: str
    """priority | skills | requeue | pull | push | force_release | drain | intent | transfer | line"""
    interaction: str | None = None
    agent: str | None = None
    line: str | None = None
    value: str | None = None
    """What was set, in short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something a supervisor must know."""

    kind: str
    """rona | break_overrun | hops | …"""
    agent: str | None = None
    interaction: str | None = None
    line: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The fact could not be applied; nothing changed."""

    reason: str
    """old_lease | unknown_offer | unknown_interaction | unknown_agent | not_yours | bad_state | not_allowed | unknown_line | …"""
    interaction: str | None = None
    agent: str | None = None
    offer: str | None = None
    detail: str | None = None
    """What exactly stands against it (of an agent: signed_out, not_ready, busy …)."""
    alternatives: tuple[str, ...] = ()
    """Agents who could take it now, the first choice first."""


Wish = (
    Offer
    | Withdraw
    | Assign
    | Connect
    | Requeue
    | Overflow
    | Moved
    | AgentState
    | Standing
    | CallBack
    | CallbackMet
    | LineState
    | Weighed
    | Overseen
    | Alert
    | Refuse
)
"""Anything the router can ask for."""

WISHES: dict[str, type[Wish]] = {
    kind.__name__: kind
    for kind in (
        Offer,
        Withdraw,
        Assign,
        Connect,
        Requeue,
        Overflow,
        Moved,
        AgentState,
        Standing,
        CallBack,
        CallbackMet,
        LineState,
        Weighed,
        Overseen,
        Alert,
        Refuse,
    )
}
"""Kind → class, for reading the journal."""

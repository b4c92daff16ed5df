"""Facts: what happened, as the router is told it.

A fact carries ids and routing inputs only, never names or texts: it goes into the journal as JSON and is replayed from there.
Every fact is a frozen dataclass; `now` is handed beside it, never inside it.  Durations are `timedelta`, moments are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Skills = tuple[tuple[str, int], ...]
"""(skill, level) pairs, sorted by skill; levels 1-10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What an item has met with on its way, beyond its place in line; needed again after a restart."""

    path: tuple[str, ...] = ()
    """Lines it has left by overflow: it never overflows back into one of them."""
    asked_at: datetime | None = None
    """When its customer was offered to be called back."""
    alone_since: datetime | None = None
    """Since when nobody signed in could take it."""
    front: bool = False
    """It goes before everything else: it was handed on and nobody took it."""
    giver: str | None = None
    """Who handed it to a person: it comes back to them when that person does not take it."""
    attempts: int = 0
    """A callback: how often the customer was called in vain."""
    suspended_by: str | None = None
    """A callback: the contact in which its customer is talking to us now."""
    looped: bool = False
    """Supervisors were told that its overflow rules lead in a circle."""
    repeat: int = 0
    """How often its customer was in contact about it lately (`InteractionArrived.repeat`)."""


STRAIGHT = Course()
"""The course of an item that has met with nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionArrived:
    """A piece of work stands in line (or stands again, when it is fed in after a restart)."""

    interaction: str
    channel: str
    line: str
    priority: int = 0
    """Base 0-9; higher is served first."""
    skills: Skills = ()
    """Required by this item beyond what its line asks for."""
    queued_at: datetime | None = None
    """When it entered the line; None = now."""
    waited: timedelta = timedelta()
    """Waiting time of earlier segments, which counts as age."""
    party: str | None = None
    vip: int = 0
    """The customer's level, 0-3."""
    language: str | None = None
    prefer_agent: str | None = None
    """Agent to try first (owner, last handler)."""
    thread: str | None = None
    direction: str = "inbound"
    routed_by: str = "contactd"
    """`contactd` or `pbx`: what a PBX routes is counted but never matched."""
    skip_agents: tuple[tuple[str, datetime | None], ...] = ()
    """Agents not to be asked until the given moment (None = for good)."""
    reason: str = "arrival"
    step: int = 0
    """After a restart: the skill step it had come to (`Standing`)."""
    step_since: datetime | None = None
    """After a restart: when that step began; None = when it entered the line."""
    prefer_until: datetime | None = None
    """After a restart: until when it waits for `prefer_agent`; None = by the line's rule."""
    hops: int = 0
    """How often it was transferred."""
    state: str = "queued"
    """After a restart: the state it has in the outside system that routes it (`routed_by` pbx); ours are queued."""
    disposition: str | None = None
    """After a restart: what an earlier holder had noted."""
    contact: str | None = None
    """Id of the customer's contact point (a number, an address): who is not known by name is known by this."""
    entered_as: str | None = None
    """After a restart: why its present stay in the line began; None = for `reason`."""
    course: Course = STRAIGHT
    """After a restart: what it had met with."""
    repeat: int = 0
    """How often the customer was in contact about it lately, 0-3; after a restart the course says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionGone:
    """The customer left: hung up while waiting, closed the chat, or the item was taken out of the line.

    In line or offered it becomes `abandoned` (`cause` customer_gone) or `closed` (junk, overflow_out); with an agent it ends
    the contact as `WorkEnded` by the customer does.
    """

    interaction: str
    cause: str = "customer_gone"
    """customer_gone | overflow_out | junk | settled (a callback: nothing is left to be said)"""
    outcome: str | None = None
    """The outcome to store, where the cause alone does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted:
    """An agent took an offer; refused when the lease is not the live one's."""

    agent: str
    offer: str
    lease: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRejected:
    """An agent declined an offer, where the line allows it."""

    agent: str
    offer: str
    lease: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed:
    """What the agent had accepted could not be connected: back in line with its age kept."""

    interaction: str
    agent: str
    reason: str
    """device_busy | device_unreachable | media"""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentSet:
    """An agent (or a supervisor for them) chose ready, not ready or logged out."""

    agent: str
    intent: str
    reason: str | None = None
    actor: str | None = None
    """Who did it when it was not the agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSeen:
    """An agent's console is alive: connected, or its heartbeat came."""

    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLost:
    """An agent's last console socket is gone: lagging at once, lost after the grace time unless seen again."""

    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkEnded:
    """The contact with the customer is over: wrap-up begins, or the item closes where the line has none."""

    interaction: str
    agent: str | None = None
    """Who handled it; None = whoever does now."""
    ended_by: str = "agent"
    """customer | agent | transfer | system"""
    outcome: str | None = None
    """Default: answered for live lines, handled for deferred ones."""
    disposition: str | None = None
    skip_wrapup: bool = False
    """True when the agent ended the contact and the wrap-up in one act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapupDone:
    """The agent finished wrap-up."""

    interaction: str
    agent: str
    disposition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapupExtended:
    """The agent needs more time for a timed wrap-up; how often that may be is the line's rule."""

    interaction: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarised:
    """The agent stored a contact's disposition while they still have it: it counts when the contact or its wrap-up ends."""

    interaction: str
    agent: str
    disposition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """It became known who the customer of an open contact is."""

    interaction: str
    party: str
    vip: int = 0
    priority: int = 0
    """At least, as the policy's rules for such customers say; so the skills."""
    skills: Skills = ()
    language: str | None = None
    """The customer's; it counts where none was known."""
    prefer_agent: str | None = None
    """Whom to try first, where nobody was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An active contact was put on hold."""

    interaction: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A held contact was taken up again."""

    interaction: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A contact was put aside by its agent, until a moment or until the customer writes."""

    interaction: str
    agent: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparked:
    """A parked contact wakes, because the customer wrote (`customer_writes`), or its agent took it up (`taken_up`)."""

    interaction: str
    cause: str = "customer_writes"
    agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """A contact was given to a line or to an agent; exactly one of the two targets is set."""

    interaction: str
    agent: str | None
    """Who gave it away; None when a supervisor or rule moved it out of a line."""
    to_line: str | None = None
    to_agent: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfigured:
    """An agent exists with these abilities; sent at start and at each change."""

    agent: str
    skills: Skills = ()
    lines: tuple[str, ...] = ()
    """Lines the agent is a member of; ("*",) = every line."""
    languages: tuple[str, ...] = ()
    capacity: tuple[tuple[str, int], ...] = ()
    """Units one item of a channel takes from this agent's 100; overrides the policy."""
    device: str | None = None
    """Phone the agent answers on; without one the agent gets no calls."""
    team: str | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPublished:
    """A new version of the policy rules from now on."""

    version: int
    policy: dict[str, Any] = field(hash=False)
    """The whole `[policy]` document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalWork:
    """An agent began or ended work the router did not give: any call on their device fills the voice slot."""

    agent: str
    channel: str
    on: bool
    ref: str = ""
    """What it is (an interaction or a leg), so that two overlapping ones are told apart."""
    restored: bool = False
    """After a restart: it was so before, and nothing gives way to it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorSet:
    """A supervisor's act on an item, an agent or a line."""

    actor: str
    action: str
    """priority | skills | requeue | pull | push | force_release | drain | intent"""
    interaction: str | None = None
    agent: str | None = None
    line: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTaken:
    """A customer who waits wants to be called back instead of waiting on."""

    interaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed:
    """A customer who was to be called back was not reached."""

    interaction: str
    agent: str
    reason: str
    """busy | no_answer | unreachable | outside_hours"""
    until: datetime | None = None
    """They were not called at all, and will not be before this moment: it is no attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSet:
    """A supervisor opened or closed a line by hand, or gave it back to its calendar."""

    actor: str
    line: str
    mode: str
    """open | closed | drain (nothing new comes in, and whoever is in line is served however long it takes) | calendar"""
    until: datetime | None = None
    """When the calendar rules again by itself; None = not before somebody says so."""
    reason: str | None = None
    """A word for the record; free text stays in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRestored:
    """After a restart: how a line stood (fed in by recovery only, before everything else)."""

    line: str
    open: bool
    since: datetime
    mode: str | None = None
    until: datetime | None = None
    next_change: datetime | None = None
    actor: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitExpected:
    """How long a customer who comes into a line now is expected to wait; told when it crosses what a rule asks for."""

    line: str
    seconds: float | None
    """None = unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTold:
    """The part of a line's live contacts that was answered in time lately; told when it crosses what a reason asks for."""

    line: str
    level: float | None
    """0-1; None = unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternallyMoved:
    """An item that an outside system routes (`routed_by` pbx) changed its state there: shown and counted, never matched."""

    interaction: str
    state: str
    cause: str
    agent: str | None = None
    """Our agent, where the outside system's device belongs to one."""
    line: str | None = None
    outcome: str | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkStarted:
    """An agent began a contact themselves (outgoing mail, call, message): it fills the slot from now on."""

    interaction: str
    channel: str
    line: str
    agent: str
    party: str | None = None
    contact: str | None = None
    vip: int = 0
    at: datetime | None = None
    """When it began; None = now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointAsked:
    """Somebody (the audit) wants the router's fingerprint in the journal now; for the dispatcher, not for the router."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRestored:
    """After a restart: an item an agent already had, with its state and since when (fed in by recovery only)."""

    interaction: str
    channel: str
    line: str
    agent: str
    state: str
    """active | held | wrapup | parked"""
    since: datetime
    queued_at: datetime
    waited: timedelta = timedelta()
    priority: int = 0
    skills: Skills = ()
    party: str | None = None
    vip: int = 0
    until: datetime | None = None
    """When a parked item wakes, or wrap-up ends."""
    interrupted: bool = False
    """Held because more urgent work came in between (`Moved` with cause `interrupted`): it comes back by itself."""
    language: str | None = None
    hops: int = 0
    outcome: str | None = None
    ended_by: str | None = None
    disposition: str | None = None
    extended: int = 0
    """How often its wrap-up was extended."""
    step: int = 0
    step_since: datetime | None = None
    """The skill step it had come to when it was given, should it go back there."""
    skip_agents: tuple[tuple[str, datetime | None], ...] = ()
    contact: str | None = None
    entered_as: str = "arrival"
    """Why its present stay in the line began."""
    course: Course = STRAIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRestored:
    """After a restart: an offer that still stands (fed in by recovery only, after the item and before `AgentRestored`)."""

    offer: str
    interaction: str
    agent: str
    offered_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRestored:
    """After a restart: what an agent's routing state was (fed in by recovery only, after `AgentConfigured`)."""

    agent: str
    intent: str
    reason: str | None = None
    next_intent: str | None = None
    next_reason: str | None = None
    idle_since: datetime | None = None
    misses: tuple[tuple[str, int], ...] = ()
    """Consecutive missed offers by channel."""
    standing: tuple[int, ...] = ()
    """The router's own counters as `AgentState.standing` told them."""
    since: datetime | None = None
    """Since when the agent has had this intent."""
    draining: bool = False


Fact = (
    InteractionArrived
    | InteractionGone
    | OfferAccepted
    | OfferRejected
    | DeliveryFailed
    | IntentSet
    | ConsoleSeen
    | ConsoleLost
    | WorkEnded
    | WrapupDone
    | WrapupExtended
    | Summarised
    | Identified
    | Held
    | Resumed
    | Parked
    | Unparked
    | Transferred
    | AgentConfigured
    | PolicyPublished
    | ExternalWork
    | SupervisorSet
    | CallbackTaken
    | AttemptFailed
    | LineSet
    | LineRestored
    | WaitExpected
    | ServiceTold
    | ExternallyMoved
    | WorkStarted
    | CheckpointAsked
    | WorkRestored
    | OfferRestored
    | AgentRestored
)
"""Anything the router can be told."""

FACTS: dict[str, type[Fact]] = {
    kind.__name__: kind
    for kind in (
        InteractionArrived,
        InteractionGone,
        OfferAccepted,
        OfferRejected,
        DeliveryFailed,
        IntentSet,
        ConsoleSeen,
        ConsoleLost,
        WorkEnded,
        WrapupDone,
        WrapupExtended,
        Summarised,
        Identified,
        Held,
        Resumed,
        Parked,
        Unparked,
        Transferred,
        AgentConfigured,
        PolicyPublished,
        ExternalWork,
        SupervisorSet,
        CallbackTaken,
        AttemptFailed,
        LineSet,
        LineRestored,
        WaitExpected,
        ServiceTold,
        ExternallyMoved,
        WorkStarted,
        CheckpointAsked,
        WorkRestored,
        OfferRestored,
        AgentRestored,
    )
}
"""Kind → class, for reading the journal."""

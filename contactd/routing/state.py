"""What the router knows of items, agents and live offers.  Moments are whole milliseconds since 1970 UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contactd.core.agent import Health, Intent
from contactd.core.effects import Decision
from contactd.core.events import Skills
from contactd.core.interaction import SegmentReason, State
from contactd.routing.line import ChannelRule, Line
from contactd.routing.profiles import Profile

if TYPE_CHECKING:
    from contactd.routing.shapes import Shape


Break = tuple[str, tuple[str, ...]]
"""(reason for being not ready, lines of the team)."""
FULL = 100
"""Capacity units of an agent."""
MAX_PRIORITY = 9
MAX_VIP = 3
MAX_REPEAT = 3


@dataclass(slots=True, eq=False, kw_only=True)
class Item:
    """One open interaction."""

    id: str
    channel: str
    line: Line
    rule: ChannelRule
    state: State
    since: int
    """When it came into its state."""
    queued_at: int
    """When it entered its present stay in a line."""
    age_from: int
    """The moment its waiting counts from, earlier waits included; right while it waits or is offered."""
    waited: int = 0
    """Its whole waiting until it was last assigned; right while an agent has it."""
    priority: int = 0
    skills: Skills = ()
    party: str | None = None
    contact: str | None = None
    """The customer's contact point."""
    vip: int = 0
    repeat: int = 0
    """How often its customer was in contact about it lately."""
    language: str | None = None
    matched: bool = True
    """False: an outside system routes it; it is counted only."""
    skips: dict[str, int | None] = field(default_factory=dict)
    """Agents not to be asked until a moment; None = for good."""
    step: int = 0
    step_since: int = 0
    prefer: str | None = None
    prefer_kind: str = "owner"
    prefer_until: int = 0
    direct: bool = False
    """The preferred agent was named by a person: skills and membership are not asked."""
    held_for: str | None = None
    """It waits for this agent only."""
    shape: Shape | None = None
    """The shape it stands in line with; None while it does not stand there."""
    token: int = 0
    """Changes whenever its place changes, so that entries left behind are known as such."""
    agent: str | None = None
    """Who has it; of a parked one, who put it aside."""
    offer: LiveOffer | None = None
    until: int | None = None
    """When wrap-up ends or a parked item wakes, by itself."""
    interrupted: bool = False
    """Held because more urgent work came in between; it comes back by itself."""
    shielded: bool = False
    """Given as the promised share of deferred work: live work does not interrupt it."""
    units: int = 0
    """What it takes of its agent's capacity, while it counts."""
    delivering: bool = False
    """Its agent has just accepted it, and nothing was done with it since: it may still turn out not to be deliverable."""
    hops: int = 0
    untold: bool = False
    """How it stands in line (step, skips, hold, course) has changed since it was told."""
    entered_as: str = SegmentReason.ARRIVAL
    """Why its present stay in a line began."""
    path: tuple[str, ...] = ()
    """Lines it has left by overflow."""
    asked_at: int | None = None
    """When its customer was offered to be called back."""
    alone_since: int | None = None
    """Since when nobody signed in could take it; kept only where a rule asks."""
    front: bool = False
    """It goes before everything else."""
    giver: str | None = None
    """Who handed it to a person, as long as it waits for them."""
    attempts: int = 0
    """Of a callback: how often the customer was called in vain."""
    suspended_by: str | None = None
    """Of a callback: the contact in which its customer is talking to us now."""
    aside: bool = False
    """It waits, but is not to be offered now."""
    entering: bool = False
    """It has just come into this line: whether the line is full is asked once."""
    expects: float = 0.0
    """Seconds it is still expected to wait, when that has just been worked out."""
    looped: bool = False
    """It was told that its overflow rules lead in a circle."""
    outcome: str | None = None
    ended_by: str | None = None
    disposition: str | None = None
    extended: int = 0
    """How often its wrap-up was extended."""

    @property
    def extensions(self) -> int:
        """How often its wrap-up may still be extended."""
        left = self.rule.wrapup.extensions - self.extended
        return left if self.state is State.WRAPUP and self.until is not None and left > 0 else 0

    def begin_stay(self, now: int, reason: str) -> None:
        """Let a new stay in its line begin: steps and preferences from the start, its age kept."""
        self.queued_at = self.step_since = now
        self.step = 0
        self.prefer, self.direct = None, False
        self.entered_as = reason
        self.alone_since = self.giver = None
        self.front = False
        self.untold = True


@dataclass(slots=True, eq=False)
class LiveOffer:
    """One live offer."""

    id: str
    item: Item
    agent: Agent
    expires: int
    units: int
    decision: Decision | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Agent:
    """One agent: abilities, intent × slots × health, and what is in their hands."""

    id: str
    profile: Profile
    skills: Skills = ()
    lines: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    capacity: dict[str, int] = field(default_factory=dict)
    device: str | None = None
    intent: Intent = Intent.LOGGED_OUT
    reason: str | None = None
    intent_since: int = 0
    next_intent: Intent | None = None
    next_reason: str | None = None
    health: Health = Health.OK
    seen: int | None = None
    """When the console last showed; None = no console is watched."""
    watch: int = 0
    """Stamp of the deadline at which a silent console is judged."""
    away: int = 0
    """Since when the agent is lost or signed out with work left; 0 = is not."""
    draining: bool = False
    removed: bool = False
    work: dict[str, Item] = field(default_factory=dict)
    """Active, held and in wrap-up."""
    offers: dict[str, LiveOffer] = field(default_factory=dict)
    """By interaction."""
    external: dict[tuple[str, str], int] = field(default_factory=dict)
    """(channel, ref) → units of work the router did not give."""
    personal: dict[str, Item] = field(default_factory=dict)
    """Items that wait for this agent only."""
    counted_away: Break | None = None
    """For which reason they are counted among those who are away."""
    listed: dict[str, tuple[tuple[float, float, float, str], ...]] = field(default_factory=dict)
    """By `ChannelRule.room`: the agent stands in every pool of it, with no entry worse than these (`listing`)."""
    room: dict[str, bool] = field(default_factory=dict)
    """By `ChannelRule.room`: whether there is room for such an item; emptied whenever anything changes in hand."""
    used: int = 0
    """Capacity units in use by work that counts, offers and outside work."""
    present: bool = False
    """Whether the agent was signed in when last looked at."""
    routable: bool = False
    """Ready, healthy and not on the way out; capacity aside."""
    idle_since: int | None = None
    misses: dict[str, int] = field(default_factory=dict)
    share: int = 0
    """Assignments since the last starved deferred one."""
    given: int = 0
    """The journal number of the last offer, for taking turns."""
    busy: int = 0
    """Milliseconds with work in hand since signing in, up to `busy_from`."""
    busy_from: int = 0
    """Since when there is work in hand; 0 = there is none."""
    signed_at: int = 0
    hard_at: int = 0
    """When their last hard contact ended; 0 = never."""
    rest_until: int = 0
    """They are given a rest until then."""
    claim: Item | None = None
    """What their free room was last seen to be kept for; it may have gone since (`claim_token`)."""
    claim_token: int = -1
    claim_lead: tuple[float, int, str] = (0.0, 0, "")
    """How high that is (`shapes.Lead`)."""
    below: tuple[float, int, str] | None = None
    """Nothing waits that the agent has room for and that is higher than this; None = nothing waits that they have room for."""
    spare_in: tuple[str, ...] = ()
    """Lines that count them among those without deferred work."""
    shown: tuple[object, ...] = ()
    """What the last `AgentState` said."""

    @property
    def signed_in(self) -> bool:
        """Whether the agent is there at all."""
        return self.intent is not Intent.LOGGED_OUT and self.health is not Health.LOST and not self.removed

    def count_busy(self, now: int) -> None:
        """Keep the time there is work in hand."""
        if self.work or self.external:
            self.busy_from = self.busy_from or now
        elif self.busy_from:
            self.busy += now - self.busy_from
            self.busy_from = 0

    def standing(self) -> tuple[int, ...]:
        """Return the router's own counters on the agent, as they are stored and handed back after a restart."""
        return (self.share, self.given, self.busy, self.busy_from, self.signed_at, self.hard_at, self.away)


def yields(item: Item, rule: ChannelRule) -> bool:
    """Say whether an active or offered item gives way to work under a channel's rule."""
    return item.channel in rule.interrupts and not item.shielded and item.state in (State.ACTIVE, State.OFFERED)


def has_room_for(agent: Agent, rule: ChannelRule) -> bool:
    """Say whether an agent's capacity, with what gives way, is enough for one more item under a channel's rule."""
    if rule.needs_device and agent.device is None:
        return False
    room = FULL - (agent.capacity.get(rule.name, rule.units) if agent.capacity else rule.units)
    if agent.used <= room:
        return True
    if not rule.interrupts:
        return False
    yielding = sum(held.units for held in agent.work.values() if yields(held, rule))
    yielding += sum(offer.units for offer in agent.offers.values() if yields(offer.item, rule))
    return agent.used - yielding <= room


def skipped(item: Item, agent: str, now: int) -> bool:
    """Say whether an item is not to be offered to an agent now."""
    if agent not in item.skips:
        return False
    until = item.skips[agent]
    return until is None or until > now


def counted(item: Item) -> int:
    """Return the units an item in an agent's hands counts for: held work counts only while the customer is there."""
    if item.state is State.HELD and (item.interrupted or not item.rule.live):
        return 0
    return item.units


def in_use(agent: Agent) -> int:
    """Return the units of an agent that are taken by work that counts, by offers and by outside work."""
    used = sum(agent.external.values())
    for item in agent.work.values():
        used += counted(item)
    for offer in agent.offers.values():
        used += offer.units
    return used


LAG_MS = 20_000
LOST_MS = 45_000


def health_due(agent: Agent) -> int:
    """Return when a silent console's agent is next judged: lagging after 20 s, lost after 45 s."""
    return (agent.seen or 0) + (LAG_MS if agent.health is Health.OK else LOST_MS)


def return_due(agent: Agent, item: Item) -> int:
    """Return when an item of an agent who went away is given to others: the line's window after they, or it, last moved."""
    return max(agent.away, item.since) + round(item.line.return_window_s * 1000)

"""What the policy says of channels and lines, as the router and everybody else reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import intern

from contactd.core.calendar import Calendar
from contactd.core.contacting import Outbound
from contactd.core.events import Skills
from contactd.routing.automatic import Acknowledge
from contactd.routing.recording import Recording
from contactd.routing.ways_out import AfterClose, Callbacks, OverflowRule

STRATEGIES = ("longest_idle", "best_skill", "least_occupied", "round_robin", "fewest_active", "weighted")
WRAPUP_MODES = ("off", "optional", "mandatory", "timed", "timed_fixed")
LANGUAGE_RULES = ("ignore", "prefer", "require")
LANGUAGE = "language:"
"""Languages are skills of this prefix, so that steps and levels apply to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapup:
    """What follows a contact.

    `off` closes at once; `optional` may be finished at any moment; `mandatory` ends with a disposition only; `timed` ends by
    itself after `seconds`; `timed_fixed` does too, and not earlier.  `seconds` 0 means no timer.
    """

    mode: str
    seconds: float
    extensions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRule:
    """How one channel behaves, in general or in one line."""

    name: str
    live: bool
    """The customer is there now and may leave."""
    offer_s: float
    """How long an offer stands, in seconds."""
    misses: int
    """Consecutive missed offers before the agent is set not ready."""
    may_reject: bool
    auto_accept: bool
    needs_device: bool
    """Only agents with a device get it."""
    connects: bool
    """Accepting leads to a `Connect` wish."""
    interrupts: tuple[str, ...]
    """Channels whose work it may suspend."""
    wrapup: Wrapup
    units: int
    """What one item takes from an agent's 100."""
    sla_s: float
    starve_s: float
    calls_back: bool = False
    """The customer is not there: they are called when an agent is found, and in opening hours only."""
    drain: bool = False
    """While such an item waits for an agent's room, that room is not filled with lower work."""
    room: str = field(init=False, repr=False, compare=False)
    """What decides an agent's room for such an item, and whether it is kept, in a word: rules with the same find the same."""

    def __post_init__(self) -> None:
        """Work out what is asked for at every turn."""
        word = f"{self.name} {self.units} {self.needs_device} {self.drain} {','.join(self.interrupts)}"
        object.__setattr__(self, "room", intern(word))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a line: skills it prefers beyond the required ones, and for how many seconds."""

    prefer: Skills
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A service line."""

    name: str
    label: Mapping[str, str]
    base: int
    rate: float
    """Score points per minute of age."""
    sla_boost: float
    """Score points an item has gained when its service level is broken."""
    required: Skills
    steps: tuple[Step, ...]
    skip_unmet: bool
    """A step that nobody signed in can meet is left at once."""
    language: str
    """ignore | prefer | require: what the customer's language means."""
    language_s: float
    """How long a preferred language is waited for."""
    strategy: str
    strict: bool
    """Priority alone decides before age does."""
    repeat: float
    """Score points for each time the customer was in contact about it lately, three at most."""
    reserve: int
    """So many agents of the line are kept free of deferred work."""
    hard_spacing_s: float
    """Its contacts are hard: an agent gets one so many seconds after their last hard one at the earliest; 0 = they are not."""
    prefer_s: float
    """How long an item waits for its preferred agent, while that agent is signed in."""
    return_window_s: float
    """How long work of a vanished agent waits for them, and a woken parked item for its owner."""
    short_abandon_s: float
    channels: Mapping[str, ChannelRule]
    """The rule of every channel, with this line's own settings applied."""
    dispositions: str
    """Name of the tree of disposition codes."""
    signature: Mapping[str, str]
    greeting: Mapping[str, str]
    from_address: str
    from_addresses: tuple[str, ...]
    """Further addresses an answer may come from: what the customer wrote to is answered from there, or an agent chooses."""
    undo_s: float
    """How long what an agent wrote can be taken back before it leaves, where the console asks for it."""
    reopen_days: float
    """An answer that comes later than this after its conversation ended begins another one; 0 = never too late."""
    early_bridge: bool
    """Callers come together with the agent's phone while it still rings, and hear that instead of music."""
    hours: Calendar | None
    """When arrivals are let in; None = always."""
    sla_hours: Calendar | None
    """In which hours the service level of deferred work runs; None = always."""
    overflow: tuple[OverflowRule, ...]
    after_close: AfterClose
    callbacks: Callbacks
    automatic: Mapping[str, str]
    """Sort of automatic contact → queue or file, where it belongs to no conversation."""
    acknowledge: Acknowledge
    recording: Recording
    outbound: Outbound

    def sender(self, chosen: str | None, written_to: str) -> str | None:
        """Return the address an answer comes from: the one chosen, else the one written to, else the line's own.

        None: the one chosen is none of the line's.
        """
        known = {one.casefold(): one for one in (self.from_address, *self.from_addresses)}
        if chosen is not None:
            return known.get(chosen.casefold())
        return known.get(written_to.casefold(), self.from_address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A rule that says which line an arrival belongs to; None matches anything."""

    channel: str | None
    to: str | None
    line: str
    priority: int
    skills: Skills
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason for being not ready."""

    code: str
    label: Mapping[str, str]
    worked: bool
    paid: bool
    max_s: float | None
    """Longest time in seconds before a supervisor is told."""
    most: int | None = None
    """How many of one team (agents of the same lines) may be away for it at once."""
    approval: bool = False
    """A supervisor must agree: they set it for the agent."""
    min_service: float = 0.0
    """Only a supervisor grants it while the service level of one of the agent's lines is below this part (0-1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """A rest for agents who were at work for more than `most` of the time since they signed in (0 = nobody is given one)."""

    most: float
    after_s: float
    """Only once they have been there so long."""
    rest_s: float
    """The longest rest."""


def glob(pattern: str, text: str) -> bool:
    """Say whether `text` fits `pattern`, in which `*` stands for anything; letter case does not matter."""
    parts = pattern.casefold().split("*")
    text = text.casefold()
    if len(parts) == 1:
        return parts[0] == text
    head, *middle, tail = parts
    if not text.startswith(head) or not text.endswith(tail) or len(text) < len(head) + len(tail):
        return False
    at, end = len(head), len(text) - len(tail)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True

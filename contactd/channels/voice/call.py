"""One call of a PBX: its phases, the one table that moves it between them, and what is told about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from contactd.channels.voice.legs import Leg, number, person
from contactd.core.channel import Progress
from contactd.core.interaction import Direction, EndedBy, Outcome
from contactd.core.offer import OfferOutcome

ADAPTER = "ami"


class Phase(StrEnum):
    """Where a call stands, as seen from the customer."""

    FRESH = "fresh"
    """In the dialplan: menus, announcements, a phone that rings."""
    WAITING = "waiting"
    TALKING = "talking"
    HELD = "held"
    PARKED = "parked"
    OVER = "over"


class Trigger(StrEnum):
    """What can move it."""

    JOIN = "join"
    """It entered a queue."""
    LEAVE = "leave"
    """It left the queue unserved, alive."""
    CONNECT = "connect"
    """It was bridged with somebody new."""
    RETURN = "return"
    """It was bridged again with the one it had."""
    HOLD = "hold"
    UNHOLD = "unhold"
    PARK = "park"
    END = "end"


TRANSITIONS: dict[tuple[Phase, Trigger], tuple[Phase, tuple[str, ...]]] = {
    (Phase.FRESH, Trigger.JOIN): (Phase.WAITING, ("waiting",)),
    (Phase.WAITING, Trigger.JOIN): (Phase.WAITING, ("waiting",)),
    (Phase.TALKING, Trigger.JOIN): (Phase.WAITING, ("waiting",)),
    (Phase.HELD, Trigger.JOIN): (Phase.WAITING, ("waiting",)),
    (Phase.PARKED, Trigger.JOIN): (Phase.WAITING, ("waiting",)),
    (Phase.WAITING, Trigger.LEAVE): (Phase.FRESH, ("left",)),
    (Phase.FRESH, Trigger.CONNECT): (Phase.TALKING, ("answered",)),
    (Phase.WAITING, Trigger.CONNECT): (Phase.TALKING, ("answered",)),
    (Phase.TALKING, Trigger.CONNECT): (Phase.TALKING, ("moved",)),
    (Phase.HELD, Trigger.CONNECT): (Phase.TALKING, ("resumed", "moved")),
    (Phase.PARKED, Trigger.CONNECT): (Phase.TALKING, ("resumed", "moved")),
    (Phase.PARKED, Trigger.RETURN): (Phase.TALKING, ("resumed",)),
    (Phase.TALKING, Trigger.HOLD): (Phase.HELD, ("held",)),
    (Phase.HELD, Trigger.UNHOLD): (Phase.TALKING, ("resumed",)),
    (Phase.TALKING, Trigger.PARK): (Phase.PARKED, ("held",)),
    (Phase.HELD, Trigger.PARK): (Phase.PARKED, ()),
    (Phase.FRESH, Trigger.END): (Phase.OVER, ("ended",)),
    (Phase.WAITING, Trigger.END): (Phase.OVER, ("ended",)),
    (Phase.TALKING, Trigger.END): (Phase.OVER, ("ended",)),
    (Phase.HELD, Trigger.END): (Phase.OVER, ("ended",)),
    (Phase.PARKED, Trigger.END): (Phase.OVER, ("ended",)),
}
"""(phase, trigger) → (next phase, kinds of `Progress` to tell).  What is not here changes nothing."""
RING_ENDS = {
    "ANSWER": OfferOutcome.ACCEPTED,
    "NOANSWER": OfferOutcome.TIMED_OUT,
    "BUSY": OfferOutcome.REJECTED,
    "CANCEL": OfferOutcome.WITHDRAWN,
}
"""DialStatus → how the ring ended; anything else failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """A call is worth an interaction: the first fact about it, before any `Progress`."""

    adapter: str
    external_key: str
    """Key of the call for its whole life: the PBX's name and the Linkedid it began with."""
    at: datetime
    """When its first leg was born."""
    linkedid: str
    caller: str | None
    """The customer's number as it came; None when there is none, or when it is withheld."""
    caller_name: str
    dialled: str
    """What the customer dialled; for an outgoing call the number that was called."""
    direction: str
    presentation: str
    """allowed | withheld | unknown: whether the number may be shown, searched or stored."""
    agent: str | None = None
    """For an outgoing or internal call: the phone that made it."""


Told = CallStarted | Progress
"""What the calls tell."""


@dataclass(slots=True, kw_only=True)
class Call:
    """What is known of one call: a set of legs that belong together."""

    key: str
    born: datetime
    linkedids: set[str]
    legs: set[str] = field(default_factory=set)
    phase: Phase = Phase.FRESH
    customer: str = ""
    """Uniqueid of the customer's leg, once it is known which one that is."""
    caller: str | None = None
    caller_name: str = ""
    dialled: str = ""
    direction: Direction = Direction.INBOUND
    origin: str | None = None
    presentation: str = "unknown"
    asked: bool = False
    line: str | None = None
    agent: str | None = None
    agent_leg: str = ""
    ringing: dict[str, str] = field(default_factory=dict)
    """Uniqueid of a ringing leg → agent."""
    holders: set[str] = field(default_factory=set)
    started: bool = False
    answered: bool = False
    hung_up: str = ""
    """customer | agent: who hung up first since they were last connected."""
    abandoned: bool = False
    left: bool = False
    leaving: datetime | None = None
    """It left the queue; why, the next event tells."""
    refused: bool = False
    voicemail: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    """What the PBX itself counted (`hold_s`, `talk_s`, `reason`)."""
    kept_back: list[Progress] = field(default_factory=list)
    """Told only once it is known whether the caller's number may be shown."""

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.phase is not Phase.OVER

    def name_customer(self, leg: Leg, direction: Direction, dialled: str) -> None:
        """Say once which leg is the customer's."""
        if self.customer:
            return
        self.customer = leg.uniqueid
        self.direction = direction
        self.dialled = dialled
        if direction is not Direction.OUTBOUND:
            self.caller, self.caller_name = number(leg.number), person(leg.name)

    @property
    def outcome(self) -> Outcome:
        """What became of it, from what was seen."""
        table = (
            (self.answered, Outcome.ANSWERED),
            (self.voicemail, Outcome.VOICEMAIL),
            (self.abandoned or self.hung_up == EndedBy.CUSTOMER or self.phase is Phase.WAITING, Outcome.ABANDONED),
            (self.refused, Outcome.REJECTED),
            (self.left, Outcome.OVERFLOW),
        )
        if self.direction is Direction.OUTBOUND and not self.answered:
            return Outcome.FAILED
        return next((outcome for seen, outcome in table if seen), Outcome.FAILED)

    def step(self, trigger: Trigger) -> tuple[str, ...]:
        """Move by `trigger`; return the kinds to tell, none when the table knows no such move."""
        found = TRANSITIONS.get((self.phase, trigger))
        if found is None:
            return ()
        self.phase, kinds = found
        return kinds

"""A call that contactd routes over FreeSWITCH: its stages, the table of its moves, and what they ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from contactd.channels.voice.asked import Accept, Answered, Report, Tell
from contactd.core.interaction import State

MARK = "variable_contactd"
"""Variable of a channel: `inbound` or `agent`."""
DEVICE = re.compile(r"(user|sofia/[A-Za-z0-9_.-]{1,32})/[A-Za-z0-9_.+@-]{1,64}")
"""What may be rung: `user/1001`, `sofia/internal/1001@10.0.0.5`; nothing that ends an argument."""
UUID = re.compile(r"[0-9A-Fa-f-]{8,64}")


class Stage(StrEnum):
    """Where a call stands."""

    WAITING = "waiting"
    RINGING = "ringing"
    JOINING = "joining"
    """The agent has picked up; the switch puts both together."""
    SUMMONING = "summoning"
    """A call an agent makes: their own phone rings."""
    DIALLING = "dialling"
    """The customer's phone rings."""
    TALKING = "talking"
    HELD = "held"
    OVER = "over"


class Cue(StrEnum):
    """What moves it."""

    OFFER = "offer"
    DIAL = "dial"
    REACHED = "reached"
    """The customer who is called has answered."""
    PICKED_UP = "picked_up"
    JOINED = "joined"
    AGENT_GONE = "agent_gone"
    CALLER_GONE = "caller_gone"
    HOLD = "hold"
    RESUME = "resume"
    PHONE_HOLD = "phone_hold"
    PHONE_RESUME = "phone_resume"
    BACK = "back"
    RELEASE = "release"


MOVES: dict[tuple[Stage, Cue], tuple[Stage, str]] = {
    (Stage.WAITING, Cue.OFFER): (Stage.RINGING, "ring"),
    (Stage.WAITING, Cue.CALLER_GONE): (Stage.OVER, "given_up"),
    (Stage.WAITING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.WAITING, Cue.DIAL): (Stage.SUMMONING, "summon"),
    (Stage.SUMMONING, Cue.PICKED_UP): (Stage.DIALLING, "dial"),
    (Stage.SUMMONING, Cue.AGENT_GONE): (Stage.OVER, "no_agent"),
    (Stage.SUMMONING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.DIALLING, Cue.REACHED): (Stage.JOINING, "bridge"),
    (Stage.DIALLING, Cue.CALLER_GONE): (Stage.OVER, "unreached"),
    (Stage.DIALLING, Cue.AGENT_GONE): (Stage.OVER, "gave_up"),
    (Stage.DIALLING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.RINGING, Cue.PICKED_UP): (Stage.JOINING, "bridge"),
    (Stage.RINGING, Cue.AGENT_GONE): (Stage.WAITING, "not_delivered"),
    (Stage.RINGING, Cue.CALLER_GONE): (Stage.OVER, "given_up"),
    (Stage.RINGING, Cue.BACK): (Stage.WAITING, "call_off"),
    (Stage.RINGING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.JOINING, Cue.JOINED): (Stage.TALKING, "answered"),
    (Stage.JOINING, Cue.AGENT_GONE): (Stage.WAITING, "not_delivered"),
    (Stage.JOINING, Cue.CALLER_GONE): (Stage.OVER, "given_up"),
    (Stage.JOINING, Cue.BACK): (Stage.WAITING, "call_off"),
    (Stage.JOINING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.TALKING, Cue.AGENT_GONE): (Stage.OVER, "agent_left"),
    (Stage.TALKING, Cue.CALLER_GONE): (Stage.OVER, "caller_left"),
    (Stage.TALKING, Cue.HOLD): (Stage.HELD, "hold"),
    (Stage.TALKING, Cue.PHONE_HOLD): (Stage.HELD, "phone_held"),
    (Stage.TALKING, Cue.BACK): (Stage.WAITING, "call_off"),
    (Stage.TALKING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.HELD, Cue.AGENT_GONE): (Stage.OVER, "agent_left"),
    (Stage.HELD, Cue.CALLER_GONE): (Stage.OVER, "caller_left"),
    (Stage.HELD, Cue.RESUME): (Stage.TALKING, "resume"),
    (Stage.HELD, Cue.PHONE_RESUME): (Stage.TALKING, "phone_resumed"),
    (Stage.HELD, Cue.BACK): (Stage.WAITING, "call_off"),
    (Stage.HELD, Cue.RELEASE): (Stage.OVER, "release"),
}
"""(stage, cue) → (next stage, what to do about it).  What is not here is late or doubled, and changes nothing."""
FOLLOWS = {
    State.HELD: Cue.HOLD,
    State.QUEUED: Cue.BACK,
    State.PARKED: Cue.BACK,
    State.WRAPUP: Cue.RELEASE,
    State.CLOSED: Cue.RELEASE,
    State.ABANDONED: Cue.RELEASE,
}
"""What the house decided → what it does to a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A command for the switch, to be carried out beside others (`bgapi`)."""

    call: str
    command: str
    job: str = ""
    """Under which its end is told; empty: nobody waits for it."""


Do = Send | Accept | Answered | Report | Tell


@dataclass(slots=True, kw_only=True)
class Parked:
    """One caller."""

    id: str
    caller: str | None = None
    caller_name: str = ""
    dialled: str = ""
    shown: bool = False
    """Whether the number may be shown, searched and stored."""
    stage: Stage = Stage.WAITING
    interaction: str = ""
    agent: str | None = None
    leg: str = ""
    device: str = ""
    phone_held: bool = False
    hold_unknown: bool = False
    """After a cut or a restart the switch did not say whether the agent's phone holds the call."""
    muted: bool | None = False
    """None: after a cut or a restart nobody can say."""
    gone: bool = False
    talked: bool = False
    """Customer and agent have been together."""
    outbound: bool = False
    """An agent made it."""
    target: str = ""
    displayed: str = ""
    """Number that is shown to who is called."""
    dial_s: int = 40


def kill(call: str, uuid: str) -> Send:
    """Hang a channel up."""
    return Send(call=call, command=f"uuid_kill {uuid} NORMAL_CLEARING")

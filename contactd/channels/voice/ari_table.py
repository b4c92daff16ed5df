"""A call that contactd routes over the Asterisk REST Interface: its stages, the table of its moves, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from contactd.channels.voice import ari_transfer
from contactd.channels.voice.ari_how import AskHow, How, HowEnded, HowSaid
from contactd.channels.voice.ari_others import Spy, Third
from contactd.channels.voice.ari_tapes import Alarm, KeepSound, Note, Taping
from contactd.channels.voice.asked import Accept, Answered, HandOver, Report, Tell
from contactd.core.menus import MenuStep

CALLER_ID = re.compile(r"[^0-9A-Za-z+*#._-]")
"""What is taken out of a caller id before it goes on the wire."""
DEVICE = re.compile(r"[A-Za-z0-9]{1,16}/[A-Za-z0-9_.+*#@-]{1,64}")
"""What may be dialled: `PJSIP/1001`, `PJSIP/13700001111@telco`; no separator that a dial string gives a meaning."""


class Stage(StrEnum):
    """Where a routed call stands."""

    MENU = "menu"
    """The caller hears a menu, and is not in a line yet."""
    WAITING = "waiting"
    MACHINE = "machine"
    """The caller hears that they may leave a message."""
    SPEAKING = "speaking"
    """The caller leaves a message."""
    LEAVING = "leaving"
    """The caller hears a good-bye."""
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    GIVEN = "given"
    """Its agent gave it to somebody we know nothing of; it still stands in our bridge."""
    SUMMONING = "summoning"
    """A call of ours: the phone of the agent who makes it rings."""
    DIALLING = "dialling"
    """A call of ours: the customer's phone rings."""
    SENDING = "sending"
    """Its agent gave it to an outside number, which rings."""
    ASKED = "asked"
    """Its agent has left; the caller is asked how it was."""
    OVER = "over"


class Cue(StrEnum):
    """What moves it."""

    OFFER = "offer"
    """An agent accepted: ring their phone."""
    JOINED = "joined"
    """The phone was answered."""
    AGENT_GONE = "agent_gone"
    CALLER_GONE = "caller_gone"
    HOLD = "hold"
    RESUME = "resume"
    PHONE_HOLD = "phone_hold"
    PHONE_RESUME = "phone_resume"
    BACK = "back"
    """It goes back into a line."""
    RELEASE = "release"
    """Our side ends it."""
    GIVEN = "given"
    """The PBX has put somebody else in the agent's place."""
    SEND = "send"
    """It goes to the dialplan, which dials a number."""
    DIAL = "dial"
    """An agent calls somebody."""
    REACHED = "reached"
    """The customer we call has answered."""
    CHOSEN = "chosen"
    """The caller has come through the menus."""
    PLAYED = "played"
    """What they heard is over."""
    TO_MACHINE = "to_machine"
    FAREWELL = "farewell"
    SURVEYED = "surveyed"
    """There is nothing more to ask."""
    SEND_OUT = "send_out"
    """It goes to an outside number that we dial."""


MOVES: dict[tuple[Stage, Cue], tuple[Stage, str]] = {
    (Stage.WAITING, Cue.OFFER): (Stage.RINGING, "originate"),
    (Stage.MENU, Cue.CHOSEN): (Stage.WAITING, "into_line"),
    (Stage.MENU, Cue.PLAYED): (Stage.MENU, "menu_silence"),
    (Stage.MENU, Cue.CALLER_GONE): (Stage.OVER, "left_menu"),
    (Stage.WAITING, Cue.TO_MACHINE): (Stage.MACHINE, "greet"),
    (Stage.WAITING, Cue.FAREWELL): (Stage.LEAVING, "farewell"),
    (Stage.MACHINE, Cue.PLAYED): (Stage.SPEAKING, "record"),
    (Stage.MACHINE, Cue.CALLER_GONE): (Stage.OVER, "release"),
    (Stage.SPEAKING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.SPEAKING, Cue.CALLER_GONE): (Stage.OVER, "release"),
    (Stage.LEAVING, Cue.PLAYED): (Stage.OVER, "release"),
    (Stage.LEAVING, Cue.CALLER_GONE): (Stage.OVER, "release"),
    (Stage.WAITING, Cue.DIAL): (Stage.SUMMONING, "summon"),
    (Stage.SUMMONING, Cue.JOINED): (Stage.DIALLING, "dial"),
    (Stage.SUMMONING, Cue.AGENT_GONE): (Stage.OVER, "no_agent"),
    (Stage.SUMMONING, Cue.CALLER_GONE): (Stage.OVER, "no_agent"),
    (Stage.SUMMONING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.DIALLING, Cue.REACHED): (Stage.TALKING, "bridge"),
    (Stage.DIALLING, Cue.CALLER_GONE): (Stage.OVER, "unreached"),
    (Stage.DIALLING, Cue.AGENT_GONE): (Stage.OVER, "agent_left"),
    (Stage.DIALLING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.WAITING, Cue.CALLER_GONE): (Stage.OVER, "abandoned"),
    (Stage.WAITING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.RINGING, Cue.JOINED): (Stage.TALKING, "bridge"),
    (Stage.RINGING, Cue.AGENT_GONE): (Stage.WAITING, "not_delivered"),
    (Stage.RINGING, Cue.CALLER_GONE): (Stage.OVER, "abandoned"),
    (Stage.RINGING, Cue.BACK): (Stage.WAITING, "call_off"),
    (Stage.RINGING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.TALKING, Cue.HOLD): (Stage.HELD, "hold"),
    (Stage.TALKING, Cue.PHONE_HOLD): (Stage.HELD, "phone_held"),
    (Stage.TALKING, Cue.BACK): (Stage.WAITING, "back_in_line"),
    (Stage.TALKING, Cue.AGENT_GONE): (Stage.OVER, "agent_left"),
    (Stage.TALKING, Cue.CALLER_GONE): (Stage.OVER, "caller_left"),
    (Stage.TALKING, Cue.RELEASE): (Stage.OVER, "let_go"),
    (Stage.TALKING, Cue.GIVEN): (Stage.GIVEN, "given"),
    (Stage.TALKING, Cue.SEND): (Stage.OVER, "send"),
    (Stage.TALKING, Cue.SEND_OUT): (Stage.SENDING, "send_out"),
    (Stage.HELD, Cue.SEND_OUT): (Stage.SENDING, "send_out"),
    (Stage.SENDING, Cue.JOINED): (Stage.GIVEN, "sent"),
    (Stage.SENDING, Cue.AGENT_GONE): (Stage.WAITING, "sent_back"),
    (Stage.SENDING, Cue.CALLER_GONE): (Stage.OVER, "caller_left"),
    (Stage.SENDING, Cue.RELEASE): (Stage.OVER, "release"),
    (Stage.HELD, Cue.GIVEN): (Stage.GIVEN, "given"),
    (Stage.HELD, Cue.SEND): (Stage.OVER, "send"),
    (Stage.GIVEN, Cue.CALLER_GONE): (Stage.OVER, "release"),
    (Stage.GIVEN, Cue.AGENT_GONE): (Stage.OVER, "release"),
    (Stage.HELD, Cue.RESUME): (Stage.TALKING, "resume"),
    (Stage.HELD, Cue.PHONE_RESUME): (Stage.TALKING, "phone_resumed"),
    (Stage.HELD, Cue.BACK): (Stage.WAITING, "back_in_line"),
    (Stage.HELD, Cue.AGENT_GONE): (Stage.OVER, "agent_left"),
    (Stage.HELD, Cue.CALLER_GONE): (Stage.OVER, "caller_left"),
    (Stage.HELD, Cue.RELEASE): (Stage.OVER, "let_go"),
    (Stage.ASKED, Cue.PLAYED): (Stage.ASKED, "survey_silence"),
    (Stage.ASKED, Cue.CALLER_GONE): (Stage.OVER, "survey_left"),
    (Stage.ASKED, Cue.FAREWELL): (Stage.LEAVING, "farewell"),
    (Stage.ASKED, Cue.SURVEYED): (Stage.OVER, "release"),
}
"""(stage, cue) → (next stage, what to do about it).  What is not here is late or doubled, and changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """One request to the PBX."""

    call: str
    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    step: str = ""
    """What its answer decides (`ari_answer.STEPS`); empty when nothing does."""
    leg: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Give:
    """An agent's phone wants to give its call away: ask the house whether the number is somebody of ours."""

    call: str
    interaction: str
    wish: ari_transfer.Wish
    device: str
    """The phone that would have this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """A waiting caller wants to be called back."""

    call: str
    interaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """A message a caller has left: fetch it from the PBX, and make a contact of it."""

    call: str
    name: str
    spoken: RoutedCall
    seconds: int
    short: bool = False
    """Too short to say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A menu asks the house: who calls (`caller`), or whether something is open under the number they entered."""

    call: str
    menu: str
    about: str
    number: str


_Call = Ask | Rest | Accept | Answered | Report | Give | HandOver | Tell | TakeBack | Save
Do = _Call | Note | KeepSound | Alarm | AskHow | HowSaid | HowEnded
"""What the machine asks for; to be done in order, one call after another."""


@dataclass(slots=True, kw_only=True)
class RoutedCall:
    """One call in our application."""

    id: str
    """Its channel's id: the external key of the interaction."""
    dialled: str
    caller: str | None
    caller_name: str
    presentation: str = ""
    """`CALLERID(pres)` as the PBX says it; empty while nobody knows."""
    channel: Mapping[str, Any] = field(default_factory=dict)
    stage: Stage = Stage.WAITING
    interaction: str = ""
    agent: str | None = None
    device: str = ""
    leg: str = ""
    bridge: str = ""
    early: bool = False
    """The phone rings in the call's bridge; see `ari_deliver`."""
    rung_at: float = 0.0
    """When it was first seen to ring, on the client's clock."""
    coming: str = ""
    """The phone of a colleague who was consulted by phone, on its way to us; see `ari_give`."""
    coming_device: str = ""
    came: bool = False
    gone: bool = False
    hung_up: set[str] = field(default_factory=set)
    """Legs whose own party hung up; all others were ended by the PBX or by a program."""
    phone_held: bool = False
    music: bool = True
    hold_unknown: bool = False
    """After a cut the PBX did not say whether the agent's phone holds the call."""
    muted: bool | None = False
    """None: after a cut the PBX did not say."""
    third: Third | None = None
    spies: dict[str, Spy] = field(default_factory=dict)
    """Supervisors who take part, by agent."""
    heir: bool = False
    """Its agent leaves it to `third`, who stands in its bridge already."""
    outbound: bool = False
    """An agent made it."""
    line: str = ""
    adapter: str = ""
    """Under which the house keeps it."""
    target: str = ""
    """Of a call an agent makes: where the customer is reached."""
    displayed: str = ""
    """Of a call an agent makes: the number that is shown to the customer."""
    sent_to: str = ""
    """The outside number it is being given to."""
    path: list[str] = field(default_factory=list)
    """What the caller chose and entered in the menus, in words."""
    way: list[MenuStep] = field(default_factory=list)
    """The menus they were in, with how each ended."""
    entered: str = ""
    """The number they entered last."""
    language: str = ""
    """The language the caller chose."""
    menu: str = ""
    """Name of the menu they are in."""
    keyed: str = ""
    """Keys pressed since it began."""
    steps: int = 0
    """Menus they have been through."""
    tries: int = 0
    """How often they were asked in this menu."""
    playing: str = ""
    """Id of the playback they hear."""
    saving: str = ""
    """Name of the recording that is being made of it."""
    offered_callback: bool = False
    announced: float = 0.0
    """When they last heard how they stand, on the client's clock."""
    talked: bool = False
    """Customer and agent have been together."""
    taping: Taping = field(default_factory=Taping)
    """How it is recorded."""
    how: How | None = None
    """The survey that goes on."""

    @property
    def shown(self) -> bool:
        """Whether its number may be shown, searched and stored; without the PBX's word it may not."""
        return self.presentation.startswith("allowed")

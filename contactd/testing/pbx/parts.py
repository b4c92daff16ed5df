"""What the scripted PBX is made of: channels, bridges, phones and callers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from contactd.testing.pbx import templates

if TYPE_CHECKING:
    from contactd.testing.pbx.switch import Switch

STATES = {"Down": "0", "Ring": "4", "Ringing": "5", "Up": "6"}
"""Channel states by name, with the manager's number for each."""


def stamp(moment: datetime) -> str:
    """Write a moment as ARI does."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "+0000")


@dataclass(kw_only=True, eq=False)
class Channel:
    """One leg of a call."""

    id: str
    name: str
    linkedid: str
    born: datetime
    number: str = "<unknown>"
    caller_name: str = "<unknown>"
    connected_number: str = "<unknown>"
    connected_name: str = "<unknown>"
    context: str = "from-trunk"
    exten: str = "s"
    state: str = "Down"
    app: str = ""
    app_data: str = ""
    presentation: str = "allowed_not_screened"
    variables: dict[str, str] = field(default_factory=dict)
    bridge: Bridge | None = None
    music: bool = False
    ringing_tone: bool = False
    """It hears that somebody else's phone rings."""
    muted: bool = False
    on_hold: bool | None = False
    """Its phone holds; None: a PBX that does not say."""
    in_stasis: bool = False
    subscribed: bool = False
    gone: bool = False
    digits: str = ""
    """Digits that were played to it."""
    playing: list[str] = field(default_factory=list)
    """What it hears now, piece by piece."""
    playback: str = ""
    heard: list[str] = field(default_factory=list)
    """Everything that was begun to be played to it."""
    snoops: Channel | None = None
    """It is a snoop channel on this one."""
    whispers: bool = False
    """What it hears in its bridge, the one it is on hears too."""
    recording: str = ""
    """File into which its side of a PBX's own call is recorded."""
    verdict: asyncio.Future[str] | None = None
    """How its ringing ends: answer | busy | reject | cancel."""
    on_gone: Callable[[], None] | None = None
    """What the application it is in says before it is gone."""

    def value(self, name: str) -> str | None:
        """Return what the PBX says of a variable of it; None when nobody has set it."""
        if name == "CALLERID(pres)":
            return self.presentation
        if name == "CHANNEL(onhold)":
            return None if self.on_hold is None else str(int(self.on_hold))
        return self.variables.get(name)

    def snapshot(self, prefix: str = "") -> dict[str, str]:
        """Return its fields as the manager prints them."""
        values = {
            "Channel": self.name,
            "ChannelState": STATES[self.state],
            "ChannelStateDesc": self.state,
            "CallerIDNum": self.number,
            "CallerIDName": self.caller_name,
            "ConnectedLineNum": self.connected_number,
            "ConnectedLineName": self.connected_name,
            "Context": self.context,
            "Exten": self.exten,
            "Uniqueid": self.id,
            "Linkedid": self.linkedid,
        }
        return {prefix + key: value for key, value in values.items()}

    def view(self) -> dict[str, Any]:
        """Return it as ARI describes it."""
        found = templates.ari_object("channel")
        found |= {"id": self.id, "name": self.name, "state": self.state, "creationtime": stamp(self.born)}
        found["caller"] = {"name": _blank(self.caller_name), "number": _blank(self.number)}
        found["connected"] = {"name": _blank(self.connected_name), "number": _blank(self.connected_number)}
        found["dialplan"] |= {
            "context": self.context,
            "exten": self.exten,
            "app_name": self.app,
            "app_data": self.app_data,
        }
        found["channelvars"] = {
            "CALLERID(num)": _blank(self.number),
            "contactd_call_id": self.variables.get("contactd_call_id", ""),
        }
        return found


def _blank(text: str) -> str:
    return "" if text == "<unknown>" else text


@dataclass(kw_only=True, eq=False)
class Bridge:
    """Where channels hear each other."""

    id: str
    born: datetime
    name: str = "<unknown>"
    channels: list[Channel] = field(default_factory=list)
    playback: str = ""
    playing: list[str] = field(default_factory=list)
    """What everybody in it hears now."""

    def view(self) -> dict[str, Any]:
        """Return it as ARI describes it."""
        found = templates.ari_object("bridge")
        names = [channel.id for channel in self.channels]
        return found | {"id": self.id, "name": self.name, "channels": names, "creationtime": stamp(self.born)}

    def values(self) -> dict[str, str]:
        """Return its fields as the manager prints them."""
        return {"BridgeUniqueid": self.id, "BridgeNumChannels": str(len(self.channels))}


@dataclass(kw_only=True, eq=False)
class Phone:
    """An agent's phone: what it does by itself, and what a test lets it do."""

    device: str
    switch: Switch
    answer_after: float | None = None
    """Seconds of ringing until it answers by itself; None = only when told."""
    busy: bool = False
    reject: bool = False
    unknown: bool = False
    """Of somebody outside: nobody has this number."""
    registered: bool = True
    paused: bool = False
    """In the PBX's queues."""
    told: str = ""
    """The last it was told of a transfer it keyed: channel_answered | channel_declined."""
    leg: Channel | None = None
    on_ring: Callable[[Channel], None] | None = None
    """Is told what rings it; for phones that are somewhere else (`sip_socket`)."""

    @property
    def rings(self) -> bool:
        """Whether it rings now."""
        return self.leg is not None and self.leg.state != "Up" and not self.leg.gone

    @property
    def in_use(self) -> bool:
        """Whether it has a call."""
        return self.leg is not None and not self.leg.gone

    @property
    def takes(self) -> bool:
        """Whether a queue may ring it now."""
        return self.registered and not self.in_use and not self.paused

    @property
    def hears(self) -> set[str]:
        """Ids of the channels it hears."""
        return hears(self.leg)

    def key_pause(self, *, on: bool, reason: str = "") -> None:
        """Key a break, or its end."""
        self.switch.pause(self.device, on=on, reason=reason)

    def answer(self) -> None:
        """Pick up."""
        self._decide("answer")

    def refuse(self) -> None:
        """Press the red button while it rings."""
        self._decide("reject")

    def _decide(self, verdict: str) -> None:
        if self.leg is not None and self.leg.verdict is not None and not self.leg.verdict.done():
            self.leg.verdict.set_result(verdict)

    def hangup(self) -> None:
        """Hang up."""
        if self.leg is not None:
            self.switch.hung_up(self.leg)

    def hold(self) -> None:
        """Put the call on hold by its own button."""
        self._button("Hold")

    def unhold(self) -> None:
        """Take the call up again."""
        self._button("Unhold")

    def refer(self, number: str) -> None:
        """Key a blind transfer: only a wish, where the application asked for it."""
        if self.leg is not None:
            self.switch.referred(self.leg, number)

    def _button(self, kind: str) -> None:
        if self.leg is not None:
            self.leg.on_hold = kind == "Hold"
            self.switch.ami(kind, self.leg)
            self.switch.ari(f"Channel{kind}", self.leg)


@dataclass(kw_only=True, eq=False)
class Caller:
    """A customer on the line."""

    channel: Channel
    switch: Switch
    fell_back: bool = False
    """Nobody took the call over ARI: the dialplan had to."""
    sent_to: tuple[str, str] | None = None
    """(context, extension) at which it went on in the dialplan."""
    waits_since: float = 0.0
    rings: Channel | None = None
    """The agent's leg that rings for it now."""

    @property
    def id(self) -> str:
        """Its channel's id."""
        return self.channel.id

    @property
    def gone(self) -> bool:
        """Whether the call is over."""
        return self.channel.gone

    @property
    def hears(self) -> set[str]:
        """What it hears: `music`, or the ids of channels."""
        return {"music"} if self.channel.music else hears(self.channel)

    def hangup(self) -> None:
        """Hang up."""
        self.switch.hung_up(self.channel)

    def press(self, digits: str) -> None:
        """Press keys, one after another."""
        for digit in digits:
            self.switch.ari("ChannelDtmfReceived", self.channel, digit=digit)

    def listen(self) -> None:
        """Hear what is played to its end."""
        self.switch.played(self.channel)

    def speak(self, seconds: int = 3) -> None:
        """Say something to the machine that records, and end it."""
        self.switch.tapes.end_all(self.channel, seconds)


def hears(channel: Channel | None) -> set[str]:
    """Return the ids of the channels a channel is bridged with."""
    if channel is None or channel.bridge is None:
        return set()
    return {each.id for each in channel.bridge.channels if each is not channel and not each.muted}

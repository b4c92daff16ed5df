"""What the PBX says on the event socket, and what hears it: one table of kinds of messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from contactd.channels.voice import (
    ari_deliver,
    ari_dial,
    ari_give,
    ari_menu,
    ari_record,
    ari_spy,
    ari_survey,
    ari_third,
    ari_transfer,
    ari_wait,
)
from contactd.channels.voice.ari_table import Cue, Do, Stage

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

Event = Mapping[str, Any]


def hear(machine: RoutedCalls, event: Event) -> list[Do]:
    """Take one message; unknown and malformed ones change nothing."""
    kind = event.get("type")
    heard = HEARD.get(kind) if isinstance(kind, str) else None
    return [] if heard is None else heard(machine, event, _id(event.get("channel")))


def _id(channel: Any) -> str:
    return str(channel.get("id", "")) if isinstance(channel, Mapping) else ""


def _replaced(machine: RoutedCalls, _event: Event, _channel: str) -> list[Do]:
    machine.replaced = True
    return []


def _started(machine: RoutedCalls, event: Event, channel: str) -> list[Do]:
    """Take in what entered our application: a caller, or a leg of ours, by its first argument."""
    args, entered = event.get("args"), event.get("channel")
    words = [str(each) for each in args] if isinstance(args, list) else []
    joined = JOINED.get(words[0]) if words else None
    if joined is not None:
        return joined(machine, channel)
    return machine.stasis_start(entered, words) if isinstance(entered, Mapping) else []


def _gone(machine: RoutedCalls, event: Event, channel: str) -> list[Do]:
    return machine.channel_gone(channel, str(event["type"]), event.get("cause"))


def _hung_up(machine: RoutedCalls, event: Event, channel: str) -> list[Do]:
    """Note whose party hung up: a soft request is one of a program, or the PBX's own."""
    call = machine.get(channel) or machine.get(machine.legs.get(channel, ""))
    if call is not None and not event.get("soft"):
        call.hung_up.add(channel)
    return []


def _keyed(machine: RoutedCalls, event: Event, channel: str) -> list[Do]:
    call = machine.get(channel)
    if call is None:
        return []
    if call.stage is Stage.MENU:
        return ari_menu.keyed(machine, call, event.get("digit"))
    if call.stage is Stage.ASKED:
        return ari_survey.keyed(machine, call, event.get("digit"))
    return ari_wait.keyed(call, event.get("digit")) if call.stage is Stage.WAITING else []


def _played(machine: RoutedCalls, event: Event, _channel: str) -> list[Do]:
    playback = event.get("playback")
    if not isinstance(playback, Mapping):
        return []
    told = ari_record.noticed(machine, playback, event.get("timestamp"))
    if told is not None:
        return told
    call = machine.get(str(playback.get("target_uri", "")).removeprefix("channel:"))
    ident = str(playback.get("id", ""))
    return ari_wait.played(machine, call) if call is not None and ident and call.playing == ident else []


def _recorded(machine: RoutedCalls, event: Event, _channel: str) -> list[Do]:
    failed = event["type"] == "RecordingFailed"
    over = ari_record.finished(machine, event.get("recording"), failed=failed)
    return ari_wait.recorded(machine, event.get("recording")) if over is None else over


def _records(machine: RoutedCalls, event: Event, _channel: str) -> list[Do]:
    return ari_record.started(machine, event.get("recording"))


def _held(machine: RoutedCalls, _event: Event, channel: str) -> list[Do]:
    return _hold_known(machine, channel, Cue.PHONE_HOLD)


def _resumed(machine: RoutedCalls, _event: Event, channel: str) -> list[Do]:
    return _hold_known(machine, channel, Cue.PHONE_RESUME)


def _hold_known(machine: RoutedCalls, leg: str, cue: Cue) -> list[Do]:
    call = machine.get(machine.legs.get(leg, ""))
    if call is not None:
        call.hold_unknown = False
    return machine.by_leg(leg, cue)


def _wished(machine: RoutedCalls, event: Event, _channel: str) -> list[Do]:
    return ari_give.wished(machine, ari_transfer.wish(event))


def _given(machine: RoutedCalls, event: Event, _channel: str) -> list[Do]:
    return ari_give.given_away(machine, ari_transfer.done(event))


def _dial(machine: RoutedCalls, event: Event, _channel: str) -> list[Do]:
    """Follow a phone that rings in its call's bridge: of others its own StasisStart tells."""
    leg = _id(event.get("peer"))
    call = machine.get(machine.legs.get(leg, ""))
    if call is None or call.leg != leg:
        return []
    match event.get("dialstatus"):
        case "RINGING":
            return ari_deliver.rings(machine, call)
        case "ANSWER":
            return ari_deliver.answers(machine, call)
        case _:
            return []


JOINED: dict[str, Callable[[RoutedCalls, str], list[Do]]] = {
    "agent": lambda machine, leg: machine.agent_joined(leg),
    ari_third.OUT: lambda machine, leg: machine.agent_joined(leg),
    ari_give.STAYS: ari_give.stays,
    ari_dial.CUSTOMER: ari_dial.reached,
    ari_third.THIRD: ari_third.joined,
    ari_spy.SPY: ari_spy.joined,
    ari_spy.SNOOP: ari_spy.joined,
    ari_record.TAPE: ari_record.snooping,
}
"""First argument of a leg → who waits for it."""

HEARD: dict[str, Callable[[RoutedCalls, Event, str], list[Do]]] = {
    "ApplicationReplaced": _replaced,
    "StasisStart": _started,
    "StasisEnd": _gone,
    "ChannelDestroyed": _gone,
    "ChannelHangupRequest": _hung_up,
    "ChannelDtmfReceived": _keyed,
    "PlaybackFinished": _played,
    "RecordingStarted": _records,
    "RecordingFinished": _recorded,
    "RecordingFailed": _recorded,
    "Dial": _dial,
    "ChannelHold": _held,
    "ChannelUnhold": _resumed,
    "ChannelTransfer": _wished,
    "BridgeBlindTransfer": _given,
    "BridgeAttendedTransfer": _given,
}
"""Kind of message → what hears it."""

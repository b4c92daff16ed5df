"""What callers hear who wait, and on their way out: their place, an honest time, the offer of a call back, a machine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from contactd.channels.voice import speaking
from contactd.channels.voice.ari_menu import play, quiet
from contactd.channels.voice.ari_table import Cue, Do, Rest, RoutedCall, Save, Stage, TakeBack
from contactd.channels.voice.options import WaitOptions
from contactd.core.channel import Change
from contactd.core.interaction import State

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

VOICEMAIL = "voicemail"
"""Channel of what callers said to the machine, and the way out that leads to it."""
PREFIX = "contactd-vm-"
"""How the names of our recordings on the PBX begin; the contact's id follows."""
TAKE_BACK = "1"
"""The key by which a caller takes the offer of a call back."""
LONGEST_SAID_MIN = 30
"""A longer wait is not named as a number of minutes: nobody believes it."""


def place(options: WaitOptions, position: int | None, expected_s: float | None, language: str = "") -> tuple[str, ...]:
    """Return what a caller is told of their place and of the time that nine in ten do not wait longer than."""
    media: list[str] = []
    if options.place and position is not None:
        media += (
            ["sound:queue-youarenext"]
            if position == 1
            else [
                "sound:queue-thereare",
                *_number(options, position, language),
                "sound:queue-callswaiting",
            ]
        )
    if options.time and expected_s is not None and expected_s <= LONGEST_SAID_MIN * 60:
        minutes = max(1, math.ceil(expected_s / 60))
        unit = "sound:queue-minute" if minutes == 1 else "sound:queue-minutes"
        media += ["sound:queue-holdtime", *_number(options, minutes, language), unit]
    return (*media, *options.thanks) if media else ()


def _number(options: WaitOptions, value: int, language: str) -> tuple[str, ...]:
    """Say how many: the PBX in its own words, or we in the caller's language."""
    if options.numbers == "pbx":
        return (f"number:{value}",)
    spoken = language.partition("-")[0] if language.partition("-")[0] in ("zh", "en") else options.numbers
    return speaking.number(spoken, value, counting=True)


def announce(machine: RoutedCalls, call: RoutedCall, media: tuple[str, ...]) -> list[Do]:
    """Tell a waiting caller something; the music goes on when it is over."""
    if call.stage is not Stage.WAITING or call.playing or not media:
        return []
    return play(machine, call, media)


def told(machine: RoutedCalls, call: RoutedCall, change: Change) -> list[Do]:
    """Follow what is decided about a caller who waits: what they are offered, or that the line lets them go."""
    if change.state == State.CLOSED:
        return way_out(machine, call, change)
    return offer_callback(machine, call) if change.action == "callback" else []


def offer_callback(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Offer a waiting caller that they are called back."""
    media = machine.wait.callback
    if call.stage is not Stage.WAITING or not media:
        return []
    call.offered_callback = True
    return [*quiet(call), *play(machine, call, media)]


def keyed(call: RoutedCall, digit: Any) -> list[Do]:
    """Take a waiting caller's key."""
    if not call.offered_callback or digit != TAKE_BACK or not call.interaction:
        return []
    call.offered_callback = False
    return [*quiet(call), TakeBack(call=call.id, interaction=call.interaction)]


def refused(machine: RoutedCalls, call_id: str) -> list[Do]:
    """Say that there is no number that could be called back; the caller waits on."""
    call = machine.get(call_id)
    return [] if call is None else announce(machine, call, machine.wait.no_callback) or [machine.music_on(call)]


def played(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """What a caller heard is over."""
    call.playing = ""
    if call.stage is Stage.WAITING:
        return [machine.music_on(call)]
    return machine.cue(call, Cue.PLAYED)


# On the way out.


def way_out(machine: RoutedCalls, call: RoutedCall, change: Change) -> list[Do]:
    """Let a caller whom the line lets go hear why, or speak to the machine."""
    if change.action == VOICEMAIL and machine.wait.voicemail:
        return machine.cue(call, Cue.TO_MACHINE)
    media = {"callback": machine.wait.called_back}.get(change.action, machine.wait.goodbye)
    return machine.cue(call, Cue.FAREWELL, media) if media and change.action else machine.cue(call, Cue.RELEASE)


def _greet(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    return [*quiet(call), *_no_music(call), *play(machine, call, machine.wait.voicemail)]


def _record(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    call.saving = f"{PREFIX}{call.interaction}"
    machine.saving[call.saving] = call
    params = {
        "name": call.saving,
        "format": "wav",
        "maxDurationSeconds": machine.wait.longest_s,
        "maxSilenceSeconds": 8,
        "beep": "true",
        "terminateOn": "#",
        "ifExists": "overwrite",
    }
    return [Rest(call=call.id, method="POST", path=f"/channels/{call.id}/record", params=params)]


def recorded(machine: RoutedCalls, recording: Any) -> list[Do]:
    """A caller has spoken to the machine: fetch it, and let them go."""
    name = str(recording.get("name", "")) if isinstance(recording, dict) else ""
    call = machine.saving.pop(name, None)
    if call is None:
        return []
    seconds = recording.get("duration")
    known = isinstance(seconds, int)
    short = known and seconds < machine.wait.shortest_s
    save = Save(call=call.id, name=name, spoken=call, seconds=seconds if known else 0, short=short)
    return [save, *machine.cue(call, Cue.RELEASE)]


def _farewell(machine: RoutedCalls, call: RoutedCall, media: Any) -> list[Do]:
    return [*quiet(call), *_no_music(call), *play(machine, call, media)]


def _no_music(call: RoutedCall) -> list[Do]:
    if not call.music:
        return []
    call.music = False
    return [Rest(call=call.id, method="DELETE", path=f"/channels/{call.id}/moh")]


ACTIONS = {"greet": _greet, "record": _record, "farewell": _farewell}
"""Of `ari_table.MOVES`."""

"""The keys of the call panel on a call that contactd routes over FreeSWITCH; holding and transfers go through the house."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from contactd.channels.voice import parked_dial
from contactd.channels.voice.asked import Report
from contactd.channels.voice.parked_table import Cue, Do, Parked, Send
from contactd.core.errors import BadRequestError
from contactd.core.events import WorkEnded
from contactd.core.interaction import EndedBy

if TYPE_CHECKING:
    from contactd.channels.voice.parked import ParkedCalls

NOTE = "contactd_muted"
"""Variable of an agent's leg that says that they are mute."""
DIGITS = re.compile(r"[0-9A-D*#]{1,32}")


def _hangup(machine: ParkedCalls, call: Parked, _data: Mapping[str, Any]) -> list[Do]:
    released = machine.cue(call, Cue.RELEASE)
    if call.outbound and not call.talked:
        return [*released, *parked_dial.given_up(call, "given_up", EndedBy.AGENT)]
    ended = WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=EndedBy.AGENT)
    return [*released, Report(call=call.id, fact=ended)]


def _mute(_machine: ParkedCalls, call: Parked, data: Mapping[str, Any]) -> list[Do]:
    call.muted = bool(data.get("on", True))
    act = "start read mute 1" if call.muted else "stop"
    note = f"uuid_setvar {call.leg} {NOTE} {int(call.muted)}"
    return [Send(call=call.id, command=f"uuid_audio {call.leg} {act}"), Send(call=call.id, command=note)]


def _dtmf(_machine: ParkedCalls, call: Parked, data: Mapping[str, Any]) -> list[Do]:
    digits = data.get("digits")
    if not isinstance(digits, str) or not DIGITS.fullmatch(digits):
        message = "digits must be 1 to 32 of 0-9, A-D, * and #"
        raise BadRequestError(message, field="digits")
    return [Send(call=call.id, command=f"uuid_send_dtmf {call.id} {digits}")]


KEYS: dict[str, Callable[[ParkedCalls, Parked, Mapping[str, Any]], list[Do]]] = {
    "call.hangup": _hangup,
    "call.mute": _mute,
    "call.dtmf": _dtmf,
}
"""Every key there is."""

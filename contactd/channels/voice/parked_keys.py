"""The keys of the call panel on a call that contactd routes over FreeSWITCH; holding and transfers go through the house."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from contactd.channels.voice.parked_table import Cue, Do, Parked, Report, Send
from contactd.core.errors import BadRequestError
from contactd.core.events import WorkEnded
from contactd.core.interaction import EndedBy

if TYPE_CHECKING:
    from contactd.channels.voice.parked import ParkedCalls

DIGITS = re.compile(r"[0-9A-D*#]{1,32}")


def _hangup(machine: ParkedCalls, call: Parked, _data: Mapping[str, Any]) -> list[Do]:
    released = machine.cue(call, Cue.RELEASE)
    ended = WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=EndedBy.AGENT)
    return [*released, Report(call=call.id, fact=ended)]


def _mute(_machine: ParkedCalls, call: Parked, data: Mapping[str, Any]) -> list[Do]:
    call.muted = bool(data.get("on", True))
    act = "start read mute 1" if call.muted else "stop"
    return [Send(call=call.id, command=f"uuid_audio {call.leg} {act}")]


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

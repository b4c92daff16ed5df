"""The keys of the call panel: what an agent presses on a routed call, and what that does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from contactd.channels.voice import ari_dial, ari_record_key, ari_spy, ari_third
from contactd.channels.voice.ari_table import Cue, Do, Rest, RoutedCall, Stage
from contactd.channels.voice.asked import Report
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.events import WorkEnded
from contactd.core.interaction import EndedBy

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

Key = Callable[["RoutedCalls", RoutedCall, Mapping[str, Any]], "list[Do]"]

MUTED, ON = "CONTACTD_MUTED", "1"
"""Variable of an agent's leg that says that they are mute."""
ON_HOLD = "CHANNEL(onhold)"
DIGITS = re.compile(r"[0-9A-D*#]{1,32}")
_IN_TALK = frozenset({Stage.TALKING, Stage.HELD})
_ON_THE_WAY = frozenset({Stage.SUMMONING, Stage.DIALLING, Stage.SENDING})


def press(machine: RoutedCalls, interaction: str, name: str, data: Mapping[str, Any]) -> list[Do]:
    """Carry out a key.

    Raises:
        BadRequestError: there is no such key, or what comes with it is wrong.
        ConflictError: the call does not stand so that it means anything.
    """
    key = KEYS.get(name)
    if key is None:
        message = f"a call has no command {name}"
        raise BadRequestError(message)
    call = machine.by_interaction(interaction)
    allowed = _IN_TALK | _ON_THE_WAY if name == "call.hangup" else _IN_TALK
    if call is None or call.stage not in allowed:
        message = "nobody is talking on this call"
        raise ConflictError(message, code="bad_state")
    return key(machine, call, data)


def _hangup(machine: RoutedCalls, call: RoutedCall, _data: Mapping[str, Any]) -> list[Do]:
    release = machine.cue(call, Cue.RELEASE)
    if call.outbound and not call.talked:
        return [*release, *ari_dial.given_up(call, "given_up", EndedBy.AGENT)]
    ended = WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=EndedBy.AGENT)
    return [*release, Report(call=call.id, fact=ended)]


def _mute(_machine: RoutedCalls, call: RoutedCall, data: Mapping[str, Any]) -> list[Do]:
    call.muted = bool(data.get("on", True))
    method = "POST" if call.muted else "DELETE"
    note = {"variable": MUTED, "value": ON if call.muted else ""}
    return [
        Rest(call=call.id, method=method, path=f"/channels/{call.leg}/mute", params={"direction": "in"}),
        Rest(call=call.id, method="POST", path=f"/channels/{call.leg}/variable", params=note),
    ]


def ask_muted(call: RoutedCall) -> Rest:
    """Ask the PBX whether an agent was mute before we were away: it keeps what we noted on their leg, and says it of no list."""
    path = f"/channels/{call.leg}/variable"
    return Rest(call=call.id, method="GET", path=path, params={"variable": MUTED}, step="muted")


def ask_held(call: RoutedCall) -> Rest:
    """Ask the PBX whether an agent's phone holds the call: it may have begun or ended that while we were away."""
    path = f"/channels/{call.leg}/variable"
    return Rest(call=call.id, method="GET", path=path, params={"variable": ON_HOLD}, step="onhold", leg=call.leg)


def told_held(machine: RoutedCalls, call: RoutedCall, value: Any) -> list[Do]:
    """Follow what the PBX says of a phone's hold; anything but yes and no says nothing, and is shown as not known."""
    call.hold_unknown = value not in ("0", ON) and not call.music
    if value == ON and not call.music:
        return machine.cue(call, Cue.PHONE_HOLD)
    return machine.cue(call, Cue.PHONE_RESUME) if value == "0" and call.phone_held else []


def _dtmf(_machine: RoutedCalls, call: RoutedCall, data: Mapping[str, Any]) -> list[Do]:
    """Play keys to the other side: to who is consulted while the customer waits."""
    digits = data.get("digits")
    if not isinstance(digits, str) or not DIGITS.fullmatch(digits):
        message = "digits must be 1 to 32 of 0-9, A-D, * and #"
        raise BadRequestError(message, field="digits")
    hears = call.third.leg if call.third is not None and call.stage is Stage.HELD else call.id
    return [Rest(call=call.id, method="POST", path=f"/channels/{hears}/dtmf", params={"dtmf": digits})]


def _transfer(machine: RoutedCalls, call: RoutedCall, data: Mapping[str, Any]) -> list[Do]:
    return ari_third.send_out(machine, call, data) if data.get("endpoint") else ari_third.leave(machine, call)


def _return(machine: RoutedCalls, call: RoutedCall, _data: Mapping[str, Any]) -> list[Do]:
    """Go back to the customer, without whoever was consulted."""
    if call.third is None:
        message = "nobody is consulted"
        raise ConflictError(message, code="bad_state")
    return ari_third.dismiss(machine, call)


KEYS: dict[str, Key] = {
    "call.hangup": _hangup,
    "call.mute": _mute,
    "call.dtmf": _dtmf,
    "call.consult": ari_third.consult,
    "call.conference": ari_third.conference,
    "call.transfer": _transfer,
    "call.return": _return,
    "call.record": ari_record_key.press,
    "call.supervise": ari_spy.supervise,
}
"""Every key."""

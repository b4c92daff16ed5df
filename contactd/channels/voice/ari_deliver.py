"""A caller is brought to the agent who accepted: their phone rings, and when it is answered both are in one bridge.

Where the line says so (`early_bridge`) the bridge stands before the phone is answered: the phone's leg is made and dialled inside
it, the caller comes in with the first ring and hears it ring; the moment it is answered nothing is left to be done
(recorded as `ari_create_dial_earlybridge`, where the caller came in at the answer).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contactd.channels.voice import ari_give, ari_menu, ari_third, ari_transfer
from contactd.channels.voice.ari_table import CALLER_ID, DEVICE, Cue, Do, Rest, RoutedCall, Stage
from contactd.channels.voice.asked import Answered, Report
from contactd.core.events import DeliveryFailed, InteractionGone
from contactd.core.offer import FailReason

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

AGENT = "agent"
"""First application argument of an agent's leg."""
LATE_S = 5.0
"""How much longer than it may a phone rings before we end it ourselves."""
_BUSY_CAUSES = frozenset({17, 21})


def _originate(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    call.rung_at = 0.0
    if call.third is not None and call.heir and call.third.endpoint == call.device:
        return _inherit(machine, call, call.third.leg)
    dropped = ari_third.drop_third(machine, call)
    call.heir = False
    coming = ari_give.take_over(call)
    if coming is not None:
        dropped += machine.drop(call, bridge=True)
        return [*dropped, *(ari_give.stays(machine, call.leg) if call.came else [])]
    return [*dropped, *ari_give.forget(machine, call), *machine.drop(call, bridge=True), *ring(machine, call)]


def ring(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Let the agent's phone ring."""
    call.leg = machine.new_id()
    if not DEVICE.fullmatch(call.device):
        return machine.cue(call, Cue.AGENT_GONE)
    machine.legs[call.leg] = call.id
    call.early = machine.early(call.line)
    params: dict[str, Any] = {
        "endpoint": call.device,
        "app": machine.app,
        "appArgs": f"{AGENT},{call.id},{call.device}",
        "channelId": call.leg,
        "originator": call.id,
    }
    path = "/channels/create"
    if not call.early:
        path = "/channels"
        params |= {"timeout": machine.ring_s, "callerId": _shown(call)}
    body = {"variables": {"__contactd_call_id": call.id}}
    return [Rest(call=call.id, method="POST", path=path, params=params, body=body, step="originate", leg=call.leg)]


def _shown(call: RoutedCall) -> str:
    """Return the number an agent's phone shows."""
    return CALLER_ID.sub("", call.caller if call.shown and call.caller else "anonymous")


def _inherit(machine: RoutedCalls, call: RoutedCall, leg: str) -> list[Do]:
    """The colleague who gets the call stands in its bridge already: bring the customer to them."""
    call.leg, call.third, call.heir, call.stage = leg, None, False, Stage.TALKING
    return [*machine.to_bridge(call), *talking(call)]


# Before the answer.


def made(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """The leg is there and not dialled yet: put it into the bridge, and only then let the phone ring."""
    if call.bridge:
        return []
    out = _make_bridge(machine, call)
    # A leg that was not originated has no number to show but this (func_callerid: `i` sends nothing by itself).
    number = {"variable": "CONNECTEDLINE(num,i)", "value": _shown(call)}
    return [
        *out,
        machine.add(call, call.leg),
        Rest(call=call.id, method="POST", path=f"/channels/{call.leg}/variable", params=number),
        Rest(
            call=call.id,
            method="POST",
            path=f"/channels/{call.leg}/dial",
            params={"caller": call.id, "timeout": machine.ring_s},
            step="originate",
            leg=call.leg,
        ),
    ]


def rings(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """The phone rings: the caller comes into the bridge, and hears that."""
    if not call.early or call.stage is not Stage.RINGING or not call.bridge or not call.music:
        return []
    tone = Rest(call=call.id, method="POST", path=f"/channels/{call.id}/ring")
    return [*ari_menu.quiet(call), *machine.to_bridge(call), tone]


def answers(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """The phone is answered."""
    return machine.cue(call, Cue.JOINED) if call.early and call.stage is Stage.RINGING else []


def _make_bridge(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    call.bridge = machine.new_id()
    make = {"type": "mixing", "name": f"call-{call.id}", "bridgeId": call.bridge}
    return [Rest(call=call.id, method="POST", path="/bridges", params=make)]


def due(machine: RoutedCalls, now: float) -> list[Do]:
    """End the ring of a phone that rings for longer than it may: the PBX ends one of its own, not surely one in a bridge.

    Args:
        machine: the calls.
        now: seconds on a clock that never goes back.
    """
    out: list[Do] = []
    for key in machine.ids():
        call = machine.get(key)
        if call is None or call.stage is not Stage.RINGING or not (call.early or call.coming):
            continue
        call.rung_at = call.rung_at or now
        if now - call.rung_at >= machine.ring_s + LATE_S:
            leg = call.leg
            out += machine.cue(call, Cue.AGENT_GONE)
            out.append(Rest(call=key, method="DELETE", path=f"/channels/{leg}", params={"reason": "no_answer"}))
    return out


# The answer.


def _bridge(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    if call.early and call.bridge:
        early = [] if call.music else [Rest(call=call.id, method="DELETE", path=f"/channels/{call.id}/ring")]
        return [*ari_menu.quiet(call), *machine.to_bridge(call), *early, *talking(call)]
    call.music = False
    quiet = f"/channels/{call.leg}/ring" if call.outbound and not call.talked else f"/channels/{call.id}/moh"
    return [
        *ari_menu.quiet(call),
        Rest(call=call.id, method="DELETE", path=quiet),
        *_make_bridge(machine, call),
        machine.add(call, f"{call.id},{call.leg}", step="bridged"),
    ]


def talking(call: RoutedCall) -> list[Do]:
    """Tell that both are together, and let the phone's transfers come to us from now on."""
    handling = f"/channels/{call.leg}/variable"
    call.talked, call.early = True, False
    return [
        Answered(call=call.id, interaction=call.interaction),
        Rest(call=call.id, method="POST", path=handling, params=ari_transfer.HANDLING),
    ]


def not_bridged(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Undo: the agent's leg goes, the caller hears music again and stands in line."""
    if call.outbound and not call.talked:
        call.stage = Stage.DIALLING
        return machine.cue(call, Cue.CALLER_GONE)
    call.stage = Stage.WAITING
    return [
        *machine.drop(call, leg=True, bridge=True),
        machine.music_on(call),
        _failed(call, FailReason.MEDIA),
    ]


def _not_delivered(machine: RoutedCalls, call: RoutedCall, cause: Any) -> list[Do]:
    call.leg = ""
    reason = FailReason.DEVICE_BUSY if cause in _BUSY_CAUSES else FailReason.DEVICE_UNREACHABLE
    return [*_out_of_early(machine, call), _failed(call, reason)]


def _call_off(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    return [*_out_of_early(machine, call), *machine.drop(call, leg=True)]


def _out_of_early(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Take a caller out of the bridge in which nobody came to them, back to the music."""
    early, call.early = call.early, False
    if not early or not call.bridge:
        return []
    tone = Rest(call=call.id, method="DELETE", path=f"/channels/{call.id}/ring")
    out: list[Do] = [] if call.music else [tone, *machine.from_bridge(call)]
    return [*out, *machine.drop(call, bridge=True)]


def _failed(call: RoutedCall, reason: FailReason) -> Report:
    return Report(
        call=call.id, fact=DeliveryFailed(interaction=call.interaction, agent=call.agent or "", reason=reason)
    )


def _abandoned(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    gone: list[Do] = (
        [Report(call=call.id, fact=InteractionGone(interaction=call.interaction))] if call.interaction else []
    )
    return [*machine.drop(call, leg=True, bridge=call.early), *gone]


ACTIONS = {
    "originate": _originate,
    "bridge": _bridge,
    "not_delivered": _not_delivered,
    "call_off": _call_off,
    "abandoned": _abandoned,
}
"""Of `ari_table.MOVES`."""

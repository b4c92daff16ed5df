"""A supervisor on a call: they hear both and nobody hears them, the agent alone hears them, or all hear all.

The supervisor's phone stands in a small bridge of its own with a snoop channel on the agent's leg (telephony.md 4.10).
Whoever joins the talk stands in the call's bridge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contactd.channels.voice.ari_others import Spy
from contactd.channels.voice.ari_table import DEVICE, Do, Rest, RoutedCall, Stage
from contactd.core.errors import BadRequestError, ConflictError

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

SPY, SNOOP = "spy", "snoop"
LISTEN, WHISPER, BARGE, STOP = "listen", "whisper", "barge", "stop"
MODES = (LISTEN, WHISPER, BARGE, STOP)
_HANG_UP = {"reason": "normal"}
_WORDS_OF_SPY, _MODE = 3, 3
"""`spy,CALL,AGENT` and `snoop,CALL,LEG,MODE`."""


def supervise(machine: RoutedCalls, call: RoutedCall, data: Mapping[str, Any]) -> list[Do]:
    """Begin, change or end a supervisor's part.

    Raises:
        BadRequestError: there is no such way to take part, or the supervisor has no phone.
        ConflictError: they are not on this call.
    """
    mode, agent = str(data.get("mode", LISTEN)), str(data.get("supervisor", ""))
    if mode not in MODES:
        message = "mode must be listen, whisper, barge or stop"
        raise BadRequestError(message, field="mode")
    spy = call.spies.get(agent)
    if mode == STOP:
        if spy is None:
            message = "you are not on this call"
            raise ConflictError(message, code="bad_state")
        return drop(machine, call, spy)
    if spy is not None:
        spy.mode = mode
        return _take_part(machine, call, spy) if spy.up else []
    endpoint = str(data.get("endpoint", ""))
    if not DEVICE.fullmatch(endpoint):
        message = "you have no phone"
        raise BadRequestError(message, code="no_device")
    spy = call.spies[agent] = Spy(agent=agent, leg=machine.new_id(), mode=mode)
    machine.legs[spy.leg] = call.id
    params = {
        "endpoint": endpoint,
        "app": machine.app,
        "appArgs": f"{SPY},{call.id},{agent}",
        "channelId": spy.leg,
        "timeout": machine.ring_s,
        "callerId": "contactd",
    }
    return [Rest(call=call.id, method="POST", path="/channels", params=params, step="ring", leg=spy.leg)]


def joined(machine: RoutedCalls, leg: str) -> list[Do]:
    """Take that a supervisor's phone, or a snoop channel of theirs, is there."""
    call = machine.get(machine.legs.get(leg, ""))
    spy = None if call is None else find(call, leg)
    if call is None or spy is None or call.stage not in (Stage.TALKING, Stage.HELD):
        machine.legs.pop(leg, None)
        return [Rest(call="", method="DELETE", path=f"/channels/{leg}", params=_HANG_UP)]
    if leg == spy.leg:
        spy.up = True
        return _take_part(machine, call, spy)
    both = f"{spy.leg},{spy.snoop}"
    return [Rest(call=call.id, method="POST", path=f"/bridges/{spy.bridge}/addChannel", params={"channel": both})]


def find(call: RoutedCall, leg: str) -> Spy | None:
    """Return the supervisor a leg belongs to."""
    return next((spy for spy in call.spies.values() if leg in (spy.leg, spy.snoop)), None)


def left(machine: RoutedCalls, call: RoutedCall, leg: str) -> list[Do]:
    """Take that a leg of a supervisor's is gone: with their phone their part is over."""
    spy = find(call, leg)
    return drop(machine, call, spy) if spy is not None and leg == spy.leg else []


def restore(machine: RoutedCalls, arguments: Mapping[str, list[str]], inside: Mapping[str, Mapping[str, Any]]) -> None:
    """Put supervisors back on the calls they were on before a restart of ours: each leg says whose it is, and how it hears."""
    for leg, words in arguments.items():
        call = machine.get(words[1]) if words[:1] == [SPY] and len(words) == _WORDS_OF_SPY else None
        bridge = inside.get(leg)
        if call is None or bridge is None or call.stage not in (Stage.TALKING, Stage.HELD) or words[2] in call.spies:
            continue
        snoop, how = next(
            ((each, them) for each, them in arguments.items() if them[:1] == [SNOOP] and them[2:3] == [leg]), ("", [])
        )
        if not snoop and bridge.get("id") != call.bridge:
            continue  # they had not begun to hear anything
        spy = Spy(agent=words[2], leg=leg, mode=how[3] if len(how) > _MODE else BARGE, up=True)
        if snoop:
            spy.bridge, spy.snoop = str(bridge["id"]), snoop
            machine.legs[snoop] = call.id
        call.spies[spy.agent] = spy
        machine.legs[leg] = call.id


def drop_all(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """End every supervisor's part: the call is over, or its agent is another."""
    return [each for spy in list(call.spies.values()) for each in drop(machine, call, spy)]


def drop(machine: RoutedCalls, call: RoutedCall, spy: Spy) -> list[Do]:
    """End a supervisor's part."""
    call.spies.pop(spy.agent, None)
    out = _end_snoop(machine, call, spy)
    machine.legs.pop(spy.leg, None)
    return [*out, Rest(call=call.id, method="DELETE", path=f"/channels/{spy.leg}", params=_HANG_UP)]


def _take_part(machine: RoutedCalls, call: RoutedCall, spy: Spy) -> list[Do]:
    if spy.mode == BARGE:
        return [machine.add(call, spy.leg), *_end_snoop(machine, call, spy)]
    out: list[Do] = []
    old = spy.snoop
    if not spy.bridge:
        spy.bridge = machine.new_id()
        make = {"type": "mixing", "name": f"spy-{call.id}", "bridgeId": spy.bridge}
        out.append(Rest(call=call.id, method="POST", path="/bridges", params=make))
    spy.snoop = machine.new_id()
    machine.legs[spy.snoop] = call.id
    heard = "out" if spy.mode == WHISPER else "none"
    params = {"spy": "both", "whisper": heard, "app": machine.app, "appArgs": f"{SNOOP},{call.id},{spy.leg},{spy.mode}"}
    out.append(Rest(call=call.id, method="POST", path=f"/channels/{call.leg}/snoop/{spy.snoop}", params=params))
    if old:
        machine.legs.pop(old, None)
        out.append(Rest(call=call.id, method="DELETE", path=f"/channels/{old}", params=_HANG_UP))
    return out


def _end_snoop(machine: RoutedCalls, call: RoutedCall, spy: Spy) -> list[Do]:
    out: list[Do] = []
    if spy.snoop:
        machine.legs.pop(spy.snoop, None)
        out.append(Rest(call=call.id, method="DELETE", path=f"/channels/{spy.snoop}", params=_HANG_UP))
    if spy.bridge:
        out.append(Rest(call=call.id, method="DELETE", path=f"/bridges/{spy.bridge}"))
    spy.snoop = spy.bridge = ""
    return out

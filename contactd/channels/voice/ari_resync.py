"""After a cut: what the PBX has and what the store believes, put together again (telephony.md section 4, step 13).

Calls stay bridged while nobody listens, and events missed meanwhile are lost; the lists of channels and bridges and the ids in
their application arguments are enough to know every call, and who is not on a list is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contactd.channels.voice import ari_keys, ari_spy, ari_third
from contactd.channels.voice.ari import RoutedCalls
from contactd.channels.voice.ari_give import STAYS
from contactd.channels.voice.ari_others import Third, ThirdStage
from contactd.channels.voice.ari_table import Cue, Do, Rest, RoutedCall, Stage
from contactd.channels.voice.asked import Report
from contactd.core.events import InteractionGone, WorkEnded
from contactd.core.interaction import EndedBy, State

Json = Mapping[str, Any]

_WITH_AGENT = frozenset({State.ACTIVE, State.HELD})
_IN_LINE = frozenset({State.RECEIVED, State.QUEUED, State.OFFERED, State.PARKED})
"""The customer hears music and has nobody."""
_OURS = ("call-", "spy-")
"""How the names of our bridges begin."""
_LEGS = (["agent"], [STAYS], [ari_third.OUT], [ari_third.THIRD], [ari_spy.SPY], [ari_spy.SNOOP])
"""First application arguments of legs we made."""


def resync(calls: RoutedCalls, channels: Sequence[Json], bridges: Sequence[Json], contacts: Sequence[Json]) -> list[Do]:
    """Rebuild `calls` from the PBX's lists and the store's open contacts; return what there is to do about the differences."""
    arguments = {str(each.get("id", "")): _arguments(calls.app, each) for each in channels}
    inside = {str(member): each for each in bridges for member in each.get("channels", ())}
    by_key = {str(each["external_key"]): each for each in contacts}
    legs = {words[1]: leg for leg, words in arguments.items() if words[:1] == ["agent"] and len(words) > 1}
    legs |= _stayed(arguments, inside)
    done = _gone(calls, set(arguments), by_key)
    for channel in channels:
        channel_id = str(channel.get("id", ""))
        words = arguments[channel_id]
        if words[:1] in (["inbound"], ["customer"]):
            done += _caller(calls, channel, words, by_key.get(channel_id), legs.get(channel_id), channels, inside)
    for leg, words in arguments.items():
        if words[:1] == [ari_third.THIRD] and len(words) > 1:
            _third(calls, leg, words, by_key.get(words[1]), inside)
    ari_spy.restore(calls, arguments, inside)
    on = [call for key in calls.ids() if (call := calls.get(key)) is not None]
    spies = [spy for call in on for spy in call.spies.values()]
    wanted = {call.leg for call in on} | {call.third.leg for call in on if call.third is not None}
    wanted |= {leg for spy in spies for leg in (spy.leg, spy.snoop)}
    done += [
        Rest(call="", method="DELETE", path=f"/channels/{leg}", params={"reason": "normal"})
        for leg, words in arguments.items()
        if words[:1] in _LEGS and leg not in wanted
    ]
    used = {call.bridge for call in on} | {spy.bridge for spy in spies}
    return done + [
        Rest(call="", method="DELETE", path=f"/bridges/{each['id']}")
        for each in bridges
        if str(each.get("name", "")).startswith(_OURS) and each.get("id") not in used
    ]


def _arguments(app: str, channel: Json) -> list[str]:
    """Return the application arguments of a channel that is in our application."""
    plan = channel.get("dialplan") or {}
    words = str(plan.get("app_data", "")).split(",")
    return words[1:] if plan.get("app_name") == "Stasis" and words[0] == app else []


def _stayed(arguments: Mapping[str, list[str]], inside: Mapping[str, Json]) -> dict[str, str]:
    """Return call → phone of agents who were consulted by phone: not their arguments, but their bridge says which call."""
    names = {
        leg: str(inside[leg].get("name", ""))
        for leg, words in arguments.items()
        if words[:1] == [STAYS] and leg in inside
    }
    return {name.removeprefix("call-"): leg for leg, name in names.items() if name.startswith("call-")}


def _gone(calls: RoutedCalls, present: set[str], contacts: Mapping[str, Json]) -> list[Do]:
    """End what has no channel any more: calls we knew, and contacts the store has open."""
    done: list[Do] = []
    known = set(calls.ids())
    for key in sorted(known - present):
        done += calls.handle({"type": "StasisEnd", "channel": {"id": key}})
    for key in sorted(contacts.keys() - present - known):
        state, interaction = contacts[key]["state"], str(contacts[key]["id"])
        if state in _IN_LINE:
            done.append(Report(call=key, fact=InteractionGone(interaction=interaction)))
        elif state in _WITH_AGENT:
            ended = WorkEnded(interaction=interaction, agent=contacts[key].get("agent"), ended_by=EndedBy.SYSTEM)
            done.append(Report(call=key, fact=ended))
    return done


def _caller(
    calls: RoutedCalls,
    channel: Json,
    words: list[str],
    contact: Json | None,
    leg: str | None,
    channels: Sequence[Json],
    inside: Mapping[str, Json],
) -> list[Do]:
    """Take one caller's channel up again, or in for the first time."""
    given = None if contact is not None and contact["state"] in _WITH_AGENT | _IN_LINE else _given(channel, leg, inside)
    if given is not None:
        call = calls.restore(channel, "", str(contact["id"]) if contact else "", None)
        calls.attach(call, given[0], given[1], Stage.GIVEN)
        return []
    if contact is None:
        return calls.handle({"type": "StasisStart", "channel": channel, "args": words})
    call = calls.restore(channel, words[1] if len(words) > 1 else "", str(contact["id"]), contact.get("agent"))
    call.line, call.outbound = str(contact.get("line") or ""), words[0] == "customer"
    state = contact["state"]
    if state not in _WITH_AGENT | _IN_LINE:
        return calls.cue(call, Cue.RELEASE)
    if leg is None:
        if state in _WITH_AGENT:
            call.stage = Stage.TALKING
            return calls.cue(call, Cue.AGENT_GONE)
        call.stage = Stage.WAITING
        return [calls.music_on(call)]
    return _with_leg(calls, call, leg, state, channels, inside)


def _third(calls: RoutedCalls, leg: str, words: list[str], contact: Json | None, inside: Mapping[str, Json]) -> None:
    """Put somebody who is consulted back to their call."""
    call = calls.get(words[1])
    bridge = inside.get(leg)
    if call is None or contact is None or bridge is None or bridge.get("id") != call.bridge or call.third is not None:
        return
    agent, number, endpoint = [*words[2:], "", "", ""][:3]
    stage = ThirdStage.JOINED if call.id in bridge.get("channels", ()) else ThirdStage.TALKING
    call.third = Third(leg=leg, endpoint=endpoint, agent=agent or None, number=number, stage=stage)
    call.music = stage is ThirdStage.TALKING
    calls.legs[leg] = call.id


def _given(channel: Json, leg: str | None, inside: Mapping[str, Json]) -> tuple[str, str] | None:
    """Return (other side, bridge) of a caller whom an agent gave to somebody outside our application; None otherwise."""
    bridge = inside.get(str(channel.get("id", "")))
    others = [str(each) for each in (bridge or {}).get("channels", ()) if str(each) not in (channel.get("id"), leg)]
    return None if bridge is None or not others else (others[0], str(bridge["id"]))


def _with_leg(
    calls: RoutedCalls,
    call: RoutedCall,
    leg: str,
    state: str,
    channels: Sequence[Json],
    inside: Mapping[str, Json],
) -> list[Do]:
    bridge, own = inside.get(leg), str((inside.get(leg) or {}).get("id", ""))
    up = any(each.get("id") == leg and each.get("state") == "Up" for each in channels)
    together = call.id in (bridge or {}).get("channels", ())
    if bridge is None or not up:
        calls.attach(call, leg, own, Stage.RINGING)
        call.early, call.music = bridge is not None, not together
        return calls.cue(call, Cue.JOINED) if up else []
    held = state == State.HELD
    calls.attach(call, leg, own, Stage.HELD if held else Stage.TALKING)
    call.music, call.phone_held = not together, held and together
    call.muted = None
    # Of a customer who hears music though nobody holds them, the way back was lost; somebody consulted would stand in the bridge.
    alone = not together and not held and len(bridge.get("channels", ())) == 1
    return [*(calls.to_bridge(call) if alone else []), ari_keys.ask_muted(call), ari_keys.ask_held(call)]

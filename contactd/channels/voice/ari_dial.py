"""Calls that agents make: their own phone first, then the customer's, then both into one bridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from contactd.channels.voice.ari_table import CALLER_ID, DEVICE, Cue, Do, Rest, RoutedCall
from contactd.channels.voice.asked import Report, Tell
from contactd.core.channel import Change
from contactd.core.events import AttemptFailed, DeliveryFailed, WorkEnded
from contactd.core.interaction import EndedBy, Outcome, State
from contactd.core.offer import FailReason

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

CALLBACK = "callback"
"""Adapter and channel of contacts whose customer is owed a call."""
CUSTOMER = "customer"
"""First application argument of the leg of a customer whom we call."""
_INTERACTION = 3
"""Place of the contact's id in a channel's application data: `contactd,customer,CALL,CONTACT`."""
Json = Mapping[str, Any]
_WHY = {1: "unknown_number", 3: "unknown_number", 17: "busy", 18: "no_answer", 19: "no_answer", 21: "refused"}
"""Hang-up cause → why the other side was not reached (telephony.md, 1)."""


def begin(machine: RoutedCalls, change: Change, endpoint: str, shown: str) -> list[Do]:
    """Ring the phone of the agent who wants to call somebody."""
    if machine.by_interaction(change.interaction) is not None:
        return []
    call = RoutedCall(
        # A customer may be called again, and an id must never be used twice.
        id=machine.new_id() if change.adapter == CALLBACK else change.external_key,
        dialled=change.to,
        caller=None,
        caller_name="",
        presentation="allowed",
        interaction=change.interaction,
        agent=change.agent,
        device=change.device or "",
        line=change.line,
        adapter=change.adapter,
        outbound=True,
        gone=True,
        music=False,
        target=endpoint,
        displayed=CALLER_ID.sub("", shown),
    )
    machine.keep(call)
    return machine.cue(call, Cue.DIAL)


def _summon(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    call.leg = machine.new_id()
    if not DEVICE.fullmatch(call.device):
        return machine.cue(call, Cue.AGENT_GONE)
    machine.legs[call.leg] = call.id
    words = f"agent,{call.id},{call.device}"
    return [_ring(machine, call, call.leg, call.device, words, CALLER_ID.sub("", call.dialled), machine.ring_s)]


def _dial(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    """The agent has picked up: they hear it ring while the customer's phone does."""
    call.gone = False
    tone = Rest(call=call.id, method="POST", path=f"/channels/{call.leg}/ring")
    words = f"{CUSTOMER},{call.id},{call.interaction}"
    ring = _ring(machine, call, call.id, call.target, words, call.displayed, machine.dial_s, originator=call.leg)
    return [tone, ring]


def _no_agent(machine: RoutedCalls, call: RoutedCall, _cause: Any) -> list[Do]:
    """The agent's own phone was not answered: nobody was called."""
    if call.adapter == CALLBACK:
        back = DeliveryFailed(
            interaction=call.interaction, agent=call.agent or "", reason=FailReason.DEVICE_UNREACHABLE
        )
        return [Report(call=call.id, fact=back)]
    return [*machine.drop(call, leg=True), *_failed(call, "no_agent_phone")]


def _unreached(machine: RoutedCalls, call: RoutedCall, cause: Any) -> list[Do]:
    """The customer was not reached: the agent sums it up, and is told why; who is owed a call is called again later."""
    why = _WHY.get(cause, "failed") if isinstance(cause, int) else "failed"
    return [*machine.drop(call, leg=True), *given_up(call, why)]


def given_up(call: RoutedCall, why: str, by: EndedBy = EndedBy.SYSTEM) -> list[Do]:
    """Say that nobody was reached."""
    if call.adapter != CALLBACK:
        return _failed(call, why, by)
    reason = why if why in ("busy", "no_answer") else "unreachable"
    fact = AttemptFailed(interaction=call.interaction, agent=call.agent or "", reason=reason)
    return [Report(call=call.id, fact=fact)]


def _failed(call: RoutedCall, why: str, by: EndedBy = EndedBy.SYSTEM) -> list[Do]:
    ended = WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=by, outcome=Outcome.FAILED)
    told = Tell(call=call.id, interaction=call.interaction, panel={"phase": "failed", "why": why})
    return [told, Report(call=call.id, fact=ended)]


def refused(change: Change, why: str) -> list[Do]:
    """Say that a number the house wants called may not be."""
    ended = WorkEnded(
        interaction=change.interaction, agent=change.agent, ended_by=EndedBy.SYSTEM, outcome=Outcome.FAILED
    )
    told = Tell(call=change.external_key, interaction=change.interaction, panel={"phase": "failed", "why": why})
    return [told, Report(call=change.external_key, fact=ended)]


def under_way(contacts: Sequence[Json], channels: Sequence[Json]) -> list[Json]:
    """Return the callbacks somebody is busy with, each under the id of its customer's channel."""
    ids: dict[str, str] = {}
    for channel in channels:
        words = str((channel.get("dialplan") or {}).get("app_data", "")).split(",")
        if words[1:2] == [CUSTOMER] and len(words) > _INTERACTION:
            ids[words[_INTERACTION]] = str(channel.get("id"))
    busy = [contact for contact in contacts if contact["state"] in (State.ACTIVE, State.HELD)]
    return [{**contact, "external_key": ids.get(str(contact["id"]), str(contact["external_key"]))} for contact in busy]


def reached(machine: RoutedCalls, channel: str) -> list[Do]:
    """Take that a customer has answered; one whose agent is gone meanwhile is hung up."""
    call = machine.get(channel)
    done = [] if call is None else machine.cue(call, Cue.REACHED)
    return done or [Rest(call="", method="DELETE", path=f"/channels/{channel}", params={"reason": "normal"})]


def _ring(
    machine: RoutedCalls,
    call: RoutedCall,
    leg: str,
    endpoint: str,
    words: str,
    shown: str,
    seconds: int,
    originator: str = "",
) -> Rest:
    params: dict[str, Any] = {
        "endpoint": endpoint,
        "app": machine.app,
        "appArgs": words,
        "channelId": leg,
        "timeout": seconds,
        "callerId": shown or "anonymous",
    }
    if originator:
        params["originator"] = originator
    body: Mapping[str, Any] = {"variables": {"__contactd_call_id": call.id}}
    return Rest(call=call.id, method="POST", path="/channels", params=params, body=body, step="ring", leg=leg)


ACTIONS = {"summon": _summon, "dial": _dial, "unreached": _unreached, "no_agent": _no_agent}
"""Of `ari_table.MOVES`."""

"""Somebody else on a call: consulted while the customer hears music, joined to both, or left with the customer.

A colleague who is left with the customer takes the contact over in the house too (`HandOver`); somebody outside does not: then the
agent's part ends, and the two go on talking in our bridge until one of them hangs up.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from contactd.channels.voice import ari_transfer
from contactd.channels.voice.ari_others import Third, ThirdStage
from contactd.channels.voice.ari_table import CALLER_ID, DEVICE, Cue, Do, Rest, RoutedCall, Stage
from contactd.channels.voice.asked import HandOver, Report
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.events import ExternalWork, Held, Resumed, Transferred, WorkEnded

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

THIRD, OUT = "third", "out"
"""First application argument of a leg that is consulted, and of one a customer was sent on to."""
_HANG_UP = {"reason": "normal"}


class ThirdCue(StrEnum):
    """What moves somebody who was asked to join."""

    JOINED = "joined"
    LEFT = "left"
    CONFERENCE = "conference"
    DROP = "drop"
    """The agent goes back to the customer."""


MOVES: dict[tuple[ThirdStage, ThirdCue], tuple[ThirdStage, str]] = {
    (ThirdStage.RINGING, ThirdCue.JOINED): (ThirdStage.TALKING, "consult"),
    (ThirdStage.RINGING, ThirdCue.LEFT): (ThirdStage.GONE, "back"),
    (ThirdStage.RINGING, ThirdCue.DROP): (ThirdStage.GONE, "drop"),
    (ThirdStage.TALKING, ThirdCue.LEFT): (ThirdStage.GONE, "back"),
    (ThirdStage.TALKING, ThirdCue.CONFERENCE): (ThirdStage.JOINED, "all"),
    (ThirdStage.TALKING, ThirdCue.DROP): (ThirdStage.GONE, "drop"),
    (ThirdStage.JOINED, ThirdCue.LEFT): (ThirdStage.GONE, "left"),
    (ThirdStage.JOINED, ThirdCue.DROP): (ThirdStage.GONE, "drop"),
}
"""(stage, cue) → (next stage, what to do); what is not here changes nothing."""


# What the agent presses.


def consult(machine: RoutedCalls, call: RoutedCall, data: Mapping[str, Any]) -> list[Do]:
    """Ring somebody while the customer hears music.

    Raises:
        ConflictError: somebody is being consulted already.
    """
    if call.third is not None:
        message = "somebody is on this call already"
        raise ConflictError(message, code="bad_state")
    endpoint = _endpoint(data)
    call.third = third = Third(
        leg=machine.new_id(),
        endpoint=endpoint,
        name=str(data.get("name", "")),
        number=str(data.get("number", "")),
        agent=data.get("agent"),
    )
    machine.legs[third.leg] = call.id
    out: list[Do] = [] if call.music else machine.from_bridge(call)
    if call.stage is Stage.TALKING:
        out.append(Report(call=call.id, fact=Held(interaction=call.interaction, agent=call.agent or "")))
    call.stage, call.phone_held = Stage.HELD, False
    out += _busy(machine, call, third, on=True)
    words = ",".join([THIRD, call.id, third.agent or "", third.number, endpoint])
    return [
        *out,
        _ring(machine, call, third.leg, endpoint, words, originator=call.leg, shown=str(data.get("shown", ""))),
    ]


def conference(machine: RoutedCalls, call: RoutedCall, _data: Mapping[str, Any]) -> list[Do]:
    """Let customer, agent and the one who was consulted talk together.

    Raises:
        ConflictError: nobody is being consulted.
    """
    if call.third is None or call.third.stage is not ThirdStage.TALKING:
        message = "nobody has answered whom you could join"
        raise ConflictError(message, code="bad_state")
    return moved(machine, call, ThirdCue.CONFERENCE)


def leave(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Leave the customer with the one who was consulted.

    Raises:
        ConflictError: they have not answered.
    """
    if call.third is None or call.third.stage not in (ThirdStage.TALKING, ThirdStage.JOINED):
        message = "they have not answered"
        raise ConflictError(message, code="bad_state")
    return _leave(machine, call, call.third)


def send_out(machine: RoutedCalls, call: RoutedCall, data: Mapping[str, Any]) -> list[Do]:
    """Give the customer to an outside number without asking first; when nobody answers, they are back in their line."""
    out = drop_third(machine, call)
    return [*out, *machine.cue(call, Cue.SEND_OUT, data)]


def _leave(machine: RoutedCalls, call: RoutedCall, third: Third) -> list[Do]:
    if third.agent is not None:
        call.heir = True
        over = HandOver(call=call.id, interaction=call.interaction, device=third.endpoint)
        return [*_busy(machine, call, third, on=False), over]
    return [*_give(machine, call, third), _gone_out(call, third.number)]


def _give(machine: RoutedCalls, call: RoutedCall, third: Third) -> list[Do]:
    """Leave customer and third party alone in the bridge."""
    out = machine.to_bridge(call)
    if call.leg:
        out.append(_hang_up(call, call.leg))
        machine.legs.pop(call.leg, None)
    call.leg, call.third, call.heir, call.stage = third.leg, None, False, Stage.GIVEN
    return out


def handed(machine: RoutedCalls, work: HandOver, *, ok: bool) -> list[Do]:
    """Take whether the house has given the contact to the colleague; if not, they still talk when the agent is gone."""
    call = machine.get(work.call)
    if ok or call is None or not call.heir:
        return []
    call.heir = False
    if call.leg or call.third is None:
        return []
    return [*_give(machine, call, call.third), _gone_out(call, "")]


def agent_left(machine: RoutedCalls, call: RoutedCall) -> list[Do] | None:
    """Take a hang-up of the agent's phone in the middle of a consultation as a transfer; None when there is none."""
    third = call.third
    if third is None or third.stage not in (ThirdStage.TALKING, ThirdStage.JOINED):
        return None
    machine.legs.pop(call.leg, None)
    call.leg, call.stage = "", Stage.HELD if call.music else Stage.TALKING
    return _leave(machine, call, third)


# What happens.


def joined(machine: RoutedCalls, leg: str) -> list[Do]:
    """Take that somebody who was asked has answered; one nobody waits for any more is hung up."""
    call = machine.get(machine.legs.get(leg, ""))
    if call is None or call.third is None or call.third.leg != leg:
        machine.legs.pop(leg, None)
        return [Rest(call="", method="DELETE", path=f"/channels/{leg}", params=_HANG_UP)]
    return moved(machine, call, ThirdCue.JOINED)


def moved(machine: RoutedCalls, call: RoutedCall, cue: ThirdCue) -> list[Do]:
    """Move the third party by `cue`; return what there is to do."""
    third = call.third
    move = None if third is None else MOVES.get((third.stage, cue))
    if third is None or move is None:
        return []
    third.stage, act = move
    if third.stage is ThirdStage.GONE:
        call.third = None
        machine.legs.pop(third.leg, None)
    match act:
        case "consult":
            return [machine.add(call, third.leg)]
        case "all":
            return _resumed(machine, call)
        case "back":
            return [*_busy(machine, call, third, on=False), *_resumed(machine, call)]
        case "left":
            return _busy(machine, call, third, on=False)
        case _:
            return [_hang_up(call, third.leg), *_busy(machine, call, third, on=False)]


def dismiss(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Hang up who was asked to join, and bring the customer back."""
    return [*drop_third(machine, call), *_resumed(machine, call)]


def drop_third(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Hang up who was asked to join."""
    return moved(machine, call, ThirdCue.DROP)


def _resumed(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Bring the customer back to the agent."""
    if call.stage is not Stage.HELD:
        return []
    done = machine.cue(call, Cue.RESUME)
    return [*done, Report(call=call.id, fact=Resumed(interaction=call.interaction, agent=call.agent or ""))]


# An outside number.


def _send_out(machine: RoutedCalls, call: RoutedCall, data: Mapping[str, Any]) -> list[Do]:
    out: list[Do] = []
    if not call.music:
        out += machine.from_bridge(call)
    out.append(_hang_up(call, call.leg))
    machine.legs.pop(call.leg, None)
    call.leg, call.sent_to = machine.new_id(), str(data.get("number", ""))
    machine.legs[call.leg] = call.id
    ring = _ring(
        machine, call, call.leg, _endpoint(data), f"{OUT},{call.id}", call.id, shown=str(data.get("shown", ""))
    )
    return [*out, ring]


def _sent(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    return [*machine.to_bridge(call), machine.add(call, call.leg), _gone_out(call, call.sent_to)]


def _sent_back(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    """Put a customer whom the outside number did not take back into their line."""
    machine.legs.pop(call.leg, None)
    call.leg = ""
    back = Transferred(interaction=call.interaction, agent=call.agent, to_line=call.line)
    return [*machine.drop(call, bridge=True), Report(call=call.id, fact=back)]


ACTIONS = {"send_out": _send_out, "sent": _sent, "sent_back": _sent_back}
"""Of `ari_table.MOVES`."""


# Small things.


def _endpoint(data: Mapping[str, Any]) -> str:
    endpoint = str(data.get("endpoint", ""))
    if not DEVICE.fullmatch(endpoint):
        message = "they have no phone that can be called"
        raise BadRequestError(message, code="no_device")
    return endpoint


def _ring(
    machine: RoutedCalls, call: RoutedCall, leg: str, endpoint: str, words: str, originator: str, *, shown: str
) -> Rest:
    params = {
        "endpoint": endpoint,
        "app": machine.app,
        "appArgs": words,
        "channelId": leg,
        "originator": originator,
        "timeout": machine.dial_s,
        "callerId": CALLER_ID.sub("", shown) or "anonymous",
    }
    body = {"variables": {"__contactd_call_id": call.id}}
    return Rest(call=call.id, method="POST", path="/channels", params=params, body=body, step="ring", leg=leg)


def _hang_up(call: RoutedCall, leg: str) -> Rest:
    return Rest(call=call.id, method="DELETE", path=f"/channels/{leg}", params=_HANG_UP)


def _gone_out(call: RoutedCall, number: str) -> Report:
    by = ari_transfer.ended_by(number)
    return Report(call=call.id, fact=WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=by))


def _busy(machine: RoutedCalls, call: RoutedCall, third: Third, *, on: bool) -> list[Do]:
    """Let the router give a colleague who is being asked no call of their own."""
    if third.agent is None:
        return []
    fact = ExternalWork(agent=third.agent, channel=machine.channel, on=on, ref=f"consult-{call.id}")
    return [Report(call=call.id, fact=fact)]

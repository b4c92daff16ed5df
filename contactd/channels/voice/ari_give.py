"""Transfers keyed on an agent's phone, carried out: to a colleague, to a line, to what only the dialplan knows.

After a consultation keyed on the phone the colleague stands in a call of the dialplan's, which ARI cannot touch.  Where the
dialplan hands the called party on when the caller hangs up (`Dial(…,F(contactd-stays^s^1))`, `config/asterisk/extensions.conf`),
the colleague comes into our application the moment the agent's phone leaves, and is joined with the customer without a second
ring.  Where it does not, the colleague's phone is hung up with the agent's, and rings again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contactd.channels.voice import ari_transfer
from contactd.channels.voice.ari_table import Cue, Do, Give, Rest, RoutedCall, Stage
from contactd.channels.voice.ari_transfer import Given
from contactd.channels.voice.asked import Report
from contactd.core.events import WorkEnded

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

STAYS = "stays"
"""First application argument of a phone whose partner in the dialplan has hung up."""


def wished(machine: RoutedCalls, wish: ari_transfer.Wish | None) -> list[Do]:
    """Ask whom the number belongs to that an agent's phone wants its call to go to."""
    call = None if wish is None else machine.get(machine.legs.get(wish.leg, ""))
    if wish is None or call is None or call.leg != wish.leg or call.stage not in (Stage.TALKING, Stage.HELD):
        return []
    if not (wish.number or wish.device):
        return [_answer_phone(call.id, wish, "channel_declined")]
    device = wish.device or f"{call.device.partition('/')[0]}/{wish.number}"
    # Expected from now on: the house may give the call to the colleague before it has answered us.
    return [*_expect(machine, call, wish), Give(call=call.id, interaction=call.interaction, wish=wish, device=device)]


def given(machine: RoutedCalls, work: Give, outcome: Given) -> list[Do]:
    """Carry out what the house said to a phone's wish, and tell the phone."""
    call = machine.get(work.call)
    ours = call is not None and call.leg == work.wish.leg
    if outcome is Given.GIVEN:
        # Before the phone hangs up, which would end the call; the order to do so may come later.
        back = machine.cue(call, Cue.BACK) if call is not None and ours else []
        return [_answer_phone(work.call, work.wish, "channel_answered"), *back]
    if call is None or not ours:
        return []
    forget(machine, call)
    if outcome is Given.REFUSED or not (work.wish.context and work.wish.number):
        return [_answer_phone(call.id, work.wish, "channel_declined")]
    return machine.cue(call, Cue.SEND, work.wish)


def given_away(machine: RoutedCalls, done: ari_transfer.Done | None) -> list[Do]:
    """Follow what the PBX did by itself: the agent is out of it, the customer talks on."""
    call = None if done is None else machine.get(machine.legs.get(done.leg, ""))
    return [] if call is None or done is None or call.leg != done.leg else machine.cue(call, Cue.GIVEN, done)


# A colleague who was consulted by phone.


def _expect(machine: RoutedCalls, call: RoutedCall, wish: ari_transfer.Wish) -> list[Do]:
    """Wait for the phone of who was consulted: it comes into our application, or it is gone, and we are told of both."""
    if not wish.asked:
        return []
    call.coming, call.coming_device, call.came = wish.asked, wish.device, False
    machine.legs[call.coming] = call.id
    path, params = f"/applications/{machine.app}/subscription", {"eventSource": f"channel:{call.coming}"}
    return [Rest(call=call.id, method="POST", path=path, params=params, step="coming", leg=call.coming)]


def stays(machine: RoutedCalls, leg: str) -> list[Do]:
    """Take a phone whose partner hung up: one that a call waits for is its agent's, any other is hung up."""
    call = machine.get(machine.legs.get(leg, ""))
    if call is None or call.coming != leg:
        machine.legs.pop(leg, None)
        return [Rest(call="", method="DELETE", path=f"/channels/{leg}", params={"reason": "normal"})]
    call.came = True
    if call.leg != leg:
        return []
    call.coming, call.came = "", False
    return machine.cue(call, Cue.JOINED)


def not_coming(machine: RoutedCalls, call: RoutedCall, leg: str) -> list[Do]:
    """Take that the phone of who was consulted is gone: if they have the call by now, it rings again."""
    awaited = call.leg == leg and call.stage is Stage.RINGING
    machine.legs.pop(leg, None)
    call.coming, call.came = "", False
    return machine.ring(call) if awaited else []


def take_over(call: RoutedCall) -> list[Do] | None:
    """Let the call's new agent be reached at the phone that is coming; None when another phone has to ring."""
    if not call.coming or call.coming_device != call.device:
        return None
    call.leg = call.coming
    return []


def forget(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Expect nobody any more; one who has come is hung up."""
    leg, came, call.coming, call.came = call.coming, call.came, "", False
    if not leg or call.leg == leg:
        return []
    machine.legs.pop(leg, None)
    gone = Rest(call=call.id, method="DELETE", path=f"/channels/{leg}", params={"reason": "normal"})
    return [gone] if came else []


# What the moves do.


def _given(machine: RoutedCalls, call: RoutedCall, done: Any) -> list[Do]:
    machine.legs.pop(call.leg, None)
    call.leg = done.replaced_by
    if call.leg:
        machine.legs[call.leg] = call.id
    return [_given_away(call, done.number)]


def _send(machine: RoutedCalls, call: RoutedCall, wish: Any) -> list[Do]:
    """Let the dialplan dial, as it would for that phone: the call leaves our application."""
    out: list[Do] = [_answer_phone(call.id, wish, "channel_answered")]
    if call.music:
        out.append(Rest(call=call.id, method="DELETE", path=f"/channels/{call.id}/moh"))
    away = {"context": wish.context, "extension": wish.number, "priority": 1}
    out.append(Rest(call=call.id, method="POST", path=f"/channels/{call.id}/continue", params=away))
    return [*out, *machine.drop(call, leg=True, bridge=True), _given_away(call, wish.number)]


ACTIONS = {"given": _given, "send": _send}
"""Of `ari_table.MOVES`."""


def _given_away(call: RoutedCall, number: str) -> Report:
    by = ari_transfer.ended_by(number)
    return Report(call=call.id, fact=WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=by))


def _answer_phone(call: str, wish: ari_transfer.Wish, state: str) -> Rest:
    """Tell an agent's phone how far its transfer has come."""
    path = f"/channels/{wish.leg}/transfer_progress"
    return Rest(call=call, method="POST", path=path, params={"states": state})

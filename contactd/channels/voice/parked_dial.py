"""Calls that agents make over FreeSWITCH: their own phone first, then the customer's, then both together.

The customer's channel bears the contact's own id, so that it is known again after a cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contactd.channels.voice.asked import Report, Tell
from contactd.channels.voice.parked_table import DEVICE, UUID, Cue, Do, Parked, Send, Stage, kill
from contactd.core.channel import Change
from contactd.core.events import WorkEnded
from contactd.core.interaction import EndedBy, Outcome

if TYPE_CHECKING:
    from contactd.channels.voice.parked import ParkedCalls

TARGET = re.compile(r"[a-z_]{1,16}(/[A-Za-z0-9_.+@-]{1,64}){1,3}")
"""Where a customer is reached: `sofia/gateway/telco/13700001111`; nothing that ends an argument or begins another."""
CUSTOMER = "customer"
"""What a customer's channel says in the variable `contactd`."""
_TONE = "tone_stream://%(1000,4000,425);loops=-1"
"""What an agent hears while the customer's phone rings (GB/T 3380: 425 Hz, one second of five)."""
_DIGITS = re.compile(r"[^0-9+*#]")
_WHY = {
    "UNALLOCATED_NUMBER": "unknown_number",
    "NO_ROUTE_DESTINATION": "unknown_number",
    "USER_BUSY": "busy",
    "NO_ANSWER": "no_answer",
    "NO_USER_RESPONSE": "no_answer",
    "ALLOTTED_TIMEOUT": "no_answer",
    "CALL_REJECTED": "refused",
}
"""Hang-up cause of the switch → why the other side was not reached."""


def begin(machine: ParkedCalls, change: Change, target: str, shown: str, dial_s: int) -> list[Do]:
    """Ring the phone of the agent who wants to call somebody."""
    if machine.get(change.external_key) is not None:
        return []
    call = Parked(
        id=change.external_key,
        dialled=change.to,
        interaction=change.interaction,
        agent=change.agent,
        device=change.device or "",
        outbound=True,
        gone=True,
        target=target,
        displayed=_DIGITS.sub("", shown),
        dial_s=dial_s,
    )
    machine.put_back(call, "")
    return machine.cue(call, Cue.DIAL)


def _summon(machine: ParkedCalls, call: Parked, _detail: str) -> list[Do]:
    if not (DEVICE.fullmatch(call.device) and TARGET.fullmatch(call.target) and UUID.fullmatch(call.id)):
        return machine.cue(call, Cue.AGENT_GONE)
    return [machine.originate(call, call.device, _DIGITS.sub("", call.dialled), machine.ring_s)]


def _dial(machine: ParkedCalls, call: Parked, _detail: str) -> list[Do]:
    """The agent has picked up: they hear it ring while the customer's phone does."""
    call.gone = False
    tone = Send(call=call.id, command=f"uuid_broadcast {call.leg} {_TONE} aleg")
    return [tone, machine.originate(call, call.target, call.displayed, call.dial_s, customer=True)]


def _no_agent(machine: ParkedCalls, call: Parked, _detail: str) -> list[Do]:
    return [*machine.drop_leg(call), *given_up(call, "no_agent_phone")]


def _unreached(machine: ParkedCalls, call: Parked, detail: str) -> list[Do]:
    return [*machine.drop_leg(call), *given_up(call, _WHY.get(detail, "failed"))]


def _gave_up(machine: ParkedCalls, call: Parked, _detail: str) -> list[Do]:
    """The agent hung up before anybody answered."""
    return [*machine.drop_leg(call), kill(call.id, call.id), *given_up(call, "given_up", EndedBy.AGENT)]


def given_up(call: Parked, why: str, by: EndedBy = EndedBy.SYSTEM) -> list[Do]:
    """Say that nobody was reached."""
    ended = WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=by, outcome=Outcome.FAILED)
    told = Tell(call=call.id, interaction=call.interaction, panel={"phase": "failed", "why": why})
    return [told, Report(call=call.id, fact=ended)]


def refused(change: Change, why: str) -> list[Do]:
    """Say that a number may not be called."""
    return given_up(Parked(id=change.external_key, interaction=change.interaction, agent=change.agent), why)


def not_together(machine: ParkedCalls, call: Parked) -> list[Do]:
    """The customer answered and the two could not be put together: nobody is left waiting."""
    call.stage = Stage.OVER
    gone = [] if call.gone else [kill(call.id, call.id)]
    return [*machine.drop_leg(call), *gone, *given_up(call, "failed")]


ACTIONS = {"summon": _summon, "dial": _dial, "no_agent": _no_agent, "unreached": _unreached, "gave_up": _gave_up}
"""Of `parked_table.MOVES`."""

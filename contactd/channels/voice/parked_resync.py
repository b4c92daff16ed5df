"""After a cut or a restart of ours: a FreeSWITCH call taken up again from what the switch says of its channels (`uuid_dump`)."""

from __future__ import annotations

from typing import NamedTuple

from contactd.channels.voice.esl import Message
from contactd.channels.voice.parked import ParkedCalls
from contactd.channels.voice.parked_dial import CUSTOMER
from contactd.channels.voice.parked_table import MARK, UUID, Cue, Do, Parked, Stage
from contactd.core.interaction import EndedBy, State


class AgentLeg(NamedTuple):
    """The phone that was rung for a call."""

    uuid: str
    state: str
    """`Channel-Call-State`: RINGING | EARLY | ACTIVE | HELD … (switch_channel.c)."""
    muted: bool = False

    @property
    def up(self) -> bool:
        """Whether it was answered."""
        return self.state in ("ACTIVE", "HELD", "UNHELD")


def restore(
    machine: ParkedCalls, message: Message, interaction: str, state: str, agent: str | None, leg: AgentLeg | None = None
) -> list[Do]:
    """Take a call up again that the house has open; return what there is to do about the differences."""
    outbound = message.get(MARK) == CUSTOMER
    call = Parked(id=message.get("Unique-ID"), interaction=interaction, agent=agent, outbound=outbound)
    other = message.get("Other-Leg-Unique-ID")
    talks = state in (State.ACTIVE, State.HELD)
    bridged = other if talks and UUID.fullmatch(other) else ""
    rung = leg.uuid if leg is not None and talks and UUID.fullmatch(leg.uuid) else ""
    machine.put_back(call, bridged or rung)
    call.muted = (leg.muted if leg is not None else None) if bridged else False
    if not talks:
        return [machine.music_on(call)]
    call.talked = bool(bridged) or not outbound
    if not bridged and rung and outbound:
        # Which of both has answered is not known: who has been called and stands alone is together with the agent, or nobody is.
        call.stage = Stage.DIALLING
        return machine.cue(call, Cue.REACHED) if message.get("Channel-Call-State") == "ACTIVE" else []
    if not bridged and rung:
        call.stage = Stage.RINGING
        return machine.cue(call, Cue.PICKED_UP) if leg is not None and leg.up else []
    call.stage = Stage.HELD if state == State.HELD and call.leg else Stage.TALKING
    if not call.leg:
        return machine.cue(call, Cue.AGENT_GONE, EndedBy.SYSTEM)
    return _hold(machine, call, leg)


def _hold(machine: ParkedCalls, call: Parked, leg: AgentLeg | None) -> list[Do]:
    """Put right whether the agent's phone holds the call; what the switch does not say is shown as not known."""
    call.hold_unknown = leg is None
    if leg is None:
        return []
    held = leg.state == "HELD"
    if held and call.stage is Stage.TALKING:
        return machine.cue(call, Cue.PHONE_HOLD)
    if not held and call.stage is Stage.HELD:
        call.phone_held = True
        return machine.cue(call, Cue.PHONE_RESUME)
    return []

"""After a cut or a restart of ours: a FreeSWITCH call taken up again from what the switch says of its channel (`uuid_dump`)."""

from __future__ import annotations

from contactd.channels.voice.esl import Message
from contactd.channels.voice.parked import ParkedCalls
from contactd.channels.voice.parked_table import UUID, Cue, Do, Parked, Stage
from contactd.core.interaction import EndedBy, State


def restore(machine: ParkedCalls, message: Message, interaction: str, state: str, agent: str | None) -> list[Do]:
    """Take a call up again that the house has open; return what there is to do about the differences."""
    call = Parked(id=message.get("Unique-ID"), interaction=interaction, agent=agent)
    other = message.get("Other-Leg-Unique-ID")
    talks = state in (State.ACTIVE, State.HELD)
    machine.put_back(call, other if talks and UUID.fullmatch(other) else "")
    if not talks:
        return [machine.music_on(call)]
    call.stage = Stage.HELD if state == State.HELD and call.leg else Stage.TALKING
    return [] if call.leg else machine.cue(call, Cue.AGENT_GONE, EndedBy.SYSTEM)

"""Holding a call that contactd routes over FreeSWITCH: by the house, or by the agent's own phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contactd.channels.voice.asked import Report
from contactd.channels.voice.parked_table import Do, Parked, Send, Stage
from contactd.core.events import Held, Resumed

if TYPE_CHECKING:
    from contactd.channels.voice.parked import ParkedCalls


def _hold(_machine: ParkedCalls, call: Parked, _detail: str) -> list[Do]:
    return [Send(call=call.id, command=f"uuid_hold {call.leg}")]


def _resume(_machine: ParkedCalls, call: Parked, _detail: str) -> list[Do]:
    if call.phone_held:
        call.phone_held = False
        return []
    return [Send(call=call.id, command=f"uuid_hold off {call.leg}")]


def _phone_held(_machine: ParkedCalls, call: Parked, _detail: str) -> list[Do]:
    call.phone_held = True
    return [Report(call=call.id, fact=Held(interaction=call.interaction, agent=call.agent or ""))]


def _phone_resumed(_machine: ParkedCalls, call: Parked, _detail: str) -> list[Do]:
    if not call.phone_held:
        call.stage = Stage.HELD
        return []
    call.phone_held = False
    return [Report(call=call.id, fact=Resumed(interaction=call.interaction, agent=call.agent or ""))]


ACTIONS = {"hold": _hold, "resume": _resume, "phone_held": _phone_held, "phone_resumed": _phone_resumed}
"""Of `parked_table.MOVES`."""

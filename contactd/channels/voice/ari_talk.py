"""What goes on while customer and agent are together: hold, back into a line, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contactd.channels.voice import ari_dial, ari_survey, ari_third
from contactd.channels.voice.ari_others import ThirdStage
from contactd.channels.voice.ari_table import Do, RoutedCall, Stage
from contactd.channels.voice.asked import Report
from contactd.core.events import Held, Resumed, WorkEnded
from contactd.core.interaction import EndedBy

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls


def _hold(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    return machine.from_bridge(call)


def _resume(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    if call.phone_held:
        call.phone_held = False
        return []
    joins = call.third is not None and call.third.stage is ThirdStage.JOINED
    return [*([] if joins else ari_third.drop_third(machine, call)), *machine.to_bridge(call)]


def _phone_held(_machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    call.phone_held = True
    return [Report(call=call.id, fact=Held(interaction=call.interaction, agent=call.agent or ""))]


def _phone_resumed(_machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    if not call.phone_held:
        call.stage = Stage.HELD
        return []
    call.phone_held = False
    return [Report(call=call.id, fact=Resumed(interaction=call.interaction, agent=call.agent or ""))]


def _back_in_line(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    """The agent leaves it: to a colleague who stands in the bridge, or to whoever the router finds."""
    joined = call.heir and call.third is not None and call.third.stage is ThirdStage.JOINED
    out = [] if call.music or joined else machine.from_bridge(call)
    call.agent, call.phone_held, call.muted = None, False, False
    if call.heir:
        return [*out, *machine.drop(call, leg=True)]
    return [*out, *ari_third.drop_third(machine, call), *machine.drop(call, leg=True, bridge=True)]


def _agent_left(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    left = ari_third.agent_left(machine, call)
    if left is not None:
        return left
    by = EndedBy.AGENT if call.leg in call.hung_up else EndedBy.SYSTEM
    asked = ari_survey.stay(machine, call) if by is EndedBy.AGENT else []
    dropped = machine.drop(call, caller=not asked, bridge=True)
    if call.outbound and not call.talked:
        return [*dropped, *ari_dial.given_up(call, "given_up", EndedBy.AGENT)]
    ended = WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=by)
    return [*dropped, Report(call=call.id, fact=ended), *asked]


def _caller_left(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    by = EndedBy.CUSTOMER if call.id in call.hung_up else EndedBy.SYSTEM
    ended = WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=by)
    return [*machine.drop(call, leg=True, bridge=True), Report(call=call.id, fact=ended)]


def _let_go(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    """Our side ends a talk: the agent is out of it, the caller may be asked how it was."""
    asked = ari_survey.stay(machine, call)
    return [*machine.drop(call, caller=not asked, leg=True, bridge=True), *asked]


def _release(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    return machine.drop(call, caller=True, leg=True, bridge=True)


ACTIONS = {
    "hold": _hold,
    "resume": _resume,
    "phone_held": _phone_held,
    "phone_resumed": _phone_resumed,
    "back_in_line": _back_in_line,
    "agent_left": _agent_left,
    "caller_left": _caller_left,
    "let_go": _let_go,
    "release": _release,
}
"""Of `ari_table.MOVES`."""

"""What the call panel shows of a routed call beyond its state: how far it has come, who else is on the line, whether it is mute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contactd.channels.voice.ari_record_key import shown as recording
from contactd.channels.voice.ari_table import RoutedCall, Stage

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

_PHASES = {
    Stage.RINGING: "ringing_agent",
    Stage.SUMMONING: "ringing_agent",
    Stage.DIALLING: "dialling",
    Stage.SENDING: "sending",
    Stage.TALKING: "talking",
    Stage.HELD: "held",
    Stage.GIVEN: "given",
}


def panel_of(machine: RoutedCalls, call: RoutedCall) -> dict[str, Any]:
    """Return what consoles are shown of a call."""
    shown: dict[str, Any] = {"phase": _PHASES.get(call.stage, ""), "muted": call.muted}
    if call.hold_unknown and call.stage in (Stage.TALKING, Stage.HELD):
        shown["hold"] = "unknown"
    if record := recording(machine, call):
        shown["tape"] = record
    if call.stage is Stage.SENDING:
        shown["to"] = call.sent_to
    if call.spies:
        shown["supervisors"] = [{"agent": spy.agent, "mode": spy.mode, "up": spy.up} for spy in call.spies.values()]
    if call.third is not None:
        third = call.third
        shown["third"] = {
            "name": third.name,
            "agent": third.agent,
            "number": third.number,
            "state": str(third.stage),
        }
    return shown

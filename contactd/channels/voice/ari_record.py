"""Calls recorded as their line says: always, when the customer has agreed, or never.

It begins when two are together and, where the line has a notice, only when that was heard to the end; it is paused while the
call is held, and by an agent with a reason, for two minutes at most; it ends when they part.  The sides lie apart: one snoop
channel takes what the customer says, another what the customer hears (`legs = "mixed"`: the bridge is recorded instead).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from contactd.channels.voice.ari_table import Do, Rest, RoutedCall, Stage
from contactd.channels.voice.ari_tapes import (
    ASK,
    CALL,
    CUSTOMER,
    GIVEN,
    HOLD,
    HOUSE,
    MUST,
    PREFIX,
    Alarm,
    KeepSound,
    Note,
    Rule,
    Tape,
    TapeCue,
    TapeStage,
)

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

TAPE = "tape"
"""First application argument of a snoop channel that is recorded."""
GRACE_S = 8.0
"""So long a call that must be recorded may be without before everybody is told."""
AGAIN_S = 10.0
"""Pause between two attempts to record it."""
LONGEST_S = 3600
"""Then the next recording begins: no file grows without end."""
_TOGETHER = frozenset({Stage.TALKING, Stage.HELD})


class Tapes:
    """Every recording that is being made.

    Args:
        rule: what a line says of recording.
        apart: whether the two sides are recorded apart.
        pause_s: how long an agent's pause lasts at most.
    """

    def __init__(
        self, rule: Callable[[str], Rule] = lambda _line: Rule(), *, apart: bool = True, pause_s: int = 120
    ) -> None:
        self.rule = rule
        self.apart = apart
        self.pause_s = pause_s
        self.parts: dict[str, Tape] = {}
        """Name of a part on the PBX → recording."""
        self.notices: dict[str, str] = {}
        """Id of a playback that tells of it → call."""

    def names(self) -> set[str]:
        """Return the names of the recordings that are being made."""
        return {tape.name for tape in self.parts.values()}

    def add(self, tape: Tape) -> None:
        """Know a recording by its parts."""
        self.parts |= dict.fromkeys(tape.parts, tape)


# What the call does.


def follow(machine: RoutedCalls, call: RoutedCall, before: Stage) -> tuple[list[Do], list[Do]]:
    """Follow a call that moved; return what comes before all else, and what comes after."""
    tape = call.taping.tape
    if call.stage not in _TOGETHER:
        return (stop(call, tape) if tape is not None else []), []
    if call.stage is before:
        return [], []
    if call.stage is Stage.HELD:
        return [], pause(call, tape, HOLD) if tape is not None else []
    if tape is None:
        return [], begin(machine, call) if wanted(machine, call) else []
    return [], resume(call, tape) if tape.reason == HOLD else []


def wanted(machine: RoutedCalls, call: RoutedCall) -> bool:
    """Tell whether a call is to be recorded by itself."""
    mode = machine.tapes.rule(call.line).mode
    return mode == MUST or (mode == ASK and call.taping.consent == GIVEN)


def begin(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Begin to record, after the notice where there is one that was not heard yet."""
    taping, notice = call.taping, machine.tapes.rule(call.line).notice
    if not call.bridge or taping.notice or taping.tape is not None:
        return []
    if notice and not taping.noticed:
        taping.notice = machine.new_id()
        machine.tapes.notices[taping.notice] = call.id
        path = f"/bridges/{call.bridge}/play/{taping.notice}"
        media = {"media": ",".join(machine.said(call, (notice,)))}
        return [Rest(call=call.id, method="POST", path=path, params=media, step="notice", leg=taping.notice)]
    return _start(machine, call)


def _start(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    name = f"{PREFIX}{machine.new_id()}"
    sides = (CUSTOMER, HOUSE) if machine.tapes.apart else (CALL,)
    parts = {f"{name}-{side}": machine.new_id() if machine.tapes.apart else "" for side in sides}
    tape = call.taping.tape = Tape(name=name, call=call.id, interaction=call.interaction, parts=parts)
    machine.tapes.add(tape)
    noted = Note(
        call=call.id,
        name=name,
        interaction=call.interaction,
        state="begun",
        agent=call.agent or "",
        consent=call.taping.consent,
        noticed=call.taping.noticed,
    )
    if not machine.tapes.apart:
        return [noted, *(_record(call.id, f"/bridges/{call.bridge}", part) for part in parts)]
    machine.legs |= dict.fromkeys(parts.values(), call.id)
    spied = zip(parts.items(), ("in", "out"), strict=True)
    return [noted, *(_snoop(machine, call, part, snoop, spy) for (part, snoop), spy in spied)]


def _snoop(machine: RoutedCalls, call: RoutedCall, part: str, snoop: str, spy: str) -> Rest:
    params = {"spy": spy, "whisper": "none", "app": machine.app, "appArgs": f"{TAPE},{call.id},{part}"}
    path = f"/channels/{call.id}/snoop/{snoop}"
    return Rest(call=call.id, method="POST", path=path, params=params, step="tape", leg=part)


def _record(call: str, of: str, part: str) -> Rest:
    params = {"name": part, "format": "wav", "maxDurationSeconds": LONGEST_S, "ifExists": "fail", "beep": "false"}
    return Rest(call=call, method="POST", path=f"{of}/record", params=params, step="tape", leg=part)


def stop(call: RoutedCall, tape: Tape) -> list[Do]:
    """End a recording; its sound is taken over when the PBX has closed it."""
    call.taping.tape = None
    if not tape.step(TapeCue.STOP):
        return []
    return [_live(call.id, "POST", part, "stop") for part in tape.parts]


def pause(call: RoutedCall, tape: Tape, reason: str, agent: str = "") -> list[Do]:
    """Leave a gap, with its reason."""
    if not tape.step(TapeCue.PAUSE):
        return []
    tape.reason, tape.since = reason, 0.0
    told = Note(call=call.id, name=tape.name, interaction=call.interaction, state="paused", agent=agent, reason=reason)
    return [*(_live(call.id, "POST", part, "pause") for part in tape.parts), told]


def resume(call: RoutedCall, tape: Tape) -> list[Do]:
    """Close the gap."""
    if not tape.step(TapeCue.RESUME):
        return []
    tape.reason = ""
    told = Note(call=call.id, name=tape.name, interaction=call.interaction, state="running")
    return [*(_live(call.id, "DELETE", part, "pause") for part in tape.parts), told]


def _live(call: str, method: str, part: str, act: str) -> Rest:
    return Rest(call=call, method=method, path=f"/recordings/live/{part}/{act}")


# What the PBX says.


def snooping(machine: RoutedCalls, channel: str) -> list[Do]:
    """A snoop channel is there: record it; one whose recording is over is not needed."""
    tape = next((tape for tape in machine.tapes.parts.values() if channel in tape.parts.values()), None)
    if tape is None:
        machine.legs.pop(channel, None)
        return [Rest(call="", method="DELETE", path=f"/channels/{channel}", params={"reason": "normal"})]
    part = next(part for part, snoop in tape.parts.items() if snoop == channel)
    if tape.stage is not TapeStage.STARTING:
        return _over(machine, tape, part, failed=True)
    return [_record(tape.call, f"/channels/{channel}", part)]


def noticed(machine: RoutedCalls, playback: Mapping[str, Any], at: Any) -> list[Do] | None:
    """The notice is over; None when this is no notice of ours.  What was not heard to its end was not heard."""
    call = machine.get(machine.tapes.notices.pop(str(playback.get("id", "")), ""))
    if call is None or call.taping.notice != playback.get("id"):
        return None
    call.taping.notice = ""
    if playback.get("state") != "done":
        return []
    call.taping.noticed = str(at or "heard")
    return _start(machine, call) if call.stage is Stage.TALKING and wanted(machine, call) else []


def started(machine: RoutedCalls, recording: Any) -> list[Do]:
    """The PBX records a part."""
    part = _name(recording)
    tape = machine.tapes.parts.get(part)
    if tape is None:
        return []
    tape.running.add(part)
    if tape.stage is TapeStage.ENDING:
        # It was to end before it had begun: only now there is something to stop.
        return [_live(tape.call, "POST", part, "stop")]
    if tape.running < tape.parts.keys() or not tape.step(TapeCue.RUNS):
        return []
    call = machine.get(tape.call)
    out: list[Do] = [Note(call=tape.call, name=tape.name, interaction=tape.interaction, state="running")]
    if call is not None and call.stage is Stage.HELD:
        out += pause(call, tape, HOLD)
    if call is not None:
        call.taping.missing, call.taping.missing_since = False, 0.0
    return out


def finished(machine: RoutedCalls, recording: Any, *, failed: bool) -> list[Do] | None:
    """The PBX has closed a part; None when it is none of ours."""
    part = _name(recording)
    tape = machine.tapes.parts.get(part)
    return None if tape is None else _over(machine, tape, part, failed=failed)


def refused(machine: RoutedCalls, request: Rest) -> list[Do]:
    """A part could not be begun, or the notice not be played: the next look says so where it matters."""
    if request.step == "notice":
        call = machine.get(machine.tapes.notices.pop(request.leg, ""))
        if call is not None:
            call.taping.notice = ""
        return []
    tape = machine.tapes.parts.get(request.leg)
    return [] if tape is None else _over(machine, tape, request.leg, failed=True)


def _over(machine: RoutedCalls, tape: Tape, part: str, *, failed: bool) -> list[Do]:
    tape.done.add(part)
    if failed:
        tape.failed.add(part)
    machine.tapes.parts.pop(part, None)
    call, snoop = machine.get(tape.call), tape.parts[part]
    out: list[Do] = []
    if snoop:
        machine.legs.pop(snoop, None)
        out.append(Rest(call=tape.call, method="DELETE", path=f"/channels/{snoop}", params={"reason": "normal"}))
    ours = call is not None and call.taping.tape is tape
    if call is not None and ours:
        out += stop(call, tape)
    if tape.done < tape.parts.keys():
        return out
    lost = tape.failed == tape.parts.keys()
    out.append(Note(call=tape.call, name=tape.name, interaction=tape.interaction, state="lost" if lost else "ended"))
    return out if lost else [*out, KeepSound(call=tape.name, name=tape.name)]


def _name(recording: Any) -> str:
    return str(recording.get("name", "")) if isinstance(recording, Mapping) else ""


# Time.


def due(machine: RoutedCalls, now: float) -> list[Do]:
    """Look what time has made due: pauses end by themselves, and a call that must be recorded and is not is tried again and told.

    Args:
        machine: the calls.
        now: seconds on a clock that never goes back.
    """
    out: list[Do] = []
    for key in machine.ids():
        call = machine.get(key)
        if call is None or call.stage not in _TOGETHER:
            continue
        tape = call.taping.tape
        if tape is not None and tape.stage is TapeStage.PAUSED and tape.reason != HOLD:
            tape.since = tape.since or now
            if now - tape.since >= machine.tapes.pause_s:
                out += resume(call, tape)
                out += pause(call, tape, HOLD) if call.stage is Stage.HELD else []
        out += _missing(machine, call, now)
    return out


def _missing(machine: RoutedCalls, call: RoutedCall, now: float) -> list[Do]:
    taping = call.taping
    tape = taping.tape
    on = tape is not None and tape.stage in (TapeStage.RUNNING, TapeStage.PAUSED)
    if on or call.stage is not Stage.TALKING or not wanted(machine, call):
        taping.missing, taping.missing_since = False, 0.0
        return []
    taping.missing_since = taping.missing_since or now
    out: list[Do] = []
    if tape is None and now - taping.tried >= AGAIN_S:
        taping.tried = now
        out += begin(machine, call)
    must = machine.tapes.rule(call.line).mode == MUST
    if must and now - taping.missing_since >= GRACE_S and not taping.missing:
        taping.missing = True
        out.append(Alarm(call=call.id, interaction=call.interaction))
    return out


def missing(machine: RoutedCalls) -> int:
    """Count the calls that must be recorded, are not, and were told of."""
    return sum(call.taping.missing for key in machine.ids() if (call := machine.get(key)) is not None)

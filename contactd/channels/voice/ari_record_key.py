"""The panel's key for recording: begin, end, pause, take up again, as the line allows; and what the panel shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contactd.channels.voice.ari_record import begin, pause, resume, stop
from contactd.channels.voice.ari_table import Do, RoutedCall, Stage
from contactd.channels.voice.ari_tapes import ASK, GIVEN, HOLD, MUST, NEVER, REASONS, TapeStage
from contactd.core.errors import BadRequestError, ConflictError

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

REFUSED = "refused"


def press(machine: RoutedCalls, call: RoutedCall, data: Mapping[str, Any]) -> list[Do]:
    """Begin, end, pause or take up again, as the line allows.

    Raises:
        BadRequestError: a pause without one of its reasons.
        ConflictError: the line records every call, or none; or there is nothing to pause.
    """
    mode = machine.tapes.rule(call.line).mode
    if mode == NEVER:
        message = "calls of this line are not recorded"
        raise ConflictError(message, code="not_recorded")
    if data.get("paused") is not None:
        return _pressed_pause(call, data)
    if not data.get("on", True):
        if mode == MUST:
            message = "every call of this line is recorded: pause it, with a reason"
            raise ConflictError(message, code="must_record")
        call.taping.consent = REFUSED
        return stop(call, call.taping.tape) if call.taping.tape is not None else []
    if mode == ASK:
        call.taping.consent = GIVEN
    return begin(machine, call) if call.stage is Stage.TALKING else []


def _pressed_pause(call: RoutedCall, data: Mapping[str, Any]) -> list[Do]:
    tape, reason = call.taping.tape, data.get("reason")
    if data["paused"] and reason not in REASONS:
        message = f"a pause has a reason: {', '.join(REASONS)}"
        raise BadRequestError(message, field="reason")
    fits = (TapeStage.RUNNING,) if data["paused"] else (TapeStage.PAUSED,)
    if tape is None or tape.stage not in fits or tape.reason == HOLD:
        message = "there is no recording that could be paused or go on"
        raise ConflictError(message, code="bad_state")
    return pause(call, tape, str(reason), call.agent or "") if data["paused"] else resume(call, tape)


def shown(machine: RoutedCalls, call: RoutedCall) -> dict[str, Any]:
    """Return what consoles are shown of it; empty for a line that records nothing."""
    mode, taping = machine.tapes.rule(call.line).mode, call.taping
    if mode == NEVER or call.stage not in (Stage.TALKING, Stage.HELD):
        return {}
    tape = taping.tape
    state = "off"
    if taping.notice:
        state = "notice"
    if tape is not None:
        state = {TapeStage.RUNNING: "on", TapeStage.PAUSED: "paused"}.get(tape.stage, "starting")
    if taping.missing:
        state = "missing"
    found = {"mode": mode, "state": state}
    return found | ({"reason": tape.reason} if tape is not None and tape.reason else {})

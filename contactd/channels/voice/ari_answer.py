"""What the PBX answers to a request, where that decides something: a table by the request's step.

Most refusals are lost races and change nothing: the event that caused them does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from contactd.channels.voice import ari_deliver, ari_give, ari_keys, ari_record, ari_wait
from contactd.channels.voice.ari_table import Cue, Do, Rest, RoutedCall, Stage

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

NOT_SET = 404
"""Status of a variable that nobody has set."""


def answered(machine: RoutedCalls, request: Rest, status: int, body: Any) -> list[Do]:
    """Take a request's answer; 0 as `status` means that none came."""
    ok = 200 <= status < 300  # noqa: PLR2004 - the class of HTTP success
    if request.step in ("tape", "notice"):
        return [] if ok else ari_record.refused(machine, request)
    call, step = machine.get(request.call), STEPS.get(request.step)
    return [] if call is None or step is None else step(machine, call, request, _value(status, body) if ok else status)


def _value(status: int, body: Any) -> Any:
    """Return the value of a variable, or that it went well."""
    return str(body["value"]) if isinstance(body, Mapping) and "value" in body else bool(status)


def _presentation(_machine: RoutedCalls, call: RoutedCall, _request: Rest, said: Any) -> list[Do]:
    call.presentation = said if isinstance(said, str) and said else "withheld"
    return []


def _muted(_machine: RoutedCalls, call: RoutedCall, _request: Rest, said: Any) -> list[Do]:
    """A leg without the note was never mute; without an answer it is not known, and shown so."""
    call.muted = said == ari_keys.ON if isinstance(said, str) or said == NOT_SET else None
    return []


def _on_hold(machine: RoutedCalls, call: RoutedCall, request: Rest, said: Any) -> list[Do]:
    return ari_keys.told_held(machine, call, said) if call.leg == request.leg else []


def _originated(machine: RoutedCalls, call: RoutedCall, request: Rest, said: Any) -> list[Do]:
    return machine.cue(call, Cue.AGENT_GONE) if _failed(said) and call.leg == request.leg else []


def _played(machine: RoutedCalls, call: RoutedCall, request: Rest, said: Any) -> list[Do]:
    return ari_wait.played(machine, call) if _failed(said) and call.playing == request.leg else []


def _coming(machine: RoutedCalls, call: RoutedCall, request: Rest, said: Any) -> list[Do]:
    return ari_give.not_coming(machine, call, request.leg) if _failed(said) and call.coming == request.leg else []


def _rung(machine: RoutedCalls, _call: RoutedCall, request: Rest, said: Any) -> list[Do]:
    return machine.channel_gone(request.leg, "ChannelDestroyed", None) if _failed(said) else []


def _bridged(machine: RoutedCalls, call: RoutedCall, request: Rest, said: Any) -> list[Do]:
    if call.stage is not Stage.TALKING or call.leg != request.leg:
        return []
    return ari_deliver.not_bridged(machine, call) if _failed(said) else ari_deliver.talking(call)


def _failed(said: Any) -> bool:
    """Tell whether the PBX refused, or gave no answer: then its status stands for what it said."""
    return isinstance(said, int) and said is not True


STEPS: dict[str, Callable[[RoutedCalls, RoutedCall, Rest, Any], list[Do]]] = {
    "presentation": _presentation,
    "muted": _muted,
    "onhold": _on_hold,
    "originate": _originated,
    "play": _played,
    "coming": _coming,
    "ring": _rung,
    "bridged": _bridged,
}
"""Step of a request → what its answer decides."""

"""Actions asked of a PBX: each is answered under its ActionID, or counts as not answered after a while; which it takes at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from contactd.channels.voice.ami import Event
from contactd.core.errors import ConflictError, ContactdError

ANSWER_S = 5.0
"""How long an action may stay unanswered."""
MAX_OPEN = 500
"""Actions that may be open at once: a PBX that answers none must not keep memory."""
_LONGEST = 200
"""Characters of what the PBX says that are shown to people."""
_WORDS = frozenset({"Response", "ActionID", "Message", "EventList"})

Done = Callable[[Event | ContactdError], None]


class PbxSilentError(ConflictError):
    """The PBX did not answer: whether it did what was asked is not known."""

    code = "pbx_silent"


class PbxRefusedError(ConflictError):
    """The PBX says that it does not do this; the text is its own."""

    code = "pbx_refused"


@dataclass(frozen=True, slots=True)
class Action:
    """One action as it is to be sent; values were checked by who made it, and are once more by `encode`."""

    name: str
    fields: Mapping[str, str]


class Clock(Protocol):
    """What of Twisted's reactor is needed (or `twisted.internet.task.Clock`)."""

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any) -> Any:  # noqa: A002, N802 - Twisted's names
        """Call something later."""
        ...


class Asks:
    """The actions of one connection that are not answered yet.

    Args:
        clock: for time-outs.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, tuple[Done, Any]] = {}

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def add(self, action_id: str, done: Done) -> None:
        """Wait for the answer to an action that is being sent; `done` is called once.

        Raises:
            PbxSilentError: so many are not answered that another would only pile up.
        """
        if len(self._open) >= MAX_OPEN:
            message = "the PBX answers nothing"
            raise PbxSilentError(message)
        self._open[action_id] = (done, self._clock.callLater(ANSWER_S, self._late, action_id))

    def answered(self, event: Event) -> bool:
        """Take a response; return True when it answered an action that is open here."""
        found = self._open.pop(event.get("ActionID"), None)
        if found is None:
            return False
        done, timer = found
        if timer.active():
            timer.cancel()
        done(event if event.name == "Success" else PbxRefusedError(event.get("Message")[:_LONGEST] or event.name))
        return True

    def drop(self) -> None:
        """The connection is gone: nothing that is open will be answered."""
        for action_id in list(self._open):
            self._late(action_id)

    def _late(self, action_id: str) -> None:
        found = self._open.pop(action_id, None)
        if found is not None:
            done, timer = found
            if timer.active():
                timer.cancel()
            done(PbxSilentError("the PBX did not answer"))


def commands(event: Event) -> frozenset[str]:
    """Return the actions an account may send, as `ListCommands` says: its keys are their names."""
    return frozenset(event.fields) - _WORDS

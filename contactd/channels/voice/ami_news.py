"""What the manager interface tells beside the calls themselves: members of queues and their pauses, and calls that we asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contactd.channels.voice.ami import RESPONSE, Event
from contactd.channels.voice.calls import Calls

ECHO = timedelta(seconds=3)
"""A pause told so soon after we set one ourselves is our own, coming back."""
_WHY = {
    "0": "no_agent_phone",
    "1": "no_agent_phone",
    "3": "no_agent_phone",
    "5": "no_agent_phone",
    "8": "no_agent_phone",
}
"""Reason of a failed Originate → why nobody was called."""
_CAUSES = {"1": "unknown_number", "17": "busy", "18": "no_answer", "19": "no_answer", "21": "refused"}
_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPaused:
    """Somebody keyed a pause, or its end, on the phone (or another program did)."""

    device: str
    on: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCall:
    """A call that we asked for went on: `up` when our own phone answered, `over` when its first leg is gone."""

    own_id: str
    kind: str
    why: str = ""


News = MemberPaused | AskedCall


DOUBTED = "doubted"


class Beside:
    """Follows it.

    Args:
        calls: the picture of the calls, which decides what is believed.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._interfaces: dict[str, set[str]] = {}
        self._paused: dict[str, bool] = {}
        self._said: dict[str, datetime] = {}
        self._asked: dict[str, str] = {}

    def interfaces(self, device: str) -> list[str]:
        """Return the names under which a phone is a member of queues; its own when nothing else is known."""
        return sorted(self._interfaces.get(device, ())) or [device]

    def said(self, device: str, at: datetime) -> None:
        """Remember that we set a member's pause ourselves."""
        while len(self._said) >= _MAX:
            del self._said[next(iter(self._said))]
        self._said[device] = at

    def ask(self, own_id: str) -> None:
        """Follow a call that we ask for under this id."""
        while len(self._asked) >= _MAX:
            del self._asked[next(iter(self._asked))]
        self._asked[own_id] = "asked"

    def doubt(self, own_id: str) -> None:
        """Follow a call on, of which the PBX did not say that it has taken it: on no list of the PBX's, it is not there."""
        if own_id in self._asked:
            self._asked[own_id] = DOUBTED

    def asked(self, own_id: str) -> bool:
        """Tell whether a call that we asked for is still on its way or up, as far as the PBX has said."""
        return self._asked.get(own_id, DOUBTED) != DOUBTED

    def forget(self) -> None:
        """The PBX went down: what was asked for is gone with it."""
        self._asked.clear()
        self._paused.clear()

    def handle(self, event: Event) -> list[News]:
        """Take an event that the calls have taken before."""
        if event.kind == RESPONSE:
            return []
        if event.name in ("QueueMember", "QueueMemberAdded"):
            self._named(event)
        elif event.name == "QueueMemberPause":
            self._named(event)
            return self._pause(event)
        elif event.name == "OriginateResponse":
            return self._originated(event)
        elif event.name == "Hangup":
            return self._hung_up(event)
        elif event.name == "Shutdown" and not event.get("Uniqueid"):
            return self._gone_all()
        return []

    def _named(self, event: Event) -> None:
        interface = event.get("Location") or event.get("Interface")
        device = event.get("StateInterface") or interface
        if interface and len(self._interfaces) < _MAX:
            self._interfaces.setdefault(device, set()).add(interface)

    def _pause(self, event: Event) -> list[News]:
        device, on = event.get("StateInterface") or event.get("Interface"), event.get("Paused") == "1"
        said = self._said.get(device)
        echo = said is not None and event.at is not None and event.at - said < ECHO
        before, self._paused[device] = self._paused.get(device), on
        if echo or before == on or not device or len(self._paused) > _MAX:
            return []
        return [MemberPaused(device=device, on=on, reason=event.get("PausedReason"))]

    def _originated(self, event: Event) -> list[News]:
        own_id = event.get("Uniqueid")
        if own_id not in self._asked:
            return []
        if event.get("Response") == "Success":
            self._asked[own_id] = "up"
            return [AskedCall(own_id=own_id, kind="up")]
        del self._asked[own_id]
        return [AskedCall(own_id=own_id, kind="over", why=_WHY.get(event.get("Reason"), "failed"))]

    def _hung_up(self, event: Event) -> list[News]:
        own_id = event.get("Uniqueid")
        if own_id not in self._asked or self._calls.knows(own_id):
            return []
        answered = self._asked.pop(own_id) == "up"
        why = _CAUSES.get(event.get("Cause"), "failed") if answered else "no_agent_phone"
        return [AskedCall(own_id=own_id, kind="over", why=why)]

    def _gone_all(self) -> list[News]:
        gone = [AskedCall(own_id=own_id, kind="over", why="failed") for own_id in self._asked]
        self.forget()
        return list(gone)

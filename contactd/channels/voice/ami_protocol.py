"""One connection to a PBX's manager interface, on Twisted: log in, ask for the picture, hear events.

By itself it only reads: log-in, lists, and one variable (`CALLERID(pres)`); what else is sent is asked of it (`act`), and checked
before (`ami_acts.py`).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import structlog
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from contactd.channels.voice.ami import BANNER, RESPONSE, Event, Session
from contactd.channels.voice.ami_ask import Action, Asks, Clock, Done, PbxSilentError, commands
from contactd.channels.voice.ami_news import Beside, News
from contactd.channels.voice.call import Told
from contactd.channels.voice.calls import ALLOWED, Calls
from contactd.channels.voice.options import AmiOptions

log = structlog.get_logger(__name__)

BANNER_S = 2.0
"""A PBX that is starting accepts connections and says nothing (telephony.md 2.6)."""
LOGIN_S = 10.0
BOOT_S = 3.0
"""After the log-in: an account without the right `system` is never told FullyBooted, then it is asked without."""
ANSWER_S = 2.0
"""How long a question about a caller may stay unanswered."""
LOOK_S = 60.0
"""How often the picture is compared with the PBX's own lists."""
DOUBT_S = 5.0
"""How soon it is compared again after forged lines were seen."""
SILENCE_S = 90.0
"""A PBX that answers nothing at all for so long is gone."""
LISTS = ("CoreShowChannels", "BridgeList", "QueueStatus", "DeviceStateList", "ParkedCalls")


class Listener(Protocol):
    """Who hears what the PBX tells."""

    def told(self, facts: list[Told | News]) -> None:
        """Take what was told, in order."""
        ...

    def synced(self, keys: set[str]) -> None:
        """Take the keys of all calls that are on, now that the picture is known to be right."""
        ...

    def connected(self) -> None:
        """Take that the connection stands and the picture is right."""
        ...

    def disconnected(self, why: str) -> None:
        """Take that there is no connection, and why, in words for people."""
        ...


def encode(action: str, **fields: str) -> bytes:
    """Write one action.

    Raises:
        ValueError: a value holds a control character, which could end the line and begin an action of its own.
    """
    lines = [f"{key}: {value}" for key, value in {"Action": action, **fields}.items()]
    for line in lines:
        if any(ord(each) < 0x20 or ord(each) == 0x7F for each in line):  # noqa: PLR2004 - the control characters
            message = "a control character in an action"
            raise ValueError(message)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class AmiProtocol(TwistedProtocol):
    """One connection.

    Args:
        calls: the picture, which lives longer than a connection.
        options: account and rules.
        listener: hears what is told.
        clock: for time-outs.
        now: the time events are stamped with.
        beside: what is told beside the calls.
    """

    def __init__(
        self,
        calls: Calls,
        options: AmiOptions,
        listener: Listener,
        clock: Clock,
        now: Callable[[], datetime],
        beside: Beside | None = None,
    ) -> None:
        self.commands: frozenset[str] = frozenset()
        """Actions the account may send; empty until the PBX has said it."""
        self._beside = beside or Beside(calls)
        self._asks = Asks(clock)
        self._calls = calls
        self._options = options
        self._listener = listener
        self._clock = clock
        self._now = now
        self._session = Session()
        self._timers: dict[str, Any] = {}
        self._login_ids: set[str] = set()
        self._lists: set[str] = set()
        self._logged_in = False
        self._one_way = False
        self._given_up = False
        self._forged = 0

    # Twisted calls these.

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Wait for the banner, but not long."""
        self._later("banner", BANNER_S, self._give_up, "no banner")

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # noqa: N802 - Twisted's name
        """Forget every time-out."""
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        self._timers.clear()
        self._asks.drop()
        if not self._given_up:
            self._listener.disconnected(f"connection lost: {reason.type.__name__ if reason.type else 'closed'}")

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Take received bytes."""
        self._later("silence", SILENCE_S, self._give_up, "silence")
        for event in self._session.feed(data, self._now()):
            self._event(event)
        if self._session.forged != self._forged:
            self._forged = self._session.forged
            log.warning("voice.ami.forged_lines", count=self._forged)
            self._later("look", DOUBT_S, self._look)

    # The conversation.

    def _event(self, event: Event) -> None:
        if event.kind == BANNER:
            self._cancel("banner")
            self._later("login", LOGIN_S, self._give_up, "log-in not answered")
            self._send("Challenge", login=True, AuthType="MD5")
            return
        if event.kind == RESPONSE:
            self._response(event)
        elif event.name == "FullyBooted" and self._logged_in:
            self._look()
        self._tell([*self._calls.handle(event), *self._beside.handle(event)])
        if event.get("EventList").lower() in ("complete", "cancelled"):
            self._list_ended(event.get("ActionID"))

    def _response(self, event: Event) -> None:
        action = event.get("ActionID")
        if not self._logged_in:
            self._log_in(event, action)
        elif self._asks.answered(event):
            return
        elif event.name == "Error":
            self._list_ended(action)

    def _log_in(self, event: Event, action: str) -> None:
        """Go through Challenge and Login; a recording that is played to us answers what it was once asked."""
        challenge = event.get("Challenge")
        if challenge:
            key = hashlib.md5(
                f"{challenge}{self._options.secret.get_secret_value()}".encode(), usedforsecurity=False
            ).hexdigest()
            self._send("Login", login=True, AuthType="MD5", Username=self._options.username, Key=key, Events="on")
        elif event.name == "Success":
            self._logged_in = True
            self._cancel("login")
            self._later("look", BOOT_S, self._look)
            self._one_way = action not in self._login_ids
            self._calls.ask = self._options.presentation == "ask" and not self._one_way
            log.info("voice.ami.logged_in", one_way=self._one_way)
            if not self._one_way:
                self.act(Action("ListCommands", {}), self._may)
        else:
            self._give_up("log-in refused")

    def _look(self) -> None:
        """Ask for the whole picture."""
        self._later("look", LOOK_S, self._look)
        for name in LISTS:
            action_id = self._send(name)
            self._lists.add(action_id)
            if not self._one_way:
                self._calls.expect(action_id)
        if self._one_way:
            self._lists.clear()
            self._listener.connected()

    def _list_ended(self, action_id: str) -> None:
        if action_id in self._lists:
            self._lists.discard(action_id)
            if not self._lists:
                self._listener.connected()
                self._listener.synced(self._calls.open_keys())

    def act(self, action: Action, done: Done) -> None:
        """Send an action; `done` is told its answer, or why there is none.

        Raises:
            PbxSilentError: there is no connection, or too much is unanswered.
            ValueError: a value holds a control character.
        """
        if not self._logged_in or self.transport is None:
            message = "there is no connection to the PBX"
            raise PbxSilentError(message)
        action_id = _action_id()
        block = encode(action.name, ActionID=action_id, **action.fields)
        self._asks.add(action_id, done)
        transport: Any = self.transport
        transport.write(block)

    def _may(self, answer: Event | Exception) -> None:
        self.commands = commands(answer) if isinstance(answer, Event) else frozenset()

    def _tell(self, facts: list[Told | News]) -> None:
        if facts:
            self._listener.told(facts)
        for uniqueid, channel in self._calls.questions():
            action_id = _action_id()
            self._calls.asked(action_id, uniqueid)
            self._clock.callLater(ANSWER_S, self._presume, uniqueid)
            try:
                self._send("Getvar", action_id=action_id, Channel=channel, Variable="CALLERID(pres)")
            except ValueError:
                self._presume(uniqueid)

    def _presume(self, uniqueid: str) -> None:
        value = ALLOWED if self._one_way else ""
        self._tell([*self._calls.presume(uniqueid, value)])

    # Small things.

    def _send(self, action: str, *, action_id: str = "", login: bool = False, **fields: str) -> str:
        chosen = action_id or _action_id()
        if login:
            self._login_ids.add(chosen)
        transport: Any = self.transport
        if transport is not None:
            transport.write(encode(action, ActionID=chosen, **fields))
        return chosen

    def _later(self, name: str, seconds: float, act: Callable[..., None], *args: Any) -> None:
        self._cancel(name)
        self._timers[name] = self._clock.callLater(seconds, act, *args)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None and timer.active():
            timer.cancel()

    def _give_up(self, why: str) -> None:
        log.warning("voice.ami.given_up", why=why)
        self._given_up = True
        self._listener.disconnected(why)
        if self.transport is not None:
            self.transport.abortConnection()


def _action_id() -> str:
    """Return an id no caller can guess: by it our lists are told from forged ones."""
    return f"contactd-{secrets.token_hex(8)}"

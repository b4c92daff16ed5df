"""What is known of keys that were pressed on calls a PBX routes: who is mute, what is recorded; and what the PBX says of a hold.

Events tell none of it again.  So each key leaves a note on the channel it was pressed for, where the account may set one, and a
call that stood before we came (a restart, a cut) is asked about.  What the PBX cannot tell is not known, and shown so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from contactd.channels.voice.ami import Event
from contactd.channels.voice.ami_acts import CHANNEL, Sides
from contactd.channels.voice.ami_ask import Action
from contactd.core.errors import ContactdError

log = structlog.get_logger(__name__)

MUTE, RECORD = "call.mute", "call.record"
NOTES = {MUTE: "CONTACTD_MUTED", RECORD: "CONTACTD_RECORDED"}
"""Key → variable that says whether it is on: of the agent's channel, or of the customer's."""
ON_HOLD = "CHANNEL(onhold)"
_MAX = 10_000

Act = Callable[[Action], Awaitable[Event]]


class Memory:
    """What is known, contact by contact.

    Args:
        act: sends an action and returns the answer.
        commands: the actions the account may send now.
    """

    def __init__(self, act: Act, commands: Callable[[], frozenset[str]]) -> None:
        self._act = act
        self._commands = commands
        self._on: dict[tuple[str, str], bool | None] = {}
        self._doubted: set[str] = set()
        self._holds: set[str] = set()

    def known(self, contact: str, key: str) -> bool | None:
        """Return whether a key is on; None when nobody knows."""
        return self._on.get((contact, key), None if contact in self._doubted else False)

    def hold_unknown(self, contact: str) -> bool:
        """Tell whether the PBX could not say if the call is held."""
        return contact in self._holds

    def doubt(self, contact: str) -> None:
        """Remember that a call stood before we came: what was pressed on it is not known."""
        if len(self._doubted) < _MAX:
            self._doubted.add(contact)

    def doubted(self, contact: str) -> bool:
        """Tell whether something of a call is to be asked for."""
        return contact in self._doubted and any((contact, key) not in self._on for key in NOTES)

    def hold_told(self, contact: str) -> None:
        """Take that the PBX has said by itself how it stands."""
        self._holds.discard(contact)

    def forget(self, contact: str) -> None:
        """Forget a call that ended."""
        self._doubted.discard(contact)
        self._holds.discard(contact)
        for key in NOTES:
            self._on.pop((contact, key), None)

    async def pressed(self, contact: str, key: str, sides: Sides, *, on: bool) -> None:
        """Keep that a key was pressed, here and on the channel."""
        self._on[contact, key] = on
        if "Setvar" not in self._commands():
            return
        fields = {"Channel": _channel(key, sides), "Variable": NOTES[key], "Value": "1" if on else ""}
        try:
            await self._act(Action("Setvar", fields))
        except ContactdError as error:
            log.info("voice.ami.not_noted", key=key, code=error.code)

    async def ask(self, contact: str, sides: Sides) -> bool:
        """Ask about a call that is doubted; return whether anything is known now that was not."""
        if contact not in self._doubted:
            return False
        learned = False
        for key, name in NOTES.items():
            if (contact, key) in self._on:
                continue
            value = await self._variable(_channel(key, sides), name)
            if value is not None and contact in self._doubted:
                self._on[contact, key], learned = value == "1", True
        return learned

    async def held(self, contact: str, sides: Sides) -> bool | None:
        """Ask whether the agent's phone holds the call; None when the PBX cannot say."""
        value = await self._variable(sides.agent, ON_HOLD)
        if value in ("0", "1"):
            self._holds.discard(contact)
            return value == "1"
        self._holds.add(contact)
        return None

    async def _variable(self, channel: str, name: str) -> str | None:
        if "Getvar" not in self._commands() or not CHANNEL.fullmatch(channel):
            return None
        try:
            return (await self._act(Action("Getvar", {"Channel": channel, "Variable": name}))).get("Value")
        except ContactdError as error:
            log.info("voice.ami.not_told", variable=name, code=error.code)
            return None


def _channel(key: str, sides: Sides) -> str:
    return sides.agent if key == MUTE else sides.customer

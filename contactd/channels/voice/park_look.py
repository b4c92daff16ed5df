"""A look at a FreeSWITCH's own lists, by which the picture of the calls it parks for us is put right.

Who is on no list is gone.  Of whom we know nothing each channel is asked for (`uuid_dump`), and only when all have answered the
calls are taken up again: a caller whose agent's phone was answered while nobody listened is on the list like one whose phone still
rings, and only the phone's own channel says which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from contactd.channels.voice.asked import Report
from contactd.channels.voice.callcenter import uuids
from contactd.channels.voice.esl import Message
from contactd.channels.voice.esl_line import EslLine
from contactd.channels.voice.parked import ADAPTER, ParkedCalls
from contactd.channels.voice.parked_dial import CUSTOMER
from contactd.channels.voice.parked_keys import NOTE
from contactd.channels.voice.parked_resync import AgentLeg, restore
from contactd.channels.voice.parked_table import MARK, UUID, Cue, Do, Stage, kill
from contactd.core.channel import Tools
from contactd.core.events import InteractionGone, WorkEnded
from contactd.core.interaction import EndedBy, State

log = structlog.get_logger(__name__)

_TALKS = (State.ACTIVE, State.HELD)
CALL = "variable_contactd_call"
"""Variable of an agent's leg that names its call."""
MUTED = f"variable_{NOTE}"

Found = Mapping[str, Any]


class Look:
    """One look.

    Args:
        calls: the picture.
        tools: the house's side.
        run: has done what follows.
        heard: takes an event: of a caller of whom the house knows nothing.
        show: shows consoles how a call stands.
    """

    def __init__(
        self,
        calls: ParkedCalls,
        tools: Tools,
        run: Callable[[list[Do]], None],
        heard: Callable[[Message], None],
        show: Callable[[str], None],
    ) -> None:
        self._calls = calls
        self._tools = tools
        self._run = run
        self._heard = heard
        self._show = show

    async def listed(self, line: EslLine, body: str, legs: set[str]) -> bool:
        """End what is on no list, and ask about what is, of which we know nothing; return whether it was a list.

        Args:
            line: the connection that gave it.
            body: `show channels as json`.
            legs: agents' legs that were there when it was asked for.
        """
        try:
            there = uuids(body)
        except ValueError:
            log.warning("voice.esl.no_list")
            return False
        known = set(self._calls.ids())
        contacts = {str(each["external_key"]): each for each in await self._tools.open_contacts(ADAPTER)}
        for uuid in (*sorted(known - there), *sorted(legs - there)):
            self._run(self._calls.left(uuid))
        for uuid in sorted(contacts.keys() - there - known - set(self._calls.ids())):
            self._run([_lost(contacts[uuid])])
        ask = sorted(uuid for uuid in there - known if UUID.fullmatch(uuid))
        found: list[Found] = []

        def told(body: str) -> None:
            found.append(_read(body))
            if len(found) == len(ask):
                self._known(found, contacts)

        for uuid in ask:
            line.ask(f"uuid_dump {uuid} json", told)
        return True

    def _known(self, found: Sequence[Found], contacts: Mapping[str, Mapping[str, Any]]) -> None:
        """Take up again what all channels say together."""
        legs: dict[str, AgentLeg] = {}
        for each in found:
            if each.get(MARK) == "agent" and each.get(CALL):
                state, muted = str(each.get("Channel-Call-State", "")), each.get(MUTED) == "1"
                legs[str(each[CALL])] = AgentLeg(str(each.get("Unique-ID", "")), state, muted)
        for key, leg in legs.items():
            call = self._calls.get(key)
            if call is not None and call.leg == leg.uuid and call.stage is Stage.RINGING and leg.up:
                self._run(self._calls.cue(call, Cue.PICKED_UP))
        for each in found:
            if each.get(MARK) in ("inbound", CUSTOMER):
                self._take_up(each, contacts, legs)

    def _take_up(self, each: Found, contacts: Mapping[str, Mapping[str, Any]], legs: Mapping[str, AgentLeg]) -> None:
        fields = {str(key): value for key, value in each.items() if isinstance(value, str)}
        message = Message(kind="text/event-plain", fields={**fields, "Event-Name": "CHANNEL_PARK"})
        uuid = message.get("Unique-ID")
        contact = contacts.get(uuid)
        if contact is None and each.get(MARK) == CUSTOMER:
            self._run([kill(uuid, uuid)])  # nobody's any more
        elif contact is None:
            self._heard(message)
        elif self._calls.get(uuid) is None:
            ident, agent = str(contact["id"]), contact.get("agent")
            self._run(restore(self._calls, message, ident, str(contact["state"]), agent, legs.get(uuid)))
            self._show(uuid)


def _read(body: str) -> Found:
    """Read a channel; one that is gone meanwhile says nothing."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _lost(contact: Mapping[str, Any]) -> Report:
    """End a contact whose channel is on no list: it ended while we were away."""
    interaction = str(contact["id"])
    key = str(contact["external_key"])
    if contact["state"] in _TALKS:
        ended = WorkEnded(interaction=interaction, agent=contact.get("agent"), ended_by=EndedBy.SYSTEM)
        return Report(call=key, fact=ended)
    return Report(call=key, fact=InteractionGone(interaction=interaction))

"""The house's hand on a PBX that routes by itself: keys of the call panel, calls that agents make, agents' pauses in its queues.

Only what the PBX's account may do is offered (`ListCommands` says it); everything sent was checked by `ami_acts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import uuid4

import structlog

from contactd.channels.voice import ami_acts
from contactd.channels.voice.ami import Event
from contactd.channels.voice.ami_ask import Action, PbxSilentError
from contactd.channels.voice.ami_memory import MUTE, NOTES, RECORD, Memory
from contactd.channels.voice.ami_news import AskedCall, Beside, MemberPaused, News
from contactd.channels.voice.call import ADAPTER
from contactd.channels.voice.calls import Calls
from contactd.channels.voice.options import Options
from contactd.channels.voice.plan import Plan
from contactd.core.agent import Intent
from contactd.core.channel import Change, Tools
from contactd.core.errors import BadRequestError, ConflictError, ContactdError
from contactd.core.events import WorkEnded
from contactd.core.interaction import EndedBy, Outcome, State
from contactd.core.stance import Stance

log = structlog.get_logger(__name__)

_LIVE = frozenset({State.ACTIVE, State.HELD})
_ALREADY = ("Already there", "Not there", "not found")
"""What the PBX says when a member stands already as asked, or is no member at all."""


class Pbx(Protocol):
    """What of the connection is needed (`ami_client.AmiClient`)."""

    calls: Calls
    beside: Beside

    @property
    def commands(self) -> frozenset[str]:
        """Actions the account may send."""
        ...

    async def act(self, action: Action) -> Event:
        """Send an action; return the answer."""
        ...


class AmiKeys:
    """Carries out what is asked for.

    Args:
        pbx: the connection.
        options: the channel's section.
        tools: the house's side.
        key_of: returns a mirrored contact's key in the PBX, None when it is not on.
    """

    def __init__(self, pbx: Pbx, options: Options, tools: Tools, key_of: Callable[[str], str | None]) -> None:
        context = options.ami.context
        way = {"endpoint": options.dial.endpoint or f"Local/{{number}}@{context}"} if context else {}
        self.plan = Plan(options.dial.model_copy(update=way), options.region, options.area_code)
        self._pbx = pbx
        self._options = options
        self._tools = tools
        self._key_of = key_of
        self.memory = Memory(pbx.act, lambda: pbx.commands)
        self._spies: dict[tuple[str, str], tuple[str, str, bool]] = {}
        """(contact, supervisor) → (id of the leg, mode, whether it is up)."""

    # What may be done.

    @property
    def can_dial(self) -> bool:
        """Whether calls can be made over this PBX at all."""
        return bool(self._options.ami.context)

    def panel(self, interaction: str) -> dict[str, Any]:
        """Return what consoles are shown of a call that two talk on."""
        shown: dict[str, Any] = {
            "phase": "talking",
            "muted": self.memory.known(interaction, MUTE),
            "recording": self.memory.known(interaction, RECORD),
            "can": ami_acts.able(self._pbx.commands, self._options.ami),
        }
        if self.memory.hold_unknown(interaction):
            shown["hold"] = "unknown"
        spies = [(who, mode, up) for (contact, who), (_, mode, up) in self._spies.items() if contact == interaction]
        if spies:
            shown["supervisors"] = [{"agent": who, "mode": mode, "up": up} for who, mode, up in spies]
        return shown

    def over(self, interaction: str) -> None:
        """Forget a call that ended."""
        self.memory.forget(interaction)
        for pair in [pair for pair in self._spies if pair[0] == interaction]:
            del self._spies[pair]

    def is_on(self, own_id: str) -> bool:
        """Tell whether a call that we asked for is still on its way, or up."""
        return self._pbx.beside.asked(own_id) or self._pbx.calls.knows(own_id)

    async def learn(self, interaction: str) -> None:
        """Ask the PBX what was pressed on a call that stood before we came, and show it."""
        try:
            sides = self._sides(interaction)
        except ConflictError:
            return
        if await self.memory.ask(interaction, sides):
            await self._tools.panel(interaction, self.panel(interaction))

    async def holds(self, interaction: str) -> bool | None:
        """Ask the PBX whether the agent's phone holds a call; None when it cannot say, or nobody talks."""
        try:
            sides = self._sides(interaction)
        except ConflictError:
            return None
        found = await self.memory.held(interaction, sides)
        key = self._key_of(interaction)
        if found is not None and key:
            self._pbx.calls.hold(key, on=found)
        else:
            await self._tools.panel(interaction, self.panel(interaction))
        return found

    # Keys.

    async def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> None:
        """Carry out a key of the panel; return when the PBX has answered.

        Raises:
            BadRequestError: there is no such key here, or the number may not be called.
            ConflictError: the call does not stand so, or the PBX refuses or is silent.
        """
        sides = self._sides(interaction)
        if name == "call.supervise":
            await self._supervise(interaction, sides, data)
        else:
            for action in ami_acts.actions(sides, name, data, self._options.ami, self.plan.number):
                await self._pbx.act(action)
        if name in NOTES:
            await self.memory.pressed(interaction, name, sides, on=bool(data.get("on", True)))
        if name in NOTES or name == "call.supervise":
            await self._tools.panel(interaction, self.panel(interaction))

    def _sides(self, interaction: str) -> ami_acts.Sides:
        key = self._key_of(interaction)
        ids = self._pbx.calls.sides(key) if key else None
        if ids is None:
            message = "nobody is talking on this call"
            raise ConflictError(message, code="bad_state")
        customer, agent = ids
        channel = self._pbx.calls.channel
        return ami_acts.Sides(customer=channel(customer), agent=channel(agent), uniqueid=customer)

    async def _supervise(self, interaction: str, sides: ami_acts.Sides, data: Mapping[str, Any]) -> None:
        """Let a supervisor's phone hear the call; another way of hearing is another ring, for ChanSpy cannot be changed."""
        who = str(data.get("supervisor", ""))
        before = self._spies.pop((interaction, who), None)
        if before is not None and (channel := self._pbx.calls.channel(before[0])):
            try:
                await self._pbx.act(ami_acts.hang_up(channel))
            except PbxSilentError:  # who may still be listening is shown as listening
                self._spies[interaction, who] = before
                raise
        if data.get("mode") == "stop":
            if before is None:
                message = "you are not on this call"
                raise ConflictError(message, code="bad_state")
            return
        own_id = f"spy-{uuid4()}"
        action = ami_acts.spy(sides, data, own_id)
        self._pbx.beside.ask(own_id)
        self._spies[interaction, who] = (own_id, str(data.get("mode", "listen")), False)
        try:
            await self._pbx.act(action)
        except PbxSilentError:  # the phone may ring all the same: what becomes of it is told under its id
            raise
        except ContactdError:
            self._spies.pop((interaction, who), None)
            raise

    # Calls that agents make.

    async def dial(self, change: Change) -> None:
        """Ring the agent's phone and then call; what becomes of it the PBX tells, under the contact's own id."""
        own_id = change.external_key
        try:
            number = self.plan.number(change.to)
            shown, ring_s = self.plan.shown(change.line), self._options.dial.ring_s
            action = ami_acts.originate(
                change.device or "", number, self._options.ami, own_id=own_id, shown=shown, ring_s=ring_s
            )
            self._pbx.beside.ask(own_id)
            await self._tools.panel(change.interaction, {"phase": "ringing_agent", "muted": False, "can": []})
            await self._pbx.act(action)
        except PbxSilentError:
            # It may ring all the same.  What becomes of it is told under its id, or seen from the PBX's lists.
            self._pbx.beside.doubt(own_id)
            await self._tools.panel(change.interaction, {"phase": "unknown", "muted": False, "can": []})
        except ContactdError as error:
            why = error.code if isinstance(error, BadRequestError) else "failed"
            await self.failed(change.interaction, why)

    async def failed(self, interaction: str, why: str) -> None:
        """Say that nobody was reached, and why."""
        await self._tools.panel(interaction, {"phase": "failed", "why": why})
        ended = WorkEnded(interaction=interaction, ended_by=EndedBy.SYSTEM, outcome=Outcome.FAILED)
        await self._tools.report(ended)

    # What the PBX tells beside its calls.

    async def heard(self, news: News) -> None:
        """Follow it."""
        if isinstance(news, MemberPaused):
            if self._options.ami.follow:
                await self._tools.paused(news.device, on=news.on, reason=news.reason)
            return
        for pair, (own_id, mode, _) in list(self._spies.items()):
            if own_id == news.own_id:
                await self._spy_heard(pair, own_id, mode, news)
                return
        contact = await self._tools.find(ADAPTER, news.own_id)
        if contact is None or contact["state"] not in _LIVE:
            return
        if news.kind == "over" and self._key_of(str(contact["id"])) is not None:
            return  # the other side was called: that call's own end is told
        if news.kind == "up":
            await self._tools.panel(str(contact["id"]), {"phase": "dialling", "muted": False, "can": []})
        else:
            await self.failed(str(contact["id"]), news.why)

    async def _spy_heard(self, pair: tuple[str, str], own_id: str, mode: str, news: AskedCall) -> None:
        if news.kind == "up":
            self._spies[pair] = (own_id, mode, True)
        else:
            del self._spies[pair]
        if self._key_of(pair[0]) is not None:
            await self._tools.panel(pair[0], self.panel(pair[0]))

    # Agents in the PBX's queues.

    async def stance(self, stance: Stance, now: datetime) -> None:
        """Let the PBX's queues follow what an agent chose."""
        ami = self._options.ami
        if not stance.device or not (ami.pause or ami.members):
            return
        away = stance.intent == Intent.LOGGED_OUT
        if ami.members:
            lines = ami.queues if "*" in stance.lines else [line for line in stance.lines if line in ami.queues]
            for queue in sorted({ami.queues[line] for line in lines}):
                await self._try(ami_acts.member(stance.device, queue, stance.name, on=not away))
        if ami.pause and not (away and ami.members):
            on = stance.intent != Intent.READY
            for interface in self._pbx.beside.interfaces(stance.device):
                self._pbx.beside.said(stance.device, now)
                reason = stance.reason or ("" if stance.intent == Intent.NOT_READY else str(stance.intent))
                await self._try(ami_acts.pause(interface, on=on, reason=reason))

    async def _try(self, action: Action) -> None:
        """Ask for something nobody waits for; supervisors are told when the PBX does not do it."""
        try:
            await self._pbx.act(action)
        except ContactdError as error:
            if any(word in error.text for word in _ALREADY):
                return
            log.warning("voice.ami.not_done", action=action.name, code=error.code)
            self._tools.alarm("pbx_not_following", f"{action.name}: {error.text}")

"""Calls at the desk: those agents make, and the keys of the call panel that name somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, cast

import structlog

from contactd.clock import rfc3339
from contactd.core import contacting
from contactd.core.channel import Change, Channel, Dialling
from contactd.core.effects import Offer
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.core.events import OfferAccepted, Transferred
from contactd.core.interaction import State
from contactd.core.softphone import Softphones
from contactd.crm_store import audit
from contactd.desk import may_call
from contactd.desk.book import Entry
from contactd.desk.desk import Desk
from contactd.desk.rights import Actor
from contactd.desk.roster import Member
from contactd.desk.starting import Starting

log = structlog.get_logger(__name__)

LIVE_CALL = frozenset({State.ACTIVE, State.HELD})
KEYS = ("hangup", "mute", "dtmf", "consult", "conference", "transfer", "return", "record")
"""Keys of the panel: `call.KEY`."""


class Calling:
    """Carries out the commands about calls."""

    def __init__(self, desk: Desk, starting: Starting) -> None:
        """Work with the desk's parts."""
        self._desk = desk
        self._starting = starting

    def table(self) -> dict[str, Any]:
        """Return command → what carries it out."""
        keys = {f"call.{key}": partial(self._press, f"call.{key}") for key in KEYS}
        return {"phone.account": self._account, "call.dial": self._dial, "call.supervise": self._supervise, **keys}

    async def _account(self, actor: Actor, _data: Mapping[str, Any]) -> dict[str, Any]:
        """Give an agent the account of their own phone in the browser; `account` is null where browsers are no phones."""
        member, now = self._desk.roster.get(actor.id), self._desk.clock.now()
        device = (member.device if member else None) or ""
        phones = (cast("Softphones", each) for each in self._desk.channels.values() if hasattr(each, "softphone"))
        found = next((one for each in phones if (one := each.softphone(device, now)) is not None), None)
        if found is None:
            return {"account": None}
        record = audit.Entry(actor=actor.id, action="phone.account", object_kind="user", object_id=actor.id)
        await self._desk.store.write(lambda conn: audit.append(conn, record, now), urgent=True)
        return {"account": {**asdict(found), "expires_at": found.expires_at and rfc3339(found.expires_at)}}

    async def _supervise(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Let a supervisor listen to a call, whisper to its agent, or join it; on record before it begins.

        Raises:
            BadRequestError: they have no phone, or it is no call.
            ConflictError: nobody is talking.
        """
        entry, member = self._desk.entry(data["interaction"]), self._desk.roster.get(actor.id)
        if entry.agent is None or entry.agent == actor.id or entry.state not in LIVE_CALL:
            text = "nobody is talking whom you could hear"
            raise ConflictError(text, code="bad_state", field="interaction")
        detail = {"mode": data["mode"], "agent": entry.agent}
        record = audit.Entry(
            actor=actor.id, action="call.supervise", object_kind="interaction", object_id=entry.id, detail=detail
        )
        now = self._desk.clock.now()
        await self._desk.store.write(lambda conn: audit.append(conn, record, now), urgent=True)
        given = {"mode": data["mode"], "supervisor": actor.id, "endpoint": (member.device if member else None) or ""}
        return dict(await self._desk.channel(entry.channel).command(entry.id, "call.supervise", given))

    async def _press(self, command: str, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Hand a key to the call's channel; without an interaction, to the agent's own call.

        Raises:
            BadRequestError: there is no call, or the key names a number that may not be called.
            ConflictError: it may, with a reason (field `reason`).
        """
        interaction = data.get("interaction") or self._own_call(actor.id)
        if not interaction:
            text = "you have no call"
            raise BadRequestError(text, code="no_call")
        entry = self._desk.in_hand(interaction, actor.id)
        overridden = []
        if data.get("to"):
            overridden = await may_call.brought_in(self._desk, actor, entry.line, entry.channel, data)
        given = {name: value for name, value in data.items() if name != may_call.REASON or command == "call.record"}
        given |= self._colleague(entry, data)
        if overridden:
            await may_call.note(self._desk, actor, entry.id, overridden, data, command)
        return dict(await self._desk.channel(entry.channel).command(entry.id, command, given))

    def _colleague(self, entry: Entry, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the phone of the colleague a key names: a person, or who is free in a line."""
        if not (data.get("to_agent") or data.get("to_line")):
            return {}
        member = self._named(data["to_agent"]) if data.get("to_agent") else self._free(entry, data["to_line"])
        if member.id == entry.agent or not member.device:
            text = "they have no phone that could ring"
            raise ConflictError(text, code="agent_unavailable", field="to_agent")
        return {"endpoint": member.device, "agent": member.id, "name": member.name}

    def _named(self, agent: str) -> Member:
        member = self._desk.roster.get(agent)
        if member is None:
            text = "there is no such colleague"
            raise BadRequestError(text, code="unknown_agent", field="to_agent")
        if member.state != "ready":
            text = "they cannot be asked now"
            raise ConflictError(text, code="agent_unavailable", field="to_agent")
        return member

    def _free(self, entry: Entry, line: str) -> Member:
        """Return who of a line has been free the longest."""
        free = [
            member
            for member in self._desk.roster
            if member.state == "ready" and member.device and member.id != entry.agent
            if "*" in member.lines or line in member.lines
        ]
        if not free:
            text = "nobody of this line is free"
            raise ConflictError(text, code="agent_unavailable", field="to_line")
        return min(free, key=lambda member: (member.since is None, member.since, member.id))

    async def _dial(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Call somebody: a contact of the agent's own begins, their phone rings, then the other side's.

        Raises:
            BadRequestError: the number may not be called, or the agent has no phone.
            ConflictError: the agent is on another call, or a reason is needed (field `reason`).
        """
        member = self._desk.roster.get(actor.id)
        if member is None or not member.device:
            text = "you have no phone"
            raise BadRequestError(text, code="no_device")
        if self._own_call(actor.id):
            text = "you are on a call already"
            raise ConflictError(text, code="on_a_call")
        line = data.get("line") or self._line(member)
        name, channel = self._phone(line)
        point = await self._starting.point(data)
        dialling = cast("Dialling", channel)
        number = point.value.rpartition(":")[2]
        dialling.dialled(number, line)
        begun = {**data, "channel": name, "line": line, "purpose": data.get("purpose") or contacting.SERVICE}
        overridden = await may_call.check(self._desk, actor, begun, point, name)
        entry = await self._starting.begin(actor.id, begun, point, dialling.dial_adapter)
        if overridden:
            await may_call.note(self._desk, actor, entry.id, overridden, begun)
        await channel.connect(_change(entry, member, number))
        return {"interaction": entry.view()}

    def _line(self, member: Member) -> str:
        lines = self._desk.rules.policy.lines
        return next((line for line in member.lines if line in lines), self._desk.rules.policy.default_line)

    def _phone(self, line: str) -> tuple[str, Channel]:
        """Return the channel by which agents of a line call."""
        if line not in self._desk.rules.policy.lines:
            text = "there is no such line"
            raise BadRequestError(text, code="unknown_line", field="line")
        for name, channel in self._desk.channels.items():
            if hasattr(channel, "dialled") and self._desk.rules.rule(line, name).connects:
                return name, channel
        text = "nobody can be called from here"
        raise BadRequestError(text, code="not_supported")

    def _own_call(self, agent: str) -> str | None:
        member = self._desk.roster.get(agent)
        entries = member.work.values() if member else ()
        return next(
            (
                entry.id
                for entry in entries
                if entry.state in LIVE_CALL and self._desk.rules.rule(entry.line, entry.channel).connects
            ),
            None,
        )


def _change(entry: Entry, member: Member, number: str) -> Change:
    return Change(
        interaction=entry.id,
        adapter=entry.adapter,
        external_key=entry.external_key,
        state=str(entry.state),
        cause="started",
        line=entry.line,
        agent=member.id,
        agent_name=member.name,
        device=member.device,
        to=number,
    )


async def hand_over(desk: Desk, interaction: str, device: str) -> bool:
    """Give a contact to the agent at `device`, and take it for them: they are on the line already.

    Returns:
        False when the router refuses, or gives it to somebody else.
    """
    entry, member = desk.book.get(interaction), desk.roster.by_device(device)
    if entry is None or member is None:
        return False
    try:
        wishes = await desk.dispatcher.submit(
            Transferred(interaction=interaction, agent=entry.agent, to_agent=member.id),
        )
        mine = [wish for wish in wishes if isinstance(wish, Offer) and wish.agent == member.id]
        for offer in mine:
            await desk.dispatcher.submit(OfferAccepted(agent=member.id, offer=offer.offer, lease=offer.lease))
    except (ConflictError, NotFoundError, ForbiddenError) as error:
        log.info("hand_over.refused", interaction=interaction, reason=error.code)
        return False
    return bool(mine)

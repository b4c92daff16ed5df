"""What agents and supervisors ask for: one table of commands, each ending in a commit before it is answered.

Shapes are checked before they come here; who may, and whether the state allows it, is decided here and by the router.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from contactd.clock import parse_rfc3339, rfc3339
from contactd.core.agent import SYSTEM_REASONS, Intent
from contactd.core.effects import Assign
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.events import (
    ConsoleLost,
    ConsoleSeen,
    Held,
    IntentSet,
    OfferAccepted,
    OfferRejected,
    Parked,
    Resumed,
    Transferred,
    Unparked,
    WrapupExtended,
)
from contactd.core.interaction import State
from contactd.desk.bulk import Bulk
from contactd.desk.calling import Calling
from contactd.desk.calling_back import CallingBack
from contactd.desk.casework import Casework
from contactd.desk.changes import AlertRaised
from contactd.desk.completing import Completing
from contactd.desk.desk import Desk
from contactd.desk.drafting import Drafting
from contactd.desk.heeding import refuse_unread
from contactd.desk.identifying import Identifying
from contactd.desk.in_sight import refuse_unseen
from contactd.desk.overseeing import Overseeing
from contactd.desk.parting import Parting
from contactd.desk.recalling import Recalling
from contactd.desk.rights import Actor, authorize
from contactd.desk.sending import Sending
from contactd.desk.starting import Starting
from contactd.desk.waving import Waving

Handler = Callable[[Actor, Mapping[str, Any]], Awaitable[dict[str, Any]]]
PARKED_CALL = timedelta(minutes=3)
"""How long a call is put aside where nobody says."""
ASKED_FOR = frozenset({"approval_needed", "break_full", "break_service"})
"""Why an agent may not take a break that a supervisor can still grant."""


class Commands:
    """Carries out commands."""

    def __init__(self, desk: Desk, news: Callable[[], Awaitable[None]]) -> None:
        """Work with the desk's parts; `news` brings in what other processes wrote, such as an account of this second."""
        self._desk = desk
        self._news = news
        self._sending = Sending(desk)
        self._starting = Starting(desk)
        self._completing = Completing(desk, self._sending)
        self._identifying = Identifying(desk)
        self._casework = Casework(desk)
        self._table: dict[str, Handler] = {
            "agent.set_intent": self._set_intent,
            "offer.accept": self._accept,
            "offer.reject": self._reject,
            "interaction.send": lambda actor, data: self._sending.send(actor.id, data),
            "interaction.note": lambda actor, data: self._sending.note(actor.id, data),
            "interaction.hold": self._hold,
            "interaction.resume": self._resume,
            "interaction.park": self._park,
            "interaction.transfer": self._transfer,
            "interaction.start": lambda actor, data: self._starting.start(actor.id, data),
            "interaction.complete": lambda actor, data: self._completing.complete(actor.id, data),
            "interaction.extend": self._extend,
            "party.confirm": lambda actor, data: self._identifying.confirm(actor.id, data),
            "case.open": lambda actor, data: self._casework.open(actor.id, data),
            "case.attach": lambda actor, data: self._casework.attach(actor.id, data),
            "party.deny": lambda actor, data: self._identifying.deny(actor.id, data),
        }
        self._table |= Overseeing(desk).table() | Recalling(desk).table() | Parting(desk).table()
        self.bulk = Bulk(desk, self._sending)
        """Answers to many at once; runs beside the commands."""
        self._table |= Drafting(desk).table() | Waving(desk).table() | self.bulk.table()
        calling_back = CallingBack(desk)
        self._table |= {"callback.request": calling_back.request, "callback.settle": calling_back.settle}
        self._table |= Calling(desk, self._starting).table()
        self._table["interaction.watch"] = _watched

    async def run(self, actor: Actor, command: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one command; return its data after the commit.

        Raises:
            ContactdError: it was refused; nothing changed.
        """
        handler = self._table.get(command)
        if handler is None:
            text = "there is no such command"
            raise BadRequestError(text, code="unknown_command", field="command")
        authorize(actor, command, self._owners(actor, data))
        await refuse_unseen(self._desk, actor, data)
        if self._desk.roster.get(actor.id) is None:
            await self._news()
        return await handler(actor, data)

    def console_seen(self, agent: str) -> None:
        """Note that an agent's console is alive."""
        if self._desk.roster.get(agent) is not None:
            self._desk.dispatcher.feed(ConsoleSeen(agent=agent))

    def console_lost(self, agent: str) -> None:
        """Note that an agent's last console is gone."""
        if self._desk.roster.get(agent) is not None:
            self._desk.dispatcher.feed(ConsoleLost(agent=agent))

    def _owners(self, actor: Actor, data: Mapping[str, Any]) -> tuple[str, ...]:
        """Return whose thing a command is about."""
        if data.get("interaction"):
            entry = self._desk.book.get(data["interaction"])
            if entry is None:
                return ()
            concerned = (entry, *self._desk.book.meeting(entry.id))
            return tuple(one.agent for one in concerned if one.agent)
        return (data.get("agent") or actor.id,)

    async def _set_intent(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        agent, intent, reason = data.get("agent") or actor.id, data["intent"], data.get("reason")
        if intent == Intent.NOT_READY and reason is not None and not self._known_reason(reason):
            text = "there is no such reason"
            raise BadRequestError(text, code="unknown_reason", field="reason")
        if intent == Intent.READY and agent == actor.id:
            await refuse_unread(self._desk, agent)
        fact = IntentSet(agent=agent, intent=intent, reason=reason, actor=actor.id if agent != actor.id else None)
        try:
            await self._desk.dispatcher.submit(fact)
        except ConflictError as error:
            if error.code in ASKED_FOR:
                self._ask_supervisors(agent, reason)
            raise
        member = self._desk.roster.get(agent)
        return {"agent": member.view()} if member else {}

    def _ask_supervisors(self, agent: str, reason: str | None) -> None:
        """Tell supervisors that an agent would like a break only they can grant: by setting it."""
        at = rfc3339(self._desk.clock.now())
        alert = {"id": self._desk.idents.new(), "at": at, "kind": "break_asked", "agent": agent}
        self._desk.publisher.publish([AlertRaised(alert=alert | {"interaction": None, "line": None, "detail": reason})])

    def _known_reason(self, reason: str) -> bool:
        return reason in self._desk.rules.policy.reasons and reason not in SYSTEM_REASONS

    async def _accept(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        wishes = await self._desk.dispatcher.submit(
            OfferAccepted(agent=actor.id, offer=data["offer"], lease=data["lease"]),
        )
        assigned = next((wish.interaction for wish in wishes if isinstance(wish, Assign)), None)
        entry = self._desk.book.get(assigned or "")
        return {"interaction": entry.view()} if entry else {}

    async def _reject(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        await self._desk.dispatcher.submit(
            OfferRejected(agent=actor.id, offer=data["offer"], lease=data["lease"], reason=data.get("reason")),
        )
        return {}

    async def _hold(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        await self._desk.dispatcher.submit(Held(interaction=data["interaction"], agent=actor.id))
        return self._shown(data["interaction"])

    async def _extend(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Give the agent more time for a wrap-up that ends by itself."""
        await self._desk.dispatcher.submit(WrapupExtended(interaction=data["interaction"], agent=actor.id))
        return self._shown(data["interaction"])

    async def _resume(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take up what is held, or what was parked."""
        interaction = data["interaction"]
        if self._desk.entry(interaction).state == State.PARKED:
            await self._desk.dispatcher.submit(Unparked(interaction=interaction, cause="taken_up", agent=actor.id))
        else:
            await self._desk.dispatcher.submit(Resumed(interaction=interaction, agent=actor.id))
        return self._shown(interaction)

    async def _park(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        until = parse_rfc3339(data["until"]) if data.get("until") else None
        if until is not None and until <= self._desk.clock.now():
            text = "that moment is past"
            raise BadRequestError(text, field="until")
        entry = self._desk.entry(data["interaction"])
        if until is None and self._desk.rules.rule(entry.line, entry.channel).connects:
            until = self._desk.clock.now() + PARKED_CALL
        await self._desk.dispatcher.submit(Parked(interaction=entry.id, agent=actor.id, until=until))
        return self._shown(data["interaction"])

    async def _transfer(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        entry = self._desk.entry(data["interaction"])
        to_line, to_agent = data.get("to_line"), data.get("to_agent")
        if to_line is not None and to_line not in self._desk.rules.policy.lines:
            text = "there is no such line"
            raise BadRequestError(text, code="unknown_line", field="to_line")
        if to_agent is not None and self._desk.roster.get(to_agent) is None:
            text = "there is no such colleague"
            raise BadRequestError(text, code="unknown_agent", field="to_agent")
        if data.get("note"):
            await self._sending.write_note(entry.id, actor.id, data["note"])
        own = entry.agent == actor.id
        await self._desk.dispatcher.submit(
            Transferred(
                interaction=entry.id,
                agent=entry.agent,
                to_line=to_line,
                to_agent=to_agent,
                actor=None if own else actor.id,
            ),
        )
        return self._shown(entry.id)

    def _shown(self, interaction: str) -> dict[str, Any]:
        entry = self._desk.book.get(interaction)
        return {"interaction": entry.view()} if entry else {}


async def _watched(_actor: Actor, _data: Mapping[str, Any]) -> dict[str, Any]:
    """Let a supervisor follow what they see; the console's hub does the following."""
    return {}

"""What only supervisors do: to what waits, to agents, to lines.  Every act goes through the router and is put on record by it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from contactd.clock import from_ms, parse_rfc3339, to_ms
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.core.events import LineSet, SupervisorSet
from contactd.desk.desk import Desk
from contactd.desk.rights import Actor
from contactd.routing.gate import MODES

REASONS = frozenset({"outage", "training", "meeting", "crowd", "holiday", "other"})
"""Why a line is opened or closed by hand: words of the catalogue."""
LONGEST = timedelta(days=31)
WITHOUT_HOURS = timedelta(hours=12)
"""How long a line that has no hours stays as it was set, unless the supervisor says otherwise."""

Handler = Callable[[Actor, Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Overseeing:
    """Carries out supervisors' acts."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    def table(self) -> dict[str, Handler]:
        """Return command → what carries it out."""
        return {
            "interaction.pull": self._pull,
            "interaction.push": self._push,
            "interaction.requeue": lambda actor, data: self._act(actor, "requeue", data["interaction"]),
            "interaction.release": lambda actor, data: self._act(actor, "force_release", data["interaction"]),
            "interaction.set_priority": self._set_priority,
            "interaction.set_skills": self._set_skills,
            "agent.drain": self._drain,
            "line.set": self._set_line,
        }

    async def _act(
        self, actor: Actor, action: str, interaction: str, agent: str | None = None, value: Any = None
    ) -> dict[str, Any]:
        entry = self._desk.entry(interaction)
        if agent is not None and self._desk.roster.get(agent) is None:
            text = "there is no such colleague"
            raise BadRequestError(text, code="unknown_agent", field="agent")
        fact = SupervisorSet(actor=actor.id, action=action, interaction=interaction, agent=agent, value=value)
        await self._desk.dispatcher.submit(fact)
        return {"interaction": entry.view()}

    async def _pull(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Give a waiting item to an agent (the supervisor, unless another is named) without ringing."""
        return await self._act(actor, "pull", data["interaction"], data.get("agent") or actor.id)

    async def _push(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        return await self._act(actor, "push", data["interaction"], data["agent"])

    async def _set_priority(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        return await self._act(actor, "priority", data["interaction"], value=data["priority"])

    async def _set_skills(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        skills = {one["skill"]: one["level"] for one in data["skills"]}
        return await self._act(actor, "skills", data["interaction"], value=skills)

    async def _drain(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Let an agent finish what they have and get nothing new, or get work again."""
        fact = SupervisorSet(actor=actor.id, action="drain", agent=data["agent"], value=data["on"])
        await self._desk.dispatcher.submit(fact)
        member = self._desk.roster.get(data["agent"])
        return {"agent": member.view()} if member else {}

    async def _set_line(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Open, close or drain a line until a moment, or give it back to its calendar."""
        line, mode, reason = data["line"], data["mode"], data.get("reason")
        if line not in self._desk.rules.policy.lines:
            text = "there is no such line"
            raise NotFoundError(text, code="unknown_line", field="line")
        if reason is not None and reason not in REASONS:
            text = "there is no such reason"
            raise BadRequestError(text, code="unknown_reason", field="reason")
        until = self._until(line, data.get("until")) if mode in MODES else None
        await self._desk.dispatcher.submit(
            LineSet(actor=actor.id, line=line, mode=mode, until=until, reason=reason if mode in MODES else None),
        )
        gates = self._desk.rules.gates
        return {"line": line, "open": gates.is_open(line), "hours": gates.view(line)}

    def _until(self, line: str, given: str | None) -> datetime:
        """Return when what is set by hand ends by itself: as said, else when the line's hours next change."""
        now = self._desk.clock.now()
        if given is None:
            hours = self._desk.rules.policy.lines[line].hours
            change = hours.changes_after(to_ms(now)) if hours is not None else None
            return now + WITHOUT_HOURS if change is None else from_ms(change)
        until = parse_rfc3339(given)
        if not now < until <= now + LONGEST:
            text = f"the end must lie in the next {LONGEST.days} days"
            raise BadRequestError(text, field="until")
        return until

"""What agents choose, told to the channels whose outside systems must know it; and what they key on their phones, brought back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

import structlog

from contactd.core.agent import SYSTEM_REASONS, Intent
from contactd.core.channel import Following
from contactd.core.errors import ConflictError, ForbiddenError, NotFoundError
from contactd.core.events import IntentSet
from contactd.core.stance import Stance
from contactd.desk.changes import AgentChanged
from contactd.desk.desk import Desk
from contactd.desk.effects import Effect
from contactd.desk.heeding import refuse_unread
from contactd.desk.roster import Member

log = structlog.get_logger(__name__)


class Stances:
    """Tells and brings."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk
        self._told: dict[str, Stance] = {}
        self._tails: dict[str, asyncio.Task[None]] = {}

    def now(self) -> list[Stance]:
        """Return what every agent with a phone has chosen."""
        return [stance for member in self._desk.roster if (stance := _stance(member)) is not None]

    def hear(self, effects: Iterable[Effect]) -> None:
        """Learn from what was committed; tell only what is new."""
        for effect in effects:
            if isinstance(effect, AgentChanged):
                member = self._desk.roster.get(str(effect.view["agent"]))
                stance = None if member is None else _stance(member)
                if stance is not None and self._told.get(stance.agent) != stance:
                    self._told[stance.agent] = stance
                    self._tell(stance)

    async def paused(self, device: str, *, on: bool, reason: str) -> None:
        """Let an agent be not ready, or ready again, because they keyed it on their phone."""
        member = self._desk.roster.by_device(device)
        stance = None if member is None else _stance(member)
        if member is None or stance is None:
            return
        wanted = Intent.NOT_READY if on else Intent.READY
        if stance.intent in (wanted, Intent.LOGGED_OUT):
            return
        known = reason in self._desk.rules.policy.reasons and reason not in SYSTEM_REASONS
        for word in [reason, None] if on and known else [None]:
            try:
                if not on:
                    await refuse_unread(self._desk, member.id)
                await self._desk.dispatcher.submit(IntentSet(agent=member.id, intent=wanted, reason=word))
            except (ConflictError, NotFoundError, ForbiddenError) as error:
                log.info("stances.refused", agent=member.id, reason=error.code)
            else:
                return

    def _tell(self, stance: Stance) -> None:
        """Tell the channels, for each agent one thing after the other, without waiting here."""
        channels = {id(each): each for each in self._desk.channels.values()}.values()
        following = [cast("Following", each) for each in channels if hasattr(each, "stance")]
        if not following:
            return
        before = self._tails.get(stance.agent)

        async def follow() -> None:
            if before is not None:
                await asyncio.wait([before])
            for channel in following:
                try:
                    await channel.stance(stance)
                except Exception:  # a channel's failure is its own; what the agent chose stands
                    log.exception("stances.not_told", agent=stance.agent)

        task = asyncio.create_task(follow(), name="stance")
        self._tails[stance.agent] = task
        task.add_done_callback(lambda done: self._forget(stance.agent, done))

    def _forget(self, agent: str, task: asyncio.Task[None]) -> None:
        if self._tails.get(agent) is task:
            del self._tails[agent]


def _stance(member: Member) -> Stance | None:
    if not member.device:
        return None
    chosen = (member.next_intent, member.next_reason) if member.next_intent else (member.intent, member.reason)
    draining = member.draining and chosen[0] == Intent.READY
    return Stance(
        agent=member.id,
        name=member.name,
        device=member.device,
        intent=Intent.NOT_READY if draining else str(chosen[0]),
        reason=None if draining else chosen[1],
        lines=member.lines,
    )

"""The mirror: contacts an outside system routes by itself, told as `Progress`, become interactions like any other.

Its names for lines and devices are kept as they are; a device that belongs to one of our agents is shown as that agent, and
fills the slot.  Every change of state goes through the journal; nothing of it is ever matched.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from contactd.core.channel import Progress
from contactd.core.errors import ConflictError, NotFoundError
from contactd.core.events import ExternallyMoved, ExternalWork
from contactd.core.interaction import Cause, Direction, Outcome, State
from contactd.core.offer import OfferOutcome
from contactd.crm_store import contact_rows, mirror_rows, routing_rows
from contactd.crm_store.store import WriteConn
from contactd.desk.book import Entry
from contactd.desk.calling_back import CallingBack
from contactd.desk.desk import Desk

log = structlog.get_logger(__name__)

Handler = Callable[[Entry, Progress], Awaitable[None]]
IN_TALK = frozenset({State.ACTIVE, State.HELD})
_UNSERVED = frozenset({Outcome.ABANDONED, Outcome.OVERFLOW, Outcome.VOICEMAIL, Outcome.FAILED})
"""Ends after which nobody of the house has spoken with who came, also by a dialplan's fallback.  A message left with the outside
system is one: it keeps those to itself, and throws the short ones away."""


class Mirror:
    """Applies progress to mirrored interactions."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk
        self._table: dict[str, Handler] = {
            "waiting": self._waiting,
            "ringing": self._ringing,
            "ring_ended": self._ring_ended,
            "answered": self._answered,
            "held": partial(self._talk_state, State.HELD, Cause.HOLD),
            "resumed": partial(self._talk_state, State.ACTIVE, Cause.RESUME),
            "moved": self._moved,
            "left": self._left,
            "ended": self._ended,
        }

    async def apply(self, progress: Progress) -> None:
        """Record one thing an outside system told; what belongs to no open contact is ignored."""
        entry = self._desk.book.find(progress.adapter, progress.external_key)
        handler = self._table.get(progress.kind)
        if entry is None or handler is None:
            log.info("mirror.ignored", adapter=progress.adapter, kind=progress.kind)
            return
        await handler(entry, progress)

    async def _waiting(self, entry: Entry, progress: Progress) -> None:
        await self._name(entry, line=progress.line)
        if entry.state != State.QUEUED:
            await self._move(entry, State.QUEUED, Cause.TRANSFER)
        else:
            self._desk.show(entry)

    async def _ringing(self, entry: Entry, progress: Progress) -> None:
        device = progress.agent or ""
        unit = partial(
            mirror_rows.ring,
            ring_id=self._desk.idents.new(),
            interaction=entry.id,
            agent=self._agent(device) or device,
            line=entry.line_text or entry.line,
            channel=entry.channel,
            at=progress.at,
        )
        await self._desk.store.write(unit, urgent=True)
        entry.offered_to = self._agent(device) or device
        if entry.state == State.QUEUED:
            await self._move(entry, State.OFFERED, Cause.OFFER)

    async def _ring_ended(self, entry: Entry, progress: Progress) -> None:
        device = progress.agent or ""
        await self._end_ring(entry, progress, progress.outcome or OfferOutcome.TIMED_OUT, self._agent(device) or device)
        if entry.state == State.OFFERED and not progress.data.get("still_ringing"):
            await self._move(entry, State.QUEUED, Cause.OFFER_ENDED)

    async def _answered(self, entry: Entry, progress: Progress) -> None:
        device = progress.agent or ""
        agent = self._agent(device)
        await self._end_ring(entry, progress, OfferOutcome.ACCEPTED, agent or device)
        await self._end_ring(entry, progress, OfferOutcome.WITHDRAWN, None)
        segment = entry.segment.n
        await self._desk.store.write(
            partial(routing_rows.mark_answered, interaction=entry.id, segment=segment, at=progress.at),
            urgent=True,
        )
        self._desk.answered(entry, progress.at)
        await self._name(entry, agent=device)
        await self._move(entry, State.ACTIVE, Cause.PULLED, agent=agent)

    async def _talk_state(self, state: State, cause: Cause, entry: Entry, _progress: Progress) -> None:
        if entry.state in IN_TALK and entry.state != state:
            await self._move(entry, state, cause, agent=entry.agent)

    async def _moved(self, entry: Entry, progress: Progress) -> None:
        """Note a transfer: to another of its lines, or straight to another device."""
        await self._name(entry, line=progress.line, agent=progress.agent)
        if progress.agent is None and entry.state in IN_TALK:
            await self._move(entry, State.QUEUED, Cause.TRANSFER)
        elif progress.agent is not None:
            await self._move(entry, State.ACTIVE, Cause.PULLED, agent=self._agent(progress.agent))

    async def _left(self, entry: Entry, _progress: Progress) -> None:
        """Note that the contact left its queue and lives on elsewhere (voicemail, another step)."""
        if entry.state == State.OFFERED:
            await self._move(entry, State.QUEUED, Cause.OFFER_ENDED)

    async def _ended(self, entry: Entry, progress: Progress) -> None:
        await self._end_ring(entry, progress, OfferOutcome.WITHDRAWN, None)
        outcome = self._outcome(entry, progress)
        lost = outcome in (Outcome.ABANDONED, Outcome.SHORT_ABANDONED)
        await self._move(
            entry,
            State.ABANDONED if lost else State.CLOSED,
            Cause.CUSTOMER_GONE if lost else Cause.ENDED_NO_WRAPUP,
            agent=entry.agent,
            outcome=outcome,
            ended_by=progress.ended_by,
        )
        if outcome in _UNSERVED and entry.direction == Direction.INBOUND and not self._hung_up_at_once(entry, progress):
            await CallingBack(self._desk).owe(entry.id, entry.line)

    def _outcome(self, entry: Entry, progress: Progress) -> str:
        """Return how it ended; who hung up at once is counted by the house's rule: the outside system knows none."""
        outcome = progress.outcome or (Outcome.ANSWERED if entry.answered_at else Outcome.ABANDONED)
        short = entry.direction == Direction.INBOUND and self._hung_up_at_once(entry, progress)
        return Outcome.SHORT_ABANDONED if short and outcome == Outcome.ABANDONED else outcome

    def _hung_up_at_once(self, entry: Entry, progress: Progress) -> bool:
        line = self._desk.rules.policy.lines.get(entry.line)
        waited = (progress.at - entry.segment.entered_at).total_seconds()
        return line is not None and waited <= line.short_abandon_s

    async def _move(
        self,
        entry: Entry,
        state: State,
        cause: Cause,
        *,
        agent: str | None = None,
        outcome: str | None = None,
        ended_by: str | None = None,
    ) -> None:
        """Tell the router where it stands now; the device it leaves is free, the one it comes to is busy."""
        before = entry.agent if entry.state in IN_TALK else None
        after = agent if state in IN_TALK else None
        if before is not None and before != after:
            await self._occupy(entry, before, on=False)
        fact = ExternallyMoved(
            interaction=entry.id,
            state=state,
            cause=cause,
            agent=agent,
            outcome=outcome,
            ended_by=ended_by,
        )
        await self._desk.dispatcher.submit(fact)
        if after is not None and before != after:
            await self._occupy(entry, after, on=True)

    async def _name(self, entry: Entry, line: str | None = None, agent: str | None = None) -> None:
        """Keep the outside system's own names."""
        entry.line_text = line or entry.line_text
        entry.agent_text = agent or entry.agent_text
        unit = partial(
            contact_rows.name_outside,
            interaction=entry.id,
            line_text=entry.line_text,
            agent_text=entry.agent_text,
            now=self._desk.clock.now(),
        )
        await self._desk.store.write(unit, urgent=True)

    async def _end_ring(self, entry: Entry, progress: Progress, outcome: str, agent: str | None) -> None:
        def unit(conn: WriteConn) -> None:
            mirror_rows.ring_ended(conn, entry.id, agent, str(outcome), progress.cause, progress.at)

        await self._desk.store.write(unit, urgent=True)

    async def _occupy(self, entry: Entry, agent: str, *, on: bool) -> None:
        """Let the router know that an agent's device is busy with a contact it did not give."""
        try:
            await self._desk.dispatcher.submit(ExternalWork(agent=agent, channel=entry.channel, on=on, ref=entry.id))
        except (ConflictError, NotFoundError) as error:  # it is so already, or the agent is there no more
            log.info("mirror.not_occupied", agent=agent, interaction=entry.id, reason=error.code)

    def _agent(self, device: str) -> str | None:
        member = self._desk.roster.by_device(device)
        return member.id if member else None

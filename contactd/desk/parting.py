"""Parting a conversation that holds two matters, joining two that are one: each undoes the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from contactd.core.address import email
from contactd.core.channel import Arrival, Content
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.events import InteractionGone, WorkEnded
from contactd.core.interaction import Outcome, State
from contactd.crm_store import messages as message_views
from contactd.crm_store import moving_rows
from contactd.crm_store.message_facts import forged
from contactd.crm_store.placing import Placed
from contactd.crm_store.store import WriteConn
from contactd.desk.book import Entry
from contactd.desk.desk import IN_HAND, Desk, refuse_state
from contactd.desk.intake import Beside
from contactd.desk.rights import Actor

ADAPTER = "split"
IN_LINE = frozenset({State.QUEUED, State.OFFERED})


class Parting:
    """Splits and joins."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    def table(self) -> dict[str, Callable[[Actor, Mapping[str, Any]], Awaitable[dict[str, Any]]]]:
        """Return the commands by name."""
        return {
            "conversation.split": lambda actor, data: self.split(actor.id, data),
            "conversation.join": lambda actor, data: self.join(actor.id, data),
        }

    async def split(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Let messages of a turn be a conversation of their own, which goes in line; return its id after the commit.

        The new turn and what is said in it are one unit.

        Raises:
            ForbiddenError, NotFoundError: it is not the agent's, or has no such messages.
            ConflictError: nothing would be left of it.
        """
        entry = self._own(data["interaction"], agent)
        chosen = list(dict.fromkeys(data["messages"]))
        desk = self._desk
        first, unverified = await desk.store.write(
            partial(moving_rows.first_of, interaction=entry.id, messages=chosen), urgent=True
        )
        content = Content(
            subject=entry.subject,
            sender=email(first.sender),
            sender_name=first.sender_name,
            claimed_sender=unverified,
            doubted="split" if forged(first.headers) else None,
            language=entry.language,
            priority=entry.priority,
            skills=entry.skills,
        )
        arrival = Arrival(
            channel=entry.channel,
            adapter=ADAPTER,
            external_key=desk.idents.new(),
            raw=b"",
            at=desk.clock.now(),
            sender=first.sender,
            recipient=entry.recipient,
            line=entry.line,
            subject=entry.subject,
        )
        moved: list[str] = []

        def unit(conn: WriteConn, placed: Placed) -> None:
            moving_rows.lead_back(conn, chosen, placed.thread)
            moved[:] = self._move(conn, chosen, entry, placed.interaction, placed.thread, agent)

        receipt = await desk.intake.accept(arrival, content, Beside(after=unit))
        await self._show(entry, receipt.interaction, moved)
        return {"interaction": receipt.interaction, "from": entry.id}

    async def join(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Bring another turn's messages into one's own; the other ends as its duplicate.  Return the ids that moved.

        Raises:
            ForbiddenError, NotFoundError: it is not the agent's, or the other is not open.
            ConflictError: somebody else works on the other.
        """
        entry, other = self._own(data["interaction"], agent), self._desk.entry(data["other"])
        if other.id == entry.id or other.channel != entry.channel:
            text = "these two cannot be one"
            raise BadRequestError(text, code="cannot_join", field="other")
        if other.state not in IN_LINE and (other.state not in IN_HAND or other.agent != agent):
            text = "somebody else works on it"
            raise ConflictError(text, code="not_yours")
        moved: list[str] = []

        def unit(conn: WriteConn) -> None:
            chosen = moving_rows.of_turn(conn, other.id)
            moved[:] = self._move(conn, chosen, other, entry.id, entry.thread, agent)

        fact: InteractionGone | WorkEnded
        if other.state in IN_LINE:
            fact = InteractionGone(interaction=other.id, cause="junk", outcome=Outcome.DUPLICATE)
        else:
            fact = WorkEnded(interaction=other.id, agent=agent, outcome=Outcome.DUPLICATE, skip_wrapup=True)
        await self._desk.dispatcher.submit(fact, beside=unit)
        await self._show(other, entry.id, moved)
        return {"interaction": entry.id, "from": other.id, "messages": moved}

    def _own(self, interaction: str, agent: str) -> Entry:
        entry = self._desk.in_hand(interaction, agent)
        if entry.live:
            text = "a live conversation is one"
            raise refuse_state(text)
        return entry

    def _move(
        self, conn: WriteConn, chosen: list[str], source: Entry, target: str, thread: str | None, agent: str
    ) -> list[str]:
        """Move messages of a turn to another's end; where all of them go, so does the turn's part in the conversation."""
        whole = set(moving_rows.of_turn(conn, source.id)) <= set(chosen)
        now = self._desk.clock.now()
        moved = moving_rows.move(conn, chosen, source=source.id, target=target, thread=thread, actor=agent, now=now)
        if whole:
            moving_rows.follow(conn, source.id, target, thread)
        return moved

    async def _show(self, source: Entry, target: str, moved: list[str]) -> None:
        """Show both turns as they are since messages moved from one to the other."""
        views, left = await self._desk.store.read(
            lambda conn: (
                [message_views.get(conn, ident) for ident in moved],
                message_views.of_interaction(conn, source.id),
            ),
        )
        source.last_message = str(left[-1]["text"])[:200] if left else None
        self._desk.intake.show_messages(target, tuple(views))
        if self._desk.book.get(source.id) is source:
            self._desk.show(source)

"""Bringing back what was ended as junk, as needing no reply, or as a duplicate, by mistake.

A closed contact never opens again: what was said in it goes into a new turn of the same conversation, which is put into the hands
of whoever brought it back, or in line when their hands are full.  The closed one counts as its duplicate.
What was being written in it when it ended is taken along.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog

from contactd.core.channel import Arrival, Content
from contactd.core.errors import ConflictError, ContactdError, ForbiddenError
from contactd.core.events import SupervisorSet
from contactd.core.interaction import Outcome, State
from contactd.crm_store import audit, blocked_rows, dismissed_rows, draft_rows, moving_rows
from contactd.crm_store import messages as message_views
from contactd.crm_store.dismissed_rows import Dismissed
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.placing import Placed
from contactd.crm_store.store import WriteConn
from contactd.desk.desk import Desk
from contactd.desk.intake import Beside
from contactd.desk.rights import Actor

ADAPTER = "brought_back"
log = structlog.get_logger(__name__)


class BringingBack:
    """Undoes ends without an answer."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    async def bring_back(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Let a contact that was ended without an answer come back; return the turn it came back as.  Asked again, the same.

        Raises:
            ForbiddenError: somebody else ended it.
            ConflictError: it did not end so, or too long ago.
        """
        desk = self._desk
        found = await self._found(actor, data["interaction"])
        moved: list[str] = []
        freed: list[bool] = []

        def before(conn: WriteConn) -> None:
            # Whom it was the reason to block is let in first: else what they said would be filed again.
            freed[:] = [blocked_rows.let_in(conn, found.id)]

        def after(conn: WriteConn, placed: Placed) -> None:
            moved[:] = self._move(conn, placed, found, actor, unblocked=freed[0])

        receipt = await desk.intake.accept(_arrival(found, desk), _content(found), Beside(before, after))
        if not receipt.duplicate:
            views = await desk.store.read(lambda conn: [message_views.get(conn, ident) for ident in moved])
            desk.intake.show_messages(receipt.interaction, tuple(views))
        entry = await self._in_hand(receipt.interaction, actor)
        return {"interaction": receipt.interaction, "from": found.id, "state": entry}

    def _move(self, conn: WriteConn, placed: Placed, found: Dismissed, actor: Actor, *, unblocked: bool) -> list[str]:
        """Bring what was said into the new turn, and put it all on record; return the messages."""
        now, ident = self._desk.clock.now(), found.id
        chosen = moving_rows.of_turn(conn, ident)
        moved = moving_rows.move(
            conn, chosen, source=ident, target=placed.interaction, thread=placed.thread, actor=actor.id, now=now
        )
        draft_rows.carry(conn, ident, placed.interaction)
        dismissed_rows.repeated(conn, found)
        told = {"to": placed.interaction, "reason": found.reason, "unblocked": unblocked}
        add_event(conn, ident, now, "brought_back", actor.id, told)
        entry = audit.Entry(
            actor=actor.id, action="interaction.bring_back", object_kind="interaction", object_id=ident, detail=told
        )
        audit.append(conn, entry, now)
        return moved

    async def block(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """File as junk what the sender of a contact that was just ended as junk sends from now on.

        Raises:
            ForbiddenError, ConflictError: as `bring_back`; also where it was not junk.
        """
        found, now = await self._found(actor, data["interaction"]), self._desk.clock.now()
        if found.reason != Outcome.JUNK:
            text = "this was not junk"
            raise ConflictError(text, code="bad_state", field="interaction")

        def unit(conn: WriteConn) -> bool:
            blocked = blocked_rows.block_sender(conn, found.id, actor.id, now)
            entry = audit.Entry(
                actor=actor.id, action="sender.block", object_kind="interaction", object_id=found.id, detail={}
            )
            audit.append(conn, entry, now)
            return blocked

        return {"blocked": await self._desk.store.write(unit, urgent=True)}

    async def _found(self, actor: Actor, interaction: str) -> Dismissed:
        now = self._desk.clock.now()
        found = await self._desk.store.read(partial(dismissed_rows.dismissed, interaction=interaction, now=now))
        if found.agent != actor.id and not (actor.oversees or actor.role == "program"):
            text = "somebody else ended this"
            raise ForbiddenError(text, code="not_yours", field="interaction")
        return found

    async def _in_hand(self, interaction: str, actor: Actor) -> str:
        """Give it to whoever brought it back, if they can take it; return the state it is in then."""
        entry = self._desk.book.get(interaction)
        if entry is not None and entry.state in {State.QUEUED, State.OFFERED} and self._desk.roster.get(actor.id):
            try:
                await self._desk.dispatcher.submit(
                    SupervisorSet(actor=actor.id, action="pull", interaction=interaction, agent=actor.id)
                )
            except ContactdError as error:  # it waits in line, for them first
                log.info("bring_back.in_line", interaction=interaction, reason=error.code)
        return str(entry.state) if entry is not None else str(State.CLOSED)


def _arrival(found: Dismissed, desk: Desk) -> Arrival:
    """Return what comes back, as if it came now; its key is the closed contact: it comes back once."""
    row = found.row
    return Arrival(
        channel=row.channel,
        adapter=ADAPTER,
        external_key=found.id,
        raw=b"",
        at=desk.clock.now(),
        sender=row.raw_from,
        recipient=row.raw_to,
        line=row.line,
        subject=row.subject,
    )


def _content(found: Dismissed) -> Content:
    row = found.row
    return Content(
        subject=row.subject,
        sender=found.point,
        sender_name=row.from_name,
        thread_token=row.thread_id,
        claimed_sender=found.unverified,
        doubted="brought_back" if found.doubted else None,
        language=row.lang,
        priority=row.priority,
        skills=tuple((name, level) for name, level in row.skills),
    )

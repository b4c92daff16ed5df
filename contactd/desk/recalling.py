"""What an agent does with what is in the outbox: take it back, try it anew, put a failure away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from contactd.core.errors import ConflictError, ForbiddenError
from contactd.crm_store import messages, outbox_reads, outbox_rows, recall_rows, routing_rows
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.sight import sees
from contactd.crm_store.store import WriteConn
from contactd.desk.changes import MessageAdded
from contactd.desk.composing import unsigned
from contactd.desk.desk import Desk
from contactd.desk.pictures import renamed
from contactd.desk.rights import Actor

Handler = Callable[[Actor, Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Recalling:
    """Carries out commands about the outbox."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    def table(self) -> dict[str, Handler]:
        """Return command → what carries it out."""
        return {"outbox.cancel": self._cancel, "outbox.again": self._again, "outbox.dismiss": self._dismiss}

    async def _cancel(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take back a message that has not left; return its view, and what it said for writing it anew.

        Raises:
            ConflictError: it has left, or is just leaving.
        """
        row = await self._row(actor, data["message"])
        desk, now = self._desk, self._desk.clock.now()

        def unit(conn: WriteConn) -> Mapping[str, Any] | None:
            if not outbox_rows.cancel(conn, row.message_id, now):
                return None
            routing_rows.unmark_answered(conn, row.interaction_id, row.at)
            add_event(conn, row.interaction_id, now, "unsent", actor.id, {"message": row.message_id})
            return recall_rows.content(conn, row.message_id, actor.id, now, desk.idents.new)

        content = await desk.store.write(unit, urgent=True)
        if content is None:
            text = "it has left already"
            raise ConflictError(text, code="too_late", field="message")
        entry = desk.book.get(row.interaction_id)
        if entry is not None and entry.answered_at == row.at:
            entry.answered_at = None
            entry.segment = replace(entry.segment, answered_at=None)
            desk.show(entry)
        text, markup = unsigned(desk, row.line or "", row.agent or "", content["text"], content["html"])
        words = {name: value for name, value in content.items() if name != "pictures"}
        markup = renamed(markup, content["pictures"])
        return {"message": await self._show(row), "content": {**words, "text": text, "html": markup}}

    async def _again(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Let a message leave now: one that waits, or one that failed.

        Raises:
            ConflictError: it is on its way, or has arrived.
        """
        row = await self._row(actor, data["message"])
        if not await self._desk.store.write(
            partial(outbox_rows.again, message=row.message_id, now=self._desk.clock.now()), urgent=True
        ):
            text = "it is on its way, or has arrived"
            raise ConflictError(text, code="too_late", field="message")
        self._desk.outbox.wake()
        return {"message": await self._show(row)}

    async def _dismiss(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Put a failure away: it is not shown in the outbox any more."""
        row = await self._row(actor, data["message"])
        await self._desk.store.write(
            partial(outbox_rows.put_away, message=row.message_id, now=self._desk.clock.now()), urgent=True
        )
        self._desk.outbox.tell(row.agent)
        return {}

    async def _row(self, actor: Actor, message: str) -> Any:
        """Return a message's row: of one's own, or for who oversees of a contact they see.

        Raises:
            NotFoundError: there is none, or it is not seen.
            ForbiddenError: somebody else wrote it.
        """
        now, sight = self._desk.clock.now(), actor.sight

        def read(conn: Any) -> tuple[Any, bool]:
            row = outbox_reads.row_of(conn, message)
            return row, row.agent == actor.id or sight is None or sees(conn, sight, "message", message, now)

        row, seen = await self._desk.store.read(read)
        if row.agent != actor.id and not actor.oversees:
            text = "somebody else wrote this"
            raise ForbiddenError(text, code="not_yours", field="message")
        if not seen:
            raise outbox_reads.nothing()
        return row

    async def _show(self, row: Any) -> Mapping[str, Any]:
        view = await self._desk.store.read(partial(messages.get, ident=row.message_id))
        self._desk.publisher.publish([MessageAdded(interaction=row.interaction_id, message=view, agent=row.agent)])
        self._desk.outbox.tell(row.agent)
        return view

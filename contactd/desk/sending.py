"""What agents write: answers, chat lines, notes.  Message and outbox row are one unit; the answer goes out after its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from contactd.clock import parse_rfc3339
from contactd.core.channel import Composed, Draft
from contactd.core.errors import BadRequestError
from contactd.core.interaction import Direction, State
from contactd.core.message import NewAttachment, NewMessage
from contactd.crm_store import contact_rows, outbox_rows, routing_rows
from contactd.crm_store.answering import answering
from contactd.crm_store.message_rows import Saying, add_message
from contactd.crm_store.store import WriteConn
from contactd.desk.book import Entry
from contactd.desk.changes import InteractionUpsert, MessageAdded
from contactd.desk.composing import make_draft, outbox_row
from contactd.desk.desk import Desk, refuse_state
from contactd.desk.effects import Effect, SaidByAgent

SCHEDULED = "scheduled"
"""Delivery state of what leaves at a later moment and can be taken back until then."""
FARTHEST = timedelta(days=366)
WRITABLE = frozenset({State.ACTIVE, State.HELD, State.PARKED, State.WRAPUP})
FILES_BYTES = 50 * 1024 * 1024
"""Bytes the files of one message may have together: they stand in memory several times while it is written."""


class Sending:
    """Sends and notes."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    async def send(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Send an agent's message to the customer; return its view after the commit.

        Raises:
            ForbiddenError: the contact is somebody else's.
            BadRequestError: it cannot be sent as it is.
        """
        entry = self._desk.in_hand(data["interaction"], agent)
        if entry.state not in WRITABLE:
            text = "this contact is over"
            raise refuse_state(text)
        files = await self._uploads(agent, data.get("attachments") or ())
        told = await self._desk.store.read(partial(answering, interaction=entry.id))
        message_id = self._desk.idents.new()
        draft = make_draft(self._desk, entry, agent, message_id, data, files, told)
        composed = await asyncio.to_thread(self._desk.channel(entry.channel).compose, draft)
        send_at = self._leaves(data) if composed is not None else None
        saying = await self._saying(draft, composed, message_id)
        if send_at is not None:
            saying = replace(saying, delivery_state=SCHEDULED, send_at=send_at)
        outbox = (
            await outbox_row(self._desk, entry.channel, entry.id, message_id, composed, agent=agent, send_at=send_at)
            if composed is not None
            else None
        )
        view = await self._store(entry, saying, outbox, list(data.get("attachments") or ()))
        self._after(entry, view, live=composed is None)
        return {"message": view}

    async def note(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Write a note the customer never sees; return its view after the commit."""
        return {"message": await self.write_note(data["interaction"], agent, data["text"])}

    async def write_note(self, interaction: str, agent: str, text: str) -> Mapping[str, Any]:
        """Store a note on an open interaction and show it."""
        entry = self._desk.entry(interaction)
        new = NewMessage(
            direction=Direction.INTERNAL,
            sender=agent,
            sender_name=self._desk.roster.name(agent),
            text=text,
        )
        saying = await self._desk.parts.saying(new)
        now = self._desk.clock.now()
        view = await self._desk.store.write(
            partial(add_message, interaction=interaction, thread=entry.thread, new=saying, now=now),
            urgent=True,
        )
        self._desk.publisher.publish([MessageAdded(interaction=interaction, message=view, agent=agent)])
        return view

    def _leaves(self, data: Mapping[str, Any]) -> datetime | None:
        """Return when a message leaves, where that is not at once: at the moment it is set for, or when it can no longer be undone.

        Raises:
            BadRequestError: the moment is past, or more than a year away.
        """
        now = self._desk.clock.now()
        if data.get("send_at"):
            moment = parse_rfc3339(data["send_at"])
            if not now < moment <= now + FARTHEST:
                text = "a moment in the coming year is needed"
                raise BadRequestError(text, code="bad_moment", field="send_at")
            return moment
        return now + timedelta(seconds=data["undo_s"]) if data.get("undo_s") else None

    async def _saying(self, draft: Draft, composed: Composed | None, message_id: str) -> Saying:
        new = NewMessage(
            direction=Direction.OUTBOUND,
            sender=composed.sender if composed else draft.agent,
            sender_name=draft.agent_name,
            text=draft.text,
            html=draft.html,
            sent_at=draft.at,
            provider_id=composed.provider_id if composed else None,
            attachments=draft.attachments,
            recipients=composed.recipients if composed else (),
        )
        subject = composed.subject if composed else ""
        return await self._desk.parts.saying(new, subject, message_id=message_id, live=composed is None)

    async def _store(
        self,
        entry: Entry,
        saying: Saying,
        outbox: Mapping[str, Any] | None,
        used: list[str],
    ) -> Mapping[str, Any]:
        now, segment = self._desk.clock.now(), entry.segment.n

        def unit(conn: WriteConn) -> Mapping[str, Any]:
            view = add_message(conn, entry.id, entry.thread, saying, now)
            if outbox is not None:
                outbox_rows.enqueue(conn, outbox)
            routing_rows.mark_answered(conn, entry.id, segment, now)
            contact_rows.use_uploads(conn, used, now)
            return view

        view = await self._desk.store.write(unit, urgent=True)
        self._desk.answered(entry, now)
        return view

    def _after(self, entry: Entry, view: Mapping[str, Any], *, live: bool) -> None:
        """Show the message, and let it leave."""
        entry.unread = 0
        entry.last_message = str(view["text"])[:200]
        effects: list[Effect] = [
            MessageAdded(interaction=entry.id, message=view, agent=entry.agent),
            InteractionUpsert(view=entry.view()),
        ]
        if live:
            effects.append(SaidByAgent(channel=entry.channel, interaction=entry.id, message=view))
        self._desk.publisher.publish(effects)
        if not live:
            self._desk.outbox.wake()
            if view["send_at"] is not None:
                self._desk.outbox.tell(entry.agent)

    async def _uploads(self, agent: str, ids: Sequence[str]) -> tuple[NewAttachment, ...]:
        if not ids:
            return ()
        now = self._desk.clock.now()
        rows = await self._desk.store.read(lambda conn: contact_rows.uploads(conn, agent, ids, now))
        found = {row.id: row for row in rows}
        missing = [one for one in ids if one not in found]
        if missing:
            text = "an attachment is not there any more"
            raise BadRequestError(text, code="unknown_upload", field="attachments")
        if sum(found[one].size for one in ids) > FILES_BYTES:
            text = f"the files of a message have at most {FILES_BYTES // 1024 // 1024} MB together"
            raise BadRequestError(text, code="too_large", field="attachments")
        return tuple(
            [
                NewAttachment(
                    name=found[one].name,
                    media_type=found[one].media_type,
                    data=await self._desk.blobs.load(found[one].blob),
                )
                for one in ids
            ],
        )

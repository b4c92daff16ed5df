"""What agents write: answers, chat lines, notes.  Message and outbox row are one unit; the answer goes out after its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from contactd.clock import parse_rfc3339
from contactd.core.channel import Composed, Draft
from contactd.core.errors import BadRequestError
from contactd.core.interaction import Direction, State
from contactd.core.message import NewAttachment, NewMessage
from contactd.crm_store import contact_rows, draft_rows, outbox_rows, routing_rows
from contactd.crm_store.answering import answering
from contactd.crm_store.forwarding import forwarded
from contactd.crm_store.message_rows import Saying, add_message
from contactd.crm_store.store import WriteConn
from contactd.crm_store.unseen_rows import refuse_unseen
from contactd.desk.book import Entry
from contactd.desk.changes import InteractionUpsert, MessageAdded
from contactd.desk.composing import Writing, make_draft, outbox_row
from contactd.desk.desk import Desk, refuse_state
from contactd.desk.effects import Effect, SaidByAgent
from contactd.desk.pictures import placed

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

    async def send(
        self, agent: str, data: Mapping[str, Any], beside: Callable[[WriteConn], None] | None = None
    ) -> dict[str, Any]:
        """Send an agent's message to the customer; return its view after the commit.

        `beside` is written in the unit that stores the message; what it raises lets nothing of it be.

        Raises:
            ForbiddenError: the contact is somebody else's.
            BadRequestError: it cannot be sent as it is.
        """
        entry = self._desk.in_hand(data["interaction"], agent)
        if entry.state not in WRITABLE:
            text = "this contact is over"
            raise refuse_state(text)
        writing = await self._writing(entry, agent, data)
        message_id = writing.message
        draft = make_draft(self._desk, entry, writing)
        composed = await asyncio.to_thread(self._desk.channel(entry.channel).compose, draft)
        send_at = self._leaves(data) if composed is not None else None
        saying = await self._saying(draft, composed, message_id)
        if send_at is not None:
            saying = replace(saying, delivery_state=SCHEDULED, send_at=send_at)
        outbox = (
            await outbox_row(
                self._desk,
                entry.channel,
                entry.id,
                message_id,
                composed,
                agent=agent,
                send_at=send_at,
                heeds=bool(data.get("send_at")),
            )
            if composed is not None
            else None
        )
        view = await self._store(entry, saying, outbox, writing, beside)
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

    async def _writing(self, entry: Entry, agent: str, data: Mapping[str, Any]) -> Writing:
        """Return what an agent wrote with what belongs to it: files, the conversation, the message that is passed on."""
        read = self._desk.store.read
        files = await self._uploads(agent, data.get("attachments") or (), data.get("html"))
        told = await read(partial(answering, interaction=entry.id))
        passed_on = None
        if data.get("forward"):
            passed_on = await read(partial(forwarded, interaction=entry.id, message=data["forward"]))
            files += await self._files(passed_on.files)
            _refuse_large(sum(len(file.data) for file in files))
        return Writing(
            agent=agent,
            message=self._desk.idents.new(),
            data=data,
            files=files,
            told=told,
            passed_on=passed_on,
        )

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
        writing: Writing,
        beside: Callable[[WriteConn], None] | None,
    ) -> Mapping[str, Any]:
        now, segment, data = self._desk.clock.now(), entry.segment.n, writing.data
        answers = writing.passed_on is None

        def unit(conn: WriteConn) -> Mapping[str, Any]:
            if data.get("seen"):
                refuse_unseen(conn, entry.id, entry.thread, writing.agent, parse_rfc3339(data["seen"]))
            if beside is not None:
                beside(conn)
            view = add_message(conn, entry.id, entry.thread, saying, now)
            if outbox is not None:
                outbox_rows.enqueue(conn, outbox)
                draft_rows.drop(conn, entry.id)
            if answers:
                routing_rows.mark_answered(conn, entry.id, segment, now)
            contact_rows.use_uploads(conn, list(data.get("attachments") or ()), now)
            return view

        view = await self._desk.store.write(unit, urgent=True)
        if answers:
            self._desk.answered(entry, now)
        return view

    def _after(self, entry: Entry, view: Mapping[str, Any], *, live: bool) -> None:
        """Show the message, and let it leave."""
        entry.unread, entry.unanswered_since = 0, None
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

    async def _uploads(self, agent: str, ids: Sequence[str], markup: str | None) -> tuple[NewAttachment, ...]:
        if not ids:
            return ()
        now = self._desk.clock.now()
        rows = await self._desk.store.read(lambda conn: contact_rows.uploads(conn, agent, ids, now))
        found = {row.id: row for row in rows}
        missing = [one for one in ids if one not in found]
        if missing:
            text = "an attachment is not there any more"
            raise BadRequestError(text, code="unknown_upload", field="attachments")
        _refuse_large(sum(found[one].size for one in ids))
        loaded = await self._files([found[one] for one in ids])
        return placed(markup, dict(zip(ids, loaded, strict=True)))

    async def _files(self, rows: Sequence[Any]) -> tuple[NewAttachment, ...]:
        """Load files by their rows (name, media_type, size, blob)."""
        _refuse_large(sum(row.size for row in rows))
        return tuple(
            [
                NewAttachment(name=row.name, media_type=row.media_type, data=await self._desk.blobs.load(row.blob))
                for row in rows
            ],
        )


def _refuse_large(size: int) -> None:
    """Refuse files that are too large together.

    Raises:
        BadRequestError: they are.
    """
    if size > FILES_BYTES:
        text = f"the files of a message have at most {FILES_BYTES // 1024 // 1024} MB together"
        raise BadRequestError(text, code="too_large", field="attachments")

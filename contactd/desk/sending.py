"""What agents write: answers, chat lines, notes.  Message and outbox row are one unit; the answer goes out after its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from contactd.core.address import email, phone_point
from contactd.core.channel import Composed, Draft
from contactd.core.errors import BadRequestError
from contactd.core.interaction import Direction, State
from contactd.core.message import NewAttachment, NewMessage
from contactd.core.party import Point
from contactd.crm_store import contact_rows, outbox_rows, routing_rows
from contactd.crm_store.answering import Answering, answering
from contactd.crm_store.message_rows import Saying, add_message
from contactd.crm_store.store import WriteConn
from contactd.desk.book import Entry
from contactd.desk.changes import InteractionUpsert, MessageAdded
from contactd.desk.desk import Desk, refuse_state
from contactd.desk.effects import Effect, SaidByAgent

WRITABLE = frozenset({State.ACTIVE, State.HELD, State.PARKED, State.WRAPUP})
INLINE = 256 * 1024
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
        draft = self._draft(entry, agent, message_id, data, files, told)
        composed = await asyncio.to_thread(self._desk.channel(entry.channel).compose, draft)
        saying = await self._saying(draft, composed, message_id)
        outbox = (
            await outbox_row(self._desk, entry.channel, entry.id, message_id, composed)
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

    def _draft(
        self,
        entry: Entry,
        agent: str,
        message_id: str,
        data: Mapping[str, Any],
        files: tuple[NewAttachment, ...],
        told: Answering,
    ) -> Draft:
        return Draft(
            interaction=entry.id,
            thread=entry.thread or entry.id,
            message=message_id,
            line=entry.line,
            agent=agent,
            agent_name=self._desk.roster.name(agent),
            at=self._desk.clock.now(),
            text=data["text"],
            html=data.get("html"),
            attachments=files,
            to=_recipients(data.get("to"), told),
            subject=data.get("subject") or told.subject,
            references=told.references,
            options={
                "cc": list(data.get("cc") or ()),
                "from": self._desk.rules.policy.lines[entry.line].from_address
                if entry.line in self._desk.rules.policy.lines
                else "",
                "recipient": entry.recipient,
                "language": entry.language,
                "quoted": told.last_text,
                "quoted_from": told.sender_name or told.sender,
                "to_name": told.sender_name,
            },
        )

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


async def outbox_row(desk: Desk, channel: str, interaction: str, message: str, composed: Composed) -> Mapping[str, Any]:
    """Make the outbox row of a message; a large one lies in the blob store before the row names it."""
    now = desk.clock.now()
    small = len(composed.payload) <= INLINE
    return {
        "id": desk.idents.new(),
        "interaction_id": interaction,
        "message_id": message,
        "channel": channel,
        "payload": composed.payload if small else None,
        "payload_blob": None if small else await desk.blobs.store(composed.payload),
        "meta": dict(composed.meta),
        "next_at": now,
        "provider_id": composed.provider_id,
        "created_at": now,
    }


def _recipients(given: Sequence[str] | None, told: Answering) -> tuple[Point, ...]:
    """Return whom the message goes to: those the agent named, else where answers go by themselves."""
    return tuple(read_point(text, "to") for text in given) if given else told.to


def read_point(text: str, where: str) -> Point:
    """Read an address an agent typed: e-mail, or a telephone number.

    Raises:
        BadRequestError: it is neither; `where` names the field.
    """
    point = email(text) if "@" in text else phone_point(text)
    if point is None:
        message = "this is no address"
        raise BadRequestError(message, code="bad_address", field=where)
    return point

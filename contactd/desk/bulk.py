"""One answer to many who wait: counted before, undone while nothing has happened yet, then given one by one.

A batch waits in memory for its moment; a restart forgets it, and nobody was answered.  Each contact is then taken from its line,
answered and ended like any other; what moved meanwhile is left alone, and said so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from contactd.clock import rfc3339
from contactd.core.errors import ConflictError, ContactdError, NotFoundError
from contactd.core.events import SupervisorSet, WorkEnded
from contactd.core.interaction import Outcome, State
from contactd.core.template import fields, fill
from contactd.desk.book import Entry
from contactd.desk.desk import Desk
from contactd.desk.rights import Actor
from contactd.desk.sending import Sending

MOST = 500
SAMPLE = 5
KEPT = 20
"""Batches that are remembered after their end."""
LONGEST_SLEEP_S = 60.0

Handler = Callable[[Actor, Mapping[str, Any]], Awaitable[dict[str, Any]]]
log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Batch:
    """One answer on its way to many."""

    id: str
    actor: str
    text: str
    ids: list[str]
    made_at: datetime
    at: datetime
    state: str = "waiting"
    """waiting | going | done | undone"""
    answered: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    """Why (an error's code) → how many were left alone."""

    def view(self) -> dict[str, Any]:
        """Return it as consoles see it."""
        return {
            "batch": self.id,
            "state": self.state,
            "at": rfc3339(self.at),
            "count": len(self.ids),
            "answered": self.answered,
            "skipped": dict(self.skipped),
        }


class Bulk:
    """Carries out commands about batches, and the batches."""

    def __init__(self, desk: Desk, sending: Sending) -> None:
        """Work with the desk's parts; answers are written by `sending`."""
        self._desk = desk
        self._sending = sending
        self._batches: dict[str, Batch] = {}
        self._wake = asyncio.Event()

    def table(self) -> dict[str, Handler]:
        """Return command → what carries it out."""
        return {
            "bulk.count": self._count,
            "bulk.answer": self._answer,
            "bulk.undo": self._undo,
            "bulk.status": self._status,
        }

    def wake(self) -> None:
        """Look for due batches now."""
        self._wake.set()

    async def run(self) -> None:
        """Answer due batches for ever."""
        while True:
            self._wake.clear()
            now = self._desk.clock.now()
            waiting = [one for one in self._batches.values() if one.state == "waiting"]
            for batch in [one for one in waiting if one.at <= now]:
                await self._go(batch)
            after = min((one.at for one in waiting if one.at > now), default=None)
            wait = LONGEST_SLEEP_S if after is None else (after - now).total_seconds()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(wait, 0.05), LONGEST_SLEEP_S)):
                    await self._wake.wait()

    async def _count(self, _actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Say how many a filter finds now, and show a few; nothing happens."""
        found = self._matching(data)
        return {"count": len(found), "sample": [one.view() for one in found[:SAMPLE]]}

    async def _answer(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Let a batch begin after the time in which it can be undone.

        Raises:
            ConflictError: the filter finds others than were counted (`changed`), or the supervisor is not signed in.
        """
        member = self._desk.roster.get(actor.id)
        if member is None or member.view()["state"] == "logged_out":
            text = "sign in first: each contact goes through your hands"
            raise ConflictError(text, code="signed_out")
        found = self._matching(data)
        if len(found) != data["expect"]:
            text = f"the filter finds {len(found)} by now"
            raise ConflictError(text, code="changed", field="expect")
        now = self._desk.clock.now()
        batch = Batch(
            id=self._desk.idents.new(),
            actor=actor.id,
            text=data["text"],
            ids=[one.id for one in found],
            made_at=now,
            at=now + timedelta(seconds=data["undo_s"]),
        )
        over = [one for one in self._batches.values() if one.state in {"done", "undone"}]
        for old in over[:-KEPT]:
            del self._batches[old.id]
        self._batches[batch.id] = batch
        self.wake()
        return batch.view()

    async def _undo(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Let a batch that has not begun never begin.

        Raises:
            ConflictError: it has begun.
        """
        batch = self._batch(actor, data["batch"])
        if batch.state != "waiting":
            text = "it has begun"
            raise ConflictError(text, code="too_late", field="batch")
        batch.state = "undone"
        return batch.view()

    async def _status(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Say how far a batch is."""
        return self._batch(actor, data["batch"]).view()

    def _batch(self, actor: Actor, ident: str) -> Batch:
        batch = self._batches.get(ident)
        if batch is None or batch.actor != actor.id:
            text = "there is no such batch"
            raise NotFoundError(text, field="batch")
        return batch

    def _matching(self, data: Mapping[str, Any]) -> list[Entry]:
        """Return what waits and fits, oldest first: written contacts only, from somebody who can be answered."""
        words = str(data.get("contains") or "").casefold()
        found = [
            entry
            for entry in self._desk.book
            if entry.state == State.QUEUED
            and (not data.get("line") or entry.line == data["line"])
            and (not data.get("channel") or entry.channel == data["channel"])
            and (not words or words in f"{entry.subject} {entry.last_message or ''}".casefold())
            and self._answerable(entry)
        ]
        found.sort(key=lambda entry: (entry.queued_at or entry.state_since, entry.id))
        return found[:MOST]

    def _answerable(self, entry: Entry) -> bool:
        rule = self._desk.rules.rule(entry.line, entry.channel)
        known = entry.channel in self._desk.channels and bool(entry.sender)
        return known and not (rule.live or rule.connects or entry.unverified)

    async def _go(self, batch: Batch) -> None:
        """Answer a batch, one by one."""
        batch.state = "going"
        for ident in batch.ids:
            try:
                await self._one(batch, ident)
                batch.answered += 1
            except ContactdError as error:
                batch.skipped[error.code] = batch.skipped.get(error.code, 0) + 1
                log.info("bulk.skipped", interaction=ident, reason=error.code)
        batch.state = "done"

    async def _one(self, batch: Batch, ident: str) -> None:
        """Take one contact, answer and end it; what cannot be answered goes back to its place in line."""
        entry = self._desk.book.get(ident)
        if entry is None or entry.state != State.QUEUED:
            text = "it does not wait any more"
            raise ConflictError(text, code="moved")
        text = self._filled(batch, entry)
        submit = self._desk.dispatcher.submit
        await submit(SupervisorSet(actor=batch.actor, action="pull", interaction=ident, agent=batch.actor))
        try:
            data = {"interaction": ident, "text": text, "seen": rfc3339(batch.made_at)}
            await self._sending.send(batch.actor, {**data, "quote": True})
        except ContactdError:
            await submit(SupervisorSet(actor=batch.actor, action="requeue", interaction=ident))
            raise
        await submit(
            WorkEnded(interaction=ident, agent=batch.actor, ended_by="agent", outcome=Outcome.HANDLED, skip_wrapup=True)
        )

    def _filled(self, batch: Batch, entry: Entry) -> str:
        """Return the answer as this customer gets it.

        Raises:
            ConflictError: nobody knows what stands in one of its places (`open_place`).
        """
        line = self._desk.rules.policy.lines.get(entry.line)
        values = {
            "customer_name": entry.customer_name,
            "agent_name": self._desk.roster.name(batch.actor),
            "line": line.label["zh" if entry.language == "zh" else "en"] if line is not None else "",
            "subject": entry.subject,
            "date": f"{self._desk.clock.now():%Y-%m-%d}",
        }
        if any(not values[name] for name in fields(batch.text) if name in values):
            text = "nobody knows what stands in one of its places"
            raise ConflictError(text, code="open_place")
        return fill(batch.text, values)

"""One answer to many who wait: counted before, undone while it lasts, then given one by one.

A batch stands in the store: a restart goes on where it was, and nobody is answered twice.  Each contact is taken from its line,
answered and ended like any other, and each of these steps is noted in the unit that does it; what moved meanwhile is left alone,
and said so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from contactd.clock import rfc3339
from contactd.core.errors import BusyError, ConflictError, ContactdError, ForbiddenError, NotFoundError, StoreDownError
from contactd.core.events import SupervisorSet, WorkEnded
from contactd.core.interaction import Outcome, State
from contactd.core.template import fields, fill
from contactd.crm_store import audit, bulk_rows, sight
from contactd.crm_store.bulk_rows import Item
from contactd.crm_store.store import WriteConn
from contactd.desk.book import Entry
from contactd.desk.desk import Desk
from contactd.desk.rights import Actor
from contactd.desk.sending import Sending

MOST = 500
SAMPLE = 5
LONGEST_SLEEP_S = 60.0
AWAY_S = 1.0
"""Pause while the store is away."""
PIECE = 500
"""Contacts whose scope is asked for at a time: a database bounds the values of one question."""

Handler = Callable[[Actor, Mapping[str, Any]], Awaitable[dict[str, Any]]]
log = structlog.get_logger(__name__)


class Bulk:
    """Carries out commands about batches, and the batches."""

    def __init__(self, desk: Desk, sending: Sending) -> None:
        """Work with the desk's parts; answers are written by `sending`."""
        self._desk = desk
        self._sending = sending
        self._wake = asyncio.Event()

    def table(self) -> dict[str, Handler]:
        """Return command → what carries it out."""
        return {
            "bulk.count": self._count,
            "bulk.answer": self._answer,
            "bulk.undo": self._undo,
            "bulk.status": self._status,
            "bulk.list": self._list,
        }

    def wake(self) -> None:
        """Look for due batches now."""
        self._wake.set()

    async def run(self) -> None:
        """Answer due batches for ever."""
        await self._desk.dispatcher.ready()
        while True:
            self._wake.clear()
            try:
                for batch in await self._desk.store.read(partial(bulk_rows.due, now=self._desk.clock.now())):
                    await self._go(batch)
                after = await self._desk.store.read(bulk_rows.next_at)
            except (BusyError, StoreDownError):
                await asyncio.sleep(AWAY_S)
                continue
            wait = LONGEST_SLEEP_S if after is None else (after - self._desk.clock.now()).total_seconds()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(wait, 0.05), LONGEST_SLEEP_S)):
                    await self._wake.wait()

    async def _count(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Say how many a filter finds now, and show a few; nothing happens."""
        found = await self._seen(actor, self._matching(data))
        return {"count": len(found), "sample": [one.view() for one in found[:SAMPLE]]}

    async def _answer(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Let a batch begin after the time in which it can be undone whole.

        Raises:
            ConflictError: the filter finds others than were counted (`changed`), or the supervisor is not signed in.
        """
        member = self._desk.roster.get(actor.id)
        if member is None or member.view()["state"] == "logged_out":
            text = "sign in first: each contact goes through your hands"
            raise ConflictError(text, code="signed_out")
        found = await self._seen(actor, self._matching(data))
        if len(found) != data["expect"]:
            text = f"the filter finds {len(found)} by now"
            raise ConflictError(text, code="changed", field="expect")
        now, batch, chosen = self._desk.clock.now(), self._desk.idents.new(), [one.id for one in found]
        begins = now + timedelta(seconds=data["undo_s"])

        def unit(conn: WriteConn) -> None:
            bulk_rows.create(conn, batch, actor.id, data["text"], chosen, made=now, begins=begins)
            audit.append(conn, _act(actor, "bulk.answer", batch, {"count": len(chosen)}), now)

        await self._desk.store.write(unit, urgent=True)
        self.wake()
        return await self._view(actor, batch)

    async def _undo(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Stop a batch: before it began nothing happens at all, afterwards whom it has not reached is left alone.

        Raises:
            ConflictError: it has reached everybody.
        """
        batch, now = data["batch"], self._desk.clock.now()
        await self._view(actor, batch)

        def unit(conn: WriteConn) -> bool:
            stopped = bulk_rows.undo(conn, batch, now)
            if stopped:
                audit.append(conn, _act(actor, "bulk.undo", batch, {}), now)
            return stopped

        if not await self._desk.store.write(unit, urgent=True):
            text = "it is over"
            raise ConflictError(text, code="too_late", field="batch")
        return await self._view(actor, batch)

    async def _status(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Say how far a batch is."""
        return await self._view(actor, data["batch"])

    async def _list(self, actor: Actor, _data: Mapping[str, Any]) -> dict[str, Any]:
        """Say how far one's latest batches are."""
        return {"items": await self._desk.store.read(partial(bulk_rows.listed, actor=actor.id))}

    async def _view(self, actor: Actor, batch: str) -> dict[str, Any]:
        found = await self._desk.store.read(partial(bulk_rows.view, batch=batch, actor=actor.id))
        if found is None:
            text = "there is no such batch"
            raise NotFoundError(text, field="batch")
        return found

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
        return found

    async def _seen(self, actor: Actor, found: list[Entry]) -> list[Entry]:
        """Return those that lie within the supervisor's scope, as many as one batch may have."""
        if actor.sight is None:
            return found[:MOST]
        seeing, now = actor.sight, self._desk.clock.now()
        idents, seen = [entry.id for entry in found], set[str]()
        for at in range(0, len(idents), PIECE):
            asked = partial(sight.among, sight=seeing, idents=idents[at : at + PIECE], now=now)
            seen |= await self._desk.store.read(asked)
            if len(seen) >= MOST:
                break
        return [entry for entry in found if entry.id in seen][:MOST]

    def _answerable(self, entry: Entry) -> bool:
        rule = self._desk.rules.rule(entry.line, entry.channel)
        known = entry.channel in self._desk.channels and bool(entry.sender)
        return known and not (rule.live or rule.connects or entry.unverified)

    async def _go(self, batch: str) -> None:
        """Go on with a batch until nobody is left."""
        write, read = self._desk.store.write, self._desk.store.read
        await write(partial(bulk_rows.begin, batch=batch), urgent=True)
        while (item := await read(partial(bulk_rows.next_item, batch=batch))) is not None:
            try:
                await self._step(item)
            except (BusyError, StoreDownError):
                raise
            except ContactdError as error:
                await self._leave(item, error.code)
        await write(partial(bulk_rows.end, batch=batch, now=self._desk.clock.now()), urgent=True)

    async def _step(self, item: Item) -> None:
        """Do what comes next for one contact: take it, answer it, end it."""
        ident, actor = item.interaction, item.actor
        entry = self._desk.book.get(ident)
        if item.state == "waiting":
            if entry is None or entry.state != State.QUEUED:
                text = "it does not wait any more"
                raise ConflictError(text, code="moved")
            self._filled(item, entry)
            await self._take(item)
        elif item.state == "taken":
            if entry is None or entry.agent != actor:
                text = "somebody took it away"
                raise ConflictError(text, code="moved")
            data = {
                "interaction": ident,
                "text": self._filled(item, entry),
                "seen": rfc3339(item.made_at),
                "quote": True,
            }
            await self._sending.send(actor, data, beside=partial(bulk_rows.mark_or_refuse, item=item, to="answered"))
        else:
            ended = WorkEnded(
                interaction=ident, agent=actor, ended_by="agent", outcome=Outcome.HANDLED, skip_wrapup=True
            )
            if entry is not None and entry.agent == actor:
                with suppress(ConflictError, ForbiddenError, NotFoundError):  # who has it since ends it
                    await self._desk.dispatcher.submit(ended)
            await self._desk.store.write(partial(bulk_rows.mark, item=item, to="done"), urgent=True)

    async def _take(self, item: Item) -> None:
        """Take a contact from its line; where the batch was undone in this moment it goes back."""
        submit, taken = self._desk.dispatcher.submit, [False]

        def beside(conn: WriteConn) -> None:
            taken[0] = bulk_rows.mark(conn, item, "taken")

        pull = SupervisorSet(actor=item.actor, action="pull", interaction=item.interaction, agent=item.actor)
        await submit(pull, beside=beside)
        if not taken[0]:
            await submit(SupervisorSet(actor=item.actor, action="requeue", interaction=item.interaction))

    async def _leave(self, item: Item, reason: str) -> None:
        """Leave a contact alone; one that was taken goes back to its place in line."""
        log.info("bulk.skipped", interaction=item.interaction, reason=reason)
        entry = self._desk.book.get(item.interaction)
        if item.state == "taken" and entry is not None and entry.agent == item.actor:
            with suppress(ConflictError, ForbiddenError, NotFoundError):  # it went at this moment
                await self._desk.dispatcher.submit(
                    SupervisorSet(actor=item.actor, action="requeue", interaction=item.interaction)
                )
        await self._desk.store.write(partial(bulk_rows.mark, item=item, to="skipped", reason=reason), urgent=True)

    def _filled(self, item: Item, entry: Entry) -> str:
        """Return the answer as this customer gets it.

        Raises:
            ConflictError: nobody knows what stands in one of its places (`open_place`).
        """
        line = self._desk.rules.policy.lines.get(entry.line)
        values = {
            "customer_name": entry.customer_name,
            "agent_name": self._desk.roster.name(item.actor),
            "line": line.label["zh" if entry.language == "zh" else "en"] if line is not None else "",
            "subject": entry.subject,
            "date": f"{self._desk.clock.now():%Y-%m-%d}",
        }
        if any(not values[name] for name in fields(item.body) if name in values):
            text = "nobody knows what stands in one of its places"
            raise ConflictError(text, code="open_place")
        return fill(item.body, values)


def _act(actor: Actor, action: str, batch: str, detail: Mapping[str, Any]) -> audit.Entry:
    return audit.Entry(actor=actor.id, action=action, object_kind="bulk_batch", object_id=batch, detail=detail)

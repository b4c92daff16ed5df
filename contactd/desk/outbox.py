"""The one way out: what an agent sent is queued in the unit that stored it, and delivered from here, at least once.

The form in which a message leaves is fixed when it is queued, with a stable id: a second copy can be told as one.  Attempts
follow Postfix's habit (doubling pauses, five days) with jitter; a destination gets one attempt at a time, in order, and what
was put off holds up only what goes there after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from contactd.clock import Clock, rfc3339
from contactd.core.channel import Channel, Delivery, Outgoing
from contactd.core.errors import BusyError, StoreDownError
from contactd.crm_store import heeding_rows, outbox_rows
from contactd.crm_store.store import Store, WriteConn
from contactd.desk.changes import AlertRaised, OutboxChanged
from contactd.desk.effects import Effect
from contactd.desk.idents import Idents
from contactd.desk.parts import Blobs
from contactd.metrics import Metrics

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
LIFE = timedelta(days=5)
LEASE = timedelta(minutes=10)
ATTEMPT_S = 300.0
MOST_HEEDED = 200
"""Scheduled messages that are looked at once more together; more are due a moment later."""
ATTEMPTS = 20
"""Attempts that are under way at a time."""
UNWRITTEN_S = 1.0
"""Pause before what became of an attempt is written once more: what is not written is sent a second time."""
LONGEST_SLEEP_S = 60.0
MAYBE_PAUSE = timedelta(minutes=15)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """What is written after an attempt."""

    state: str
    shown: str
    next_at: datetime
    ended_at: datetime | None
    counted: bool = True


def pause(attempts: int, spread: float) -> timedelta:
    """Return how long to wait after the `attempts`-th attempt (from 1): doubling from 1 minute to 1 hour.

    `spread` from 0 to 1 takes off up to a quarter, so that what failed together does not come again together.
    """
    whole: timedelta = min(FIRST_PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)
    return whole * (1 - 0.25 * spread)


def settle(row: Any, delivery: Delivery, now: datetime, spread: float) -> Settled:
    """Decide what follows an attempt on `row` (attempts before this one, state, due_at)."""
    if delivery.status == "wait":
        return Settled("queued", "queued", max(delivery.after or now + FIRST_PAUSE, now), None, counted=False)
    if delivery.status == "sent":
        return Settled("sent", "sent", now, now)
    if delivery.status == "maybe":
        if row.state == "maybe":
            return Settled("maybe", "maybe", now, now)
        return Settled("maybe", "maybe", now + MAYBE_PAUSE, None)
    if delivery.status == "failed" or now - row.due_at >= LIFE:
        return Settled("failed", "failed", now, now)
    return Settled("queued", "retrying", now + pause(row.attempts + 1, spread), None)


class Outbox:
    """Delivers what is queued."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        clock: Clock,
        idents: Idents,
        publish: Callable[[list[Effect]], None],
        spread: Callable[[], float],
        delivered: Callable[[str], Awaitable[None]],
        metrics: Metrics | None = None,
    ) -> None:
        """Deliver through `channels`; `delivered(message)` shows a message as it stands now."""
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._idents = idents
        self._publish = publish
        self._spread = spread
        self._delivered = delivered
        self._metrics = metrics or Metrics()
        self.channels: dict[str, Channel] = {}
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self.failures = 0

    def wake(self) -> None:
        """Look for due messages now: one was just queued."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            self._wake.clear()
            try:
                rows = await self._claim()
            except (BusyError, StoreDownError):
                rows = []
            for row in rows:
                task = asyncio.create_task(self._deliver(row), name="outbox")
                self._running.add(task)
                task.add_done_callback(self._ended)
            if not rows:
                await self._sleep()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Make room for the next attempt, and look for one: this one's end may have been what others waited for."""
        self._running.discard(task)
        self._wake.set()

    async def settle_all(self) -> None:
        """Wait a moment for attempts under way; what is cut off is tried again under its lease."""
        if self._running:
            await asyncio.wait(self._running, timeout=2)

    async def _claim(self) -> list[Any]:
        room = ATTEMPTS - len(self._running)
        if room <= 0:
            return []
        now = self._clock.now()

        def unit(conn: WriteConn) -> tuple[list[Any], list[Any]]:
            held = heeding_rows.look_again(conn, now, MOST_HEEDED)
            return held, outbox_rows.claim(conn, now, LEASE, room)

        held, rows = await self._store.write(unit, urgent=True)
        for row in held:
            log.info("outbox.held", interaction=row.interaction_id, outbox=row.id)
            await self._delivered(row.message_id)
            self.tell(row.agent)
        return rows

    async def _sleep(self) -> None:
        try:
            due = await self._store.read(outbox_rows.next_due)
        except (BusyError, StoreDownError):
            due = self._clock.now() + timedelta(seconds=1)
        wait = LONGEST_SLEEP_S if due is None else (due - self._clock.now()).total_seconds()
        if wait <= 0:
            # What is due and was not claimed waits for an attempt under way: its end wakes us.
            wait = 1.0 if self._running else 0.05
        # Not wait_for: in Python 3.11 it can swallow a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(min(max(wait, 0.05), LONGEST_SLEEP_S)):
                await self._wake.wait()

    async def _deliver(self, row: Any) -> None:
        """Make one attempt and write what became of it."""
        delivery = await self._attempt(row)
        now = self._clock.now()
        settled = settle(row, delivery, now, self._spread())
        unit = partial(
            outbox_rows.settle,
            row=row,
            state=settled.state,
            shown=settled.shown,
            next_at=settled.next_at,
            now=now,
            ended_at=settled.ended_at,
            error=delivery.detail,
            provider_id=delivery.provider_id,
            fates=delivery.fates if settled.ended_at is not None else (),
            counted=settled.counted,
        )
        await self._write(unit)
        log.info("outbox.attempt", interaction=row.interaction_id, outbox=row.id, status=settled.state)
        self._metrics.sent.labels(channel=row.channel, status=settled.state).inc()
        await self._delivered(row.message_id)
        if settled.state == "failed":
            self.failures += 1
            self._raise_alert(row, now, delivery.detail)
        if settled.state == "failed" or row.attempts:
            self.tell(row.agent)

    async def _write(self, unit: Callable[[Any], None]) -> None:
        """Write what became of an attempt, however long the store is away."""
        while True:
            try:
                await self._store.write(unit, urgent=True)
            except (BusyError, StoreDownError):
                await asyncio.sleep(UNWRITTEN_S)
            else:
                return

    def tell(self, agent: str | None) -> None:
        """Let the consoles of an agent know that their outbox is no longer what it was."""
        if agent is not None:
            self._publish([OutboxChanged(agent=agent)])

    async def followed(self, row: Any, became: str, detail: str) -> None:
        """Show what became of a message after it was handed over; that it failed is told to supervisors."""
        await self._delivered(row.message_id)
        if became == "failed":
            self.failures += 1
            self._raise_alert(row, self._clock.now(), detail)

    async def _attempt(self, row: Any) -> Delivery:
        channel = self.channels.get(row.channel)
        if channel is None:
            return Delivery(status="retry", detail="no channel delivers this")
        payload = row.payload if row.payload is not None else await self._blobs.load(row.payload_blob)
        outgoing = Outgoing(
            id=row.id,
            interaction=row.interaction_id,
            message=row.message_id,
            attempt=row.attempts + 1,
            payload=payload,
            meta=row.meta,
        )
        try:
            async with asyncio.timeout(ATTEMPT_S):
                return await channel.deliver(outgoing)
        except TimeoutError:
            return Delivery(status="maybe", detail="no answer in time")
        except Exception as error:  # a channel that fails is tried again, the message stays
            log.exception("outbox.deliver_failed", outbox=row.id)
            return Delivery(status="retry", detail=type(error).__name__)

    def _raise_alert(self, row: Any, now: datetime, detail: str) -> None:
        alert = {"id": self._idents.new(), "at": rfc3339(now), "kind": "delivery_failed", "agent": None, "line": None}
        self._publish([AlertRaised(alert=alert | {"interaction": row.interaction_id, "detail": detail[:200]})])

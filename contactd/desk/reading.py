"""Reading: what was accepted raw is understood in worker processes and then placed.

What waits is in the store (`received`), not in memory: this only keeps receipts.  A worker that dies on some bytes is counted
there; the second death puts the interaction in quarantine.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from contactd.core.channel import Arrival, Content, Reader
from contactd.core.errors import BusyError, ConflictError, NotFoundError, StoreDownError
from contactd.core.interaction import State
from contactd.crm_store import reading_rows
from contactd.crm_store.store import Store
from contactd.desk.intake import Intake
from contactd.desk.parts import Blobs

GROUP = 32
"""Arrivals fetched and read together at most."""
AT_ONCE = 4
"""Groups under way."""
DEATHS = 2
PAUSE_S = 0.5

Work = Callable[..., Awaitable[Any]]

log = structlog.get_logger(__name__)


def read_group(reader: Reader, raws: list[tuple[bytes, Mapping[str, Any]]]) -> list[Content | None]:
    """Read several raw items in one worker call; None for one whose reader raised (it is then read alone)."""
    return [_read_one(reader, raw, envelope) for raw, envelope in raws]


def _read_one(reader: Reader, raw: bytes, envelope: Mapping[str, Any]) -> Content | None:
    try:
        return reader(raw, envelope)
    except Exception:  # noqa: BLE001 - a reader is total by contract; one that is not must not spoil its neighbours
        return None


class Reading:
    """Reads what intake accepted raw."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        intake: Intake,
        work: Work,
        died: tuple[type[Exception], ...],
    ) -> None:
        """Run readers by `work`, which raises one of `died` when the worker is lost or takes too long."""
        self._store = store
        self._blobs = blobs
        self._intake = intake
        self._work = work
        self._died = died
        self.readers: dict[str, Reader] = {}
        self._waiting: deque[str] = deque()
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many receipts wait to be read."""
        return len(self._waiting)

    def add(self, receipt: str) -> None:
        """Put a receipt in line."""
        self._waiting.append(receipt)
        self._wake.set()

    async def run(self) -> None:
        """Read for ever: first what an earlier run left, then what comes."""
        for receipt in await self._store.read(reading_rows.unread_receipts):
            if receipt not in self._waiting:
                self._waiting.append(receipt)
        slots = asyncio.Semaphore(AT_ONCE)
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            await slots.acquire()
            size = min(GROUP, max(1, len(self._waiting) // 2))
            group = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
            task = asyncio.create_task(self._read(group), name="reading")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            task.add_done_callback(lambda _done: slots.release())

    async def settle(self) -> None:
        """Wait for the groups under way, when stopping; the rest is read after the next start."""
        if self._running:
            await asyncio.wait(self._running, timeout=3)

    async def replay(self, interaction: str) -> None:
        """Read a quarantined interaction's raw bytes again and place it.

        Raises:
            NotFoundError: there is no such interaction with raw bytes.
            ConflictError: it is not in quarantine, or still cannot be read.
        """
        receipt = await self._store.read(lambda conn: reading_rows.receipt_of(conn, interaction))
        rows = await self._store.read(lambda conn: reading_rows.arrivals(conn, [receipt or ""]))
        if not rows:
            message = "there is nothing to replay"
            raise NotFoundError(message)
        if rows[0].state != State.QUARANTINED:
            message = "this is not in quarantine"
            raise ConflictError(message, code="bad_state")
        arrival = await self._arrival(rows[0])
        content = await self._understand(arrival, alone=True)
        if content.quarantine is not None:
            message = "it still cannot be read"
            raise ConflictError(message, code="unreadable")
        await self._intake.place(arrival, content, rows[0].receipt, rows[0].interaction)

    async def _read(self, receipts: list[str]) -> None:
        """Read a group; whatever goes wrong, each receipt stays in the store and is tried again."""
        try:
            await self._read_group(receipts)
        except (BusyError, StoreDownError):
            await asyncio.sleep(PAUSE_S)
            self._waiting.extend(receipts)
            self._wake.set()
        except Exception:  # one bad item must not end reading: each is tried by itself
            log.exception("reading.failed", receipts=len(receipts))
            for receipt in receipts:
                await self._read_alone(receipt)

    async def _read_group(self, receipts: list[str]) -> None:
        rows = await self._store.read(lambda conn: reading_rows.arrivals(conn, receipts))
        fresh = [row for row in rows if row.state == State.RECEIVED]
        by_channel: dict[str, list[Any]] = {}
        for row in fresh:
            by_channel.setdefault(row.channel, []).append(row)
        for channel, group in by_channel.items():
            items = [(row, await self._arrival(row)) for row in group]
            contents = await self._contents(channel, [arrival for _, arrival in items])
            await asyncio.gather(
                *(self._settle_one(row, arrival, made) for (row, arrival), made in zip(items, contents, strict=True)),
            )

    async def _contents(self, channel: str, arrivals: list[Arrival]) -> list[Content | None]:
        reader = self.readers.get(channel)
        if reader is None:
            return [Content(quarantine="no channel reads this")] * len(arrivals)
        try:
            pairs = [(arrival.raw, dict(arrival.envelope)) for arrival in arrivals]
            made: list[Content | None] = await self._work(read_group, reader, pairs)
        except self._died:
            return [None] * len(arrivals)
        return made

    async def _settle_one(self, row: Any, arrival: Arrival, content: Content | None) -> None:
        if content is None:
            await self._read_alone(row.receipt)
        elif content.quarantine is not None:
            await self._intake.quarantine(row.interaction, content.quarantine)
        else:
            await self._intake.place(arrival, content, row.receipt, row.interaction)

    async def _read_alone(self, receipt: str) -> None:
        """Read one item by itself; a second death or a failure puts it in quarantine."""
        rows = await self._store.read(lambda conn: reading_rows.arrivals(conn, [receipt]))
        if not rows or rows[0].state != State.RECEIVED:
            return
        row = rows[0]
        arrival = await self._arrival(row)
        try:
            content = await self._understand(arrival, alone=False)
        except self._died as error:
            await self._store.write(lambda conn: reading_rows.count_death(conn, receipt), urgent=True)
            if row.deaths + 1 >= DEATHS:
                await self._intake.quarantine(row.interaction, f"worker died: {type(error).__name__}")
            else:
                self.add(receipt)
            return
        except Exception as error:  # the item is put aside with the reason
            log.exception("reading.failed_alone", interaction=row.interaction)
            content = Content(quarantine=f"reader failed: {type(error).__name__}")
        if content.quarantine is not None:
            await self._intake.quarantine(row.interaction, content.quarantine)
        else:
            await self._place_alone(row, arrival, content)

    async def _place_alone(self, row: Any, arrival: Arrival, content: Content) -> None:
        try:
            await self._intake.place(arrival, content, row.receipt, row.interaction)
        except (BusyError, StoreDownError):
            self.add(row.receipt)
        except Exception as error:  # what cannot be placed is put aside, never lost
            log.exception("reading.unplaceable", interaction=row.interaction)
            await self._intake.quarantine(row.interaction, f"cannot be placed: {type(error).__name__}")

    async def _understand(self, arrival: Arrival, *, alone: bool) -> Content:
        reader = self.readers.get(arrival.channel)
        if reader is None:
            return Content(quarantine="no channel reads this")
        try:
            content: Content = await self._work(reader, arrival.raw, dict(arrival.envelope))
        except self._died as error:
            if not alone:
                raise
            return Content(quarantine=f"worker died: {type(error).__name__}")
        return content

    async def _arrival(self, row: Any) -> Arrival:
        raw = row.inline if row.inline is not None else await self._blobs.load(row.blob)
        return Arrival(
            channel=row.channel,
            adapter=row.adapter,
            external_key=row.external_key,
            raw=raw,
            at=row.started_at,
            sender=row.raw_from,
            recipient=row.raw_to,
            line=row.line,
            line_text=row.line_text,
            subject=row.subject,
            envelope=row.envelope,
            direction=row.direction,
            routed_by=row.routed_by,
        )

"""Reading: what was accepted raw is understood in worker processes and then placed.

What waits is in the store (`received`); what was accepted a moment ago is kept in memory as well, within bounds, so that
it need not be fetched again.  A worker that dies on some bytes is counted in the store; the second death puts the
interaction in quarantine.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import structlog

from contactd.core.channel import Arrival, Content, Reader
from contactd.core.errors import BusyError, ConflictError, NotFoundError, StoreDownError, WorkersClosedError
from contactd.core.interaction import State
from contactd.crm_store import reading_rows
from contactd.crm_store.store import Store
from contactd.desk.finding_out import FindingOut
from contactd.desk.intake import Intake, Unread
from contactd.desk.parts import Blobs
from contactd.desk.putting_off import PuttingOff

GROUP = 32
"""Arrivals fetched, and placed, together at most."""
GROUP_BYTES = 1024 * 1024
"""Raw bytes one worker call reads at most (or one arrival): its members share the call's memory and time limits."""
AT_ONCE = 2
"""Groups under way: what comes meanwhile makes the next one larger, and larger groups cost less for each arrival."""
CROWD = 4
"""Arrivals in one group from which on the next group waits for as many as come in `LINGER_S`."""
LINGER_S = 0.03
HELD_BYTES = 32 * 1024 * 1024
"""Raw bytes kept in memory while they wait; beyond it they are fetched from the store."""
DEATHS = 2

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
        self.settings: dict[str, Mapping[str, Any]] = {}
        """What a channel's reader is told about each of its arrivals, beside the envelope."""
        self.finding_out = FindingOut(self.add)
        self._waiting: deque[Unread] = deque()
        self._held = 0
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self.put_off = PuttingOff(self.add)

    @property
    def waiting(self) -> int:
        """How many receipts wait to be read."""
        return len(self._waiting)

    def add(self, unread: Unread) -> None:
        """Put something in line."""
        if unread.arrival is not None:
            size = len(unread.arrival.raw)
            if self._held + size > HELD_BYTES:
                unread = replace(unread, arrival=None)
            else:
                self._held += size
        self._waiting.append(unread)
        self._wake.set()

    async def run(self) -> None:
        """Read for ever: first what an earlier run left, then what comes."""
        known = {one.receipt for one in self._waiting}
        for receipt, interaction in await self._store.read(reading_rows.unread_receipts):
            if receipt not in known:
                self._waiting.append(Unread(receipt, interaction))
        slots = asyncio.Semaphore(AT_ONCE)
        last = 0
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            await slots.acquire()
            if last >= CROWD and len(self._waiting) < GROUP:
                await asyncio.sleep(LINGER_S)
            group = self._next_group()
            last = len(group)
            task = asyncio.create_task(self._read(group), name="reading")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            task.add_done_callback(lambda _done: slots.release())

    def _next_group(self) -> list[Unread]:
        group = [self._waiting.popleft() for _ in range(min(GROUP, len(self._waiting)))]
        self._held -= sum(len(one.arrival.raw) for one in group if one.arrival is not None)
        return group

    async def settle(self) -> None:
        """Wait for the groups under way, when stopping; the rest is read after the next start."""
        self.finding_out.stop()
        self._waiting.clear()  # nothing new is begun meanwhile
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

    async def _read(self, group: list[Unread]) -> None:
        """Read a group; whatever goes wrong, each receipt stays in the store and is tried again."""
        try:
            await self._read_group(group)
        except (BusyError, StoreDownError, WorkersClosedError) as error:
            log.warning("reading.put_off", receipts=len(group), error=type(error).__name__)
            for unread in group:
                self.put_off.later(unread)
        except Exception:  # one bad item must not end reading: each is tried by itself
            log.exception("reading.failed", receipts=len(group))
            for unread in group:
                await self._read_alone_or_later(unread)

    async def _read_alone_or_later(self, unread: Unread) -> None:
        """Read one item by itself; where store or disk do not allow it now, put it in line again."""
        try:
            try:
                await self._read_alone(unread)
            except (BusyError, StoreDownError, WorkersClosedError, OSError):
                raise
            except Exception as error:  # whatever it is, it will be the same next time
                log.exception("reading.unreadable", interaction=unread.interaction)
                await self._intake.quarantine(unread.interaction, f"cannot be read: {type(error).__name__}")
        except Exception as error:  # noqa: BLE001 - nothing that was accepted may be forgotten until the next start
            log.warning("reading.put_off", interaction=unread.interaction, error=type(error).__name__)
            self.put_off.later(unread)

    async def _read_group(self, group: list[Unread]) -> None:
        for channel, items in (await self._at_hand(group)).items():
            ready = [(unread, arrival) for unread, arrival in items if not self.finding_out.begins(unread, arrival)]
            for part in _parts(ready):
                contents = await self._contents(channel, part)
                await self._settle(
                    [(unread, arrival, made) for (unread, arrival), made in zip(part, contents, strict=True)],
                )

    async def _at_hand(self, group: list[Unread]) -> dict[str, list[tuple[Unread, Arrival]]]:
        """Return each arrival that still waits, by channel; what is not in memory is fetched."""
        found = {one.receipt: one.arrival for one in group if one.arrival is not None}
        missing = [one.receipt for one in group if one.arrival is None]
        if missing:
            for row in await self._store.read(lambda conn: reading_rows.arrivals(conn, missing)):
                if row.state == State.RECEIVED:
                    found[row.receipt] = await self._arrival(row)
        by_channel: dict[str, list[tuple[Unread, Arrival]]] = {}
        for unread in group:
            arrival = found.get(unread.receipt)
            if arrival is not None:
                by_channel.setdefault(arrival.channel, []).append((unread, arrival))
        return by_channel

    async def _contents(self, channel: str, items: list[tuple[Unread, Arrival]]) -> list[Content | None]:
        reader = self.readers.get(channel)
        if reader is None:
            return [Content(quarantine="no channel reads this")] * len(items)
        try:
            found = self.finding_out.found
            pairs = [(arrival.raw, self._envelope(arrival, found(unread.receipt))) for unread, arrival in items]
            made: list[Content | None] = await self._work(read_group, reader, pairs)
        except WorkersClosedError:
            raise
        except self._died:
            return [None] * len(items)
        return made

    async def _settle(self, read: list[tuple[Unread, Arrival, Content | None]]) -> None:
        """Place what could be read, together; what fails is tried, or put aside, by itself."""
        good = [(unread, arrival, made) for unread, arrival, made in read if made is not None and not made.quarantine]
        try:
            if good:
                await self._intake.place_all(good)
                self.put_off.went_well()
        except (BusyError, StoreDownError):
            raise
        except Exception:  # one of them cannot be placed: each by itself then
            log.exception("reading.group_failed", receipts=len(good))
            for unread, arrival, made in good:
                await self._place_alone(unread, arrival, made)
        for unread, _, content in read:
            if content is None:
                await self._read_alone(unread)
            elif content.quarantine:
                await self._intake.quarantine(unread.interaction, content.quarantine)

    async def _read_alone(self, unread: Unread) -> None:
        """Read one item by itself; a second death or a failure puts it in quarantine."""
        receipt = unread.receipt
        rows = await self._store.read(lambda conn: reading_rows.arrivals(conn, [receipt]))
        if not rows or rows[0].state != State.RECEIVED:
            return
        row = rows[0]
        try:
            arrival = await self._arrival(row)
        except NotFoundError:
            await self._intake.quarantine(row.interaction, "the raw bytes are missing")
            return
        try:
            content = await self._understand(arrival, alone=False)
        except WorkersClosedError:  # the server stops: nothing is known against these bytes
            raise
        except self._died as error:
            await self._store.write(lambda conn: reading_rows.count_death(conn, receipt), urgent=True)
            if row.deaths + 1 >= DEATHS:
                await self._intake.quarantine(row.interaction, f"worker died: {type(error).__name__}")
            else:
                self.add(replace(unread, arrival=None))
            return
        except Exception as error:  # the item is put aside with the reason
            log.exception("reading.failed_alone", interaction=row.interaction)
            content = Content(quarantine=f"reader failed: {type(error).__name__}")
        if content.quarantine is not None:
            await self._intake.quarantine(row.interaction, content.quarantine)
        else:
            await self._place_alone(unread, arrival, content)

    async def _place_alone(self, unread: Unread, arrival: Arrival, content: Content) -> None:
        try:
            await self._intake.place(arrival, content, unread.receipt, unread.interaction)
            self.put_off.went_well()
        except (BusyError, StoreDownError):
            self.put_off.later(unread)
        except Exception as error:  # what cannot be placed is put aside, never lost
            log.exception("reading.unplaceable", interaction=unread.interaction)
            await self._intake.quarantine(unread.interaction, f"cannot be placed: {type(error).__name__}")

    async def _understand(self, arrival: Arrival, *, alone: bool) -> Content:
        reader = self.readers.get(arrival.channel)
        if reader is None:
            return Content(quarantine="no channel reads this")
        try:
            found = await self.finding_out.now(arrival)
            content: Content = await self._work(reader, arrival.raw, self._envelope(arrival, found))
        except self._died as error:
            if not alone or isinstance(error, WorkersClosedError):
                raise
            return Content(quarantine=f"worker died: {type(error).__name__}")
        return content

    def _envelope(self, arrival: Arrival, found: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a reader is told beside the raw bytes."""
        return {**arrival.envelope, **found, **self.settings.get(arrival.channel, {})}

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


def _parts(items: list[tuple[Unread, Arrival]]) -> Iterator[list[tuple[Unread, Arrival]]]:
    """Part arrivals so that no worker call has more bytes than it should."""
    part: list[tuple[Unread, Arrival]] = []
    size = 0
    for unread, arrival in items:
        if part and size + len(arrival.raw) > GROUP_BYTES:
            yield part
            part, size = [], 0
        part.append((unread, arrival))
        size += len(arrival.raw)
    if part:
        yield part

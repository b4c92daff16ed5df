"""The dispatcher: the one task that owns the router.

It takes all waiting facts (at most 500, or what 5 ms allow), lets the router decide one after another, writes the journal and
every consequence in ONE unit, and only after that commit lets the wishes take effect, in order.  Facts that arrive meanwhile form
the next batch.  When anything fails, memory is thrown away and read back from the store: start-up, crash and error are one path.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog

from contactd.clock import Clock
from contactd.core.effects import Refuse, Wish
from contactd.core.errors import ConflictError, StoreDownError
from contactd.core.events import CheckpointAsked, Fact
from contactd.core.journal import CHECKPOINT, RESTART, TICK, VERSION, encode, encode_wishes
from contactd.crm_store.routing_rows import LeaseLostError, write_batch
from contactd.crm_store.store import Store, WriteConn
from contactd.desk.checkpoints import Checkpoints
from contactd.desk.effects import Effect
from contactd.desk.facts import Decider, Restoring, Seen, Waiting, fail, refusal
from contactd.desk.ledger import Ledger
from contactd.desk.rows import Rows
from contactd.metrics import Metrics

BATCH = 500
BATCH_S = 0.005
RETRY_S = 1.0
END_S = 3.0
"""How long a stop waits for the last rows of the journal."""

log = structlog.get_logger(__name__)


class Dispatcher:
    """Feeds the router and carries out what it decides."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ledger: Ledger,
        rebuild: Callable[[], Awaitable[Restoring]],
        shown: Callable[[], Awaitable[None]],
        publish: Callable[[list[Effect]], None],
        quarantine: Callable[[Fact, str], Awaitable[None]],
        epoch: int,
        metrics: Metrics | None = None,
    ) -> None:
        """Own the router that `rebuild` makes; `shown` lets consoles see all anew; `epoch` fences the writes."""
        self._store = store
        self._clock = clock
        self._ledger = ledger
        self._rebuild = rebuild
        self._shown = shown
        self._held_back: list[Effect] = []
        self._publish = publish
        self._quarantine = quarantine
        self._epoch = epoch
        self._metrics = metrics or Metrics()
        self._router: Decider | None = None
        self._checkpoints = Checkpoints()
        self._queue: deque[Waiting] = deque()
        self._inbox_seen = Seen()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._ready = asyncio.Event()
        self._ended = asyncio.Event()
        self._last = datetime(1970, 1, 1, tzinfo=UTC)
        self._stopping = False
        self.lost_lease = False
        self.last_commit: float | None = None

    @property
    def router(self) -> Decider | None:
        """The live router; only to be read."""
        return self._router

    @property
    def waiting(self) -> int:
        """How many facts wait."""
        return len(self._queue)

    def knows(self, inbox_id: str) -> bool:
        """Say whether a fact of the inbox is in hand, or was lately."""
        return inbox_id in self._inbox_seen

    def feed(self, fact: Fact, inbox_id: str | None = None, prepare: Callable[[], None] | None = None) -> None:
        """Put a fact that is already safe in the inbox in line, once."""
        if inbox_id is None or inbox_id not in self._inbox_seen:
            self._enqueue(Waiting(fact, inbox_id, None, prepare))

    def _enqueue(self, waiting: Waiting) -> None:
        self._inbox_seen.add(waiting)
        self._queue.append(waiting)
        self._wake.set()

    async def submit(
        self,
        fact: Fact,
        prepare: Callable[[], None] | None = None,
        inbox_id: str | None = None,
        beside: Callable[[WriteConn], None] | None = None,
    ) -> list[Wish]:
        """Put a fact in line; return the router's wishes after their commit.

        `beside` is written in the unit of the decision, unless the router refuses: both are there, or neither is.
        `inbox_id`: the unit that made the fact put it in the inbox under this id.  Where a look into the inbox brought it
        in just before, this waits for that one; no wishes are returned when its decision is committed already.

        Raises:
            ConflictError, NotFoundError, ForbiddenError: the router refused it; nothing changed.
            StoreDownError: it could not be committed.
        """
        if self._stopping:
            text = "the server is stopping"
            raise StoreDownError(text)
        if inbox_id is not None and inbox_id in self._inbox_seen:  # a look into the inbox was faster
            waiting = self._inbox_seen[inbox_id]
        else:
            waiting = Waiting(fact, inbox_id, None, prepare, beside)
            self._enqueue(waiting)
        if waiting is None:
            return []
        waiting.done = waiting.done or asyncio.get_running_loop().create_future()
        wishes = await waiting.done
        for wish in wishes:
            if isinstance(wish, Refuse):
                raise refusal(wish)
        return wishes

    def nudge(self) -> None:
        """Look at the clock again: it was moved, or a deadline may be due."""
        self._wake.set()

    async def ready(self) -> None:
        """Wait until the router stands as the store says."""
        await self._ready.wait()

    async def run(self) -> None:
        """Work until `drain`."""
        await self._restore()
        self._ready.set()
        while not self.lost_lease:
            await self._await_work()
            if not self._queue and self._stopping and not self._due():
                break
            batch = self._next_batch()
            try:
                await self._handle(batch)
            except LeaseLostError:
                self._lose(batch)
            except Exception:  # any failure leads to the one recovery path
                log.exception("dispatch.failed", facts=len(batch))
                await self._recover(batch)
            if not self._queue:
                self._idle.set()
        await self._last_checkpoint()
        self._ended.set()

    async def drain(self) -> None:
        """Wait until every fact in hand is committed, then end `run`."""
        self._stopping = True
        self._wake.set()
        if self._queue and not self._ended.is_set():
            self._idle.clear()
            await self._idle.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self._ended.wait()

    def _due(self) -> bool:
        deadline = self._router.next_deadline() if self._router else None
        return deadline is not None and deadline <= self._clock.now()

    async def _await_work(self) -> None:
        """Sleep until a fact comes or a deadline is due."""
        if self._queue or self._stopping:
            return
        self._wake.clear()
        deadline = self._router.next_deadline() if self._router else None
        timeout = None if deadline is None else max((deadline - self._clock.now()).total_seconds(), 0.0)
        # Not wait_for: in Python 3.11 it can swallow a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._wake.wait()

    def _next_batch(self) -> list[Waiting]:
        batch: list[Waiting] = []
        while self._queue and len(batch) < BATCH:
            batch.append(self._queue.popleft())
        return batch

    def _now(self) -> datetime:
        """Return a time that never goes back."""
        self._last = max(self._last, self._clock.now())
        return self._last

    async def _handle(self, batch: list[Waiting]) -> None:
        """Decide and commit a batch, then let it take effect."""
        began = self._clock.monotonic()
        rows = Rows()
        answers: list[tuple[Waiting, list[Wish]]] = []
        for waiting in batch:
            answers.append((waiting, self._decide(waiting, rows)))
            if self._clock.monotonic() - began > BATCH_S:
                break
        self._queue.extendleft(reversed(batch[len(answers) :]))
        del batch[len(answers) :]
        if self._due():
            self._tick(rows)
        if self._router is not None and self._checkpoints.due(self._now(), self._router.seq, quiet=not self._queue):
            self._checkpoint(rows)
        if not rows.journal:
            return
        effects = await self._commit(rows)
        self._publish(effects)
        self._metrics.batch.observe(self._clock.monotonic() - began)
        for waiting, wishes in answers:
            self._inbox_seen.done(waiting)
            if waiting.done is not None and not waiting.done.done():
                waiting.done.set_result(wishes)

    def _decide(self, waiting: Waiting, rows: Rows) -> list[Wish]:
        if self._router is None:
            text = "the router is not there"
            raise StoreDownError(text)
        if waiting.prepare is not None:
            waiting.prepare()
        if isinstance(waiting.fact, CheckpointAsked):
            self._checkpoint(rows)
            wishes: list[Wish] = []
        else:
            now = self._now()
            wishes = self._router.handle(waiting.fact, now)
            self._ledger.record(wishes, now)
            self._journal(rows, type(waiting.fact).__name__, encode(waiting.fact), wishes, now)
        if waiting.beside is not None and not any(isinstance(wish, Refuse) for wish in wishes):
            rows.beside.append(waiting.beside)
        if waiting.inbox_id is not None:
            rows.consumed.append({"b_id": waiting.inbox_id, "b_consumed_seq": self._router.seq})
        return wishes

    def _tick(self, rows: Rows) -> None:
        assert self._router is not None  # noqa: S101 - _due() saw it
        now = self._now()
        before = self._router.seq
        wishes = self._router.tick(now)
        if self._router.seq != before:
            self._ledger.record(wishes, now)
            self._journal(rows, TICK, {"v": VERSION}, wishes, now)

    def _checkpoint(self, rows: Rows) -> None:
        """Write the router's fingerprint into the journal."""
        assert self._router is not None  # noqa: S101 - the caller has it
        now = self._now()
        payload = {"v": VERSION, "digest": self._router.checkpoint(now), "policy": self._router.version}
        self._journal(rows, CHECKPOINT, payload, [], now)
        self._checkpoints.made(now, self._router.seq)

    async def _last_checkpoint(self) -> None:
        """Leave the router's fingerprint behind when stopping; a start makes up for one that cannot be written."""
        if self.lost_lease or self._router is None or not self._checkpoints.moved(self._router.seq):
            return
        rows = Rows()
        self._checkpoint(rows)
        try:
            await self._commit(rows)
        except (LeaseLostError, StoreDownError):
            log.warning("router.last_checkpoint_failed")

    def _journal(self, rows: Rows, kind: str, payload: dict[str, Any], wishes: list[Wish], now: datetime) -> None:
        assert self._router is not None  # noqa: S101 - the caller has it
        rows.journal.append(
            {
                "seq": self._router.seq,
                "epoch": self._epoch,
                "at": now,
                "kind": kind,
                "version": VERSION,
                "payload": payload,
                "wishes": encode_wishes(wishes),
            },
        )

    async def _commit(self, rows: Rows) -> list[Effect]:
        booked, effects = self._ledger.take()
        booked.journal, booked.consumed, booked.beside = rows.journal, rows.consumed, rows.beside
        epoch = self._epoch

        def unit(conn: WriteConn) -> None:
            write_batch(conn, booked, epoch)
            for beside in booked.beside:
                beside(conn)

        await self._store.write(unit, urgent=True)
        self.last_commit = self._clock.monotonic()
        return effects

    def _lose(self, batch: list[Waiting]) -> None:
        """Stop deciding: another node holds the router now."""
        log.error("router.lease_lost")
        self.lost_lease = True
        for waiting in (*batch, *self._queue):
            fail(waiting, StoreDownError("another node holds the router"))
        self._queue.clear()
        self._idle.set()

    async def _recover(self, batch: list[Waiting]) -> None:
        """Read everything back and feed the failed facts again, each alone; what fails alone twice is put aside."""
        await self._restore()
        for waiting in batch:
            if waiting.prepare is not None:
                waiting.prepare()
            await self._alone(waiting)

    async def _alone(self, waiting: Waiting) -> None:
        while waiting.tries < 2:  # noqa: PLR2004 - a fact that fails alone twice
            waiting.tries += 1
            try:
                await self._handle([waiting])
            except LeaseLostError:
                self._lose([waiting])
                return
            except StoreDownError as error:
                self._inbox_seen.forget(waiting)
                fail(waiting, error)
                await self._restore()
                return
            except Exception:  # the second failure quarantines it
                log.exception("dispatch.failed_alone", kind=type(waiting.fact).__name__)
                await self._restore()
            else:
                return
        await self._quarantine(waiting.fact, waiting.inbox_id or "")
        fail(waiting, ConflictError("this could not be processed and was put aside", code="quarantined"))

    async def _restore(self) -> None:
        """Rebuild book, roster and router from the store, trying until the store answers."""
        while not self.lost_lease:
            self._ledger.forget()
            try:
                await self._restore_once()
            except LeaseLostError:
                self._lose([])
            except Exception:  # the store may come back
                log.exception("router.rebuild_failed")
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _restore_once(self) -> None:
        """Make a new router and tell it what stands in the store; its answers are journaled like any other."""
        restored = await self._rebuild()
        self._router = restored.router
        for start in range(0, max(len(restored.facts), 1), BATCH):
            rows = Rows()
            if start == 0:
                for offer, offered_at in restored.offers:
                    self._ledger.restore_offer(offer, offered_at)
                now = self._now()
                payload = {"v": VERSION, "epoch": self._epoch, "policy": self._router.version}
                self._journal(rows, RESTART, payload, [], now)
                self._checkpoints.made(now, self._router.seq)
            for fact in restored.facts[start : start + BATCH]:
                self._decide(Waiting(fact, None, None), rows)
            self._held_back += await self._commit(rows)
        await self._shown()
        held, self._held_back = self._held_back, []
        self._publish(held)

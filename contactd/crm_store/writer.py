"""The one writer of a node: a thread that runs waiting units in one transaction, commits, then answers all of them.

A unit is a function of a `WriteConn`.  Units that wait together share a commit but not their fate: each stands in a savepoint.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import structlog

from contactd.core.errors import BusyError, StoreDownError
from contactd.crm_store.database import Database, for_callers, retry_alone
from contactd.crm_store.jobs import Alike, Hold, Job, Unit, answer, answer_all, run, together
from contactd.crm_store.log_sync import LogSync
from contactd.crm_store.write_conn import CommitUnknownError, TransactionLostError, WriteConn

T = TypeVar("T")
Item = TypeVar("Item")

LIVE_WAITING = 2000
BULK_WAITING = 200
BULK_ROWS = 600
"""Rows a bulk unit may write: by executemany that is 5 to 10 ms."""
BULK_SECONDS = 0.02
"""A bulk unit keeps live ones waiting no longer than this; one that does is logged."""
GROUP = 200
BULK_EVERY = 10
TRIES = 3
CROWD = 3
"""Units in one group from which on the next group waits for as many."""
LATE_S = 0.006
"""How long a group takes in units that come late, and how long at most it waits for them."""
_BACKOFF = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)

log = structlog.get_logger(__name__)


class Writer:
    """Takes units from event loops and runs them on its own thread."""

    def __init__(self, database: Database, observe_commit: Callable[[float], None] | None = None) -> None:
        """Start the thread; `observe_commit` is told the seconds each COMMIT took."""
        self._database = database
        self._observe = observe_commit
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._live: deque[Job] = deque()
        self._bulk: deque[Job] = deque()
        self._turn = 0
        self._crowd = 0
        """Live units in the last group, if they were many."""
        self._took = 0.0
        """Seconds the last COMMIT took, or the sync that followed it."""
        self._log = LogSync(database, self._synced, self._stopping) if database.sqlite else None
        self._syncing = False
        """What was committed is on its way to the disk; until it is there nothing else is committed."""
        self._committed = False
        """The last attempt at a group ended in its COMMIT."""
        self._conn: WriteConn | None = None
        self._hold: Hold | None = None
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many live units wait."""
        return len(self._live)

    def submit(self, unit: Unit[T], *, bulk: bool, urgent: bool) -> asyncio.Future[T]:
        """Queue a unit; the future is resolved on the calling loop after the commit.

        Raises:
            BusyError: too many wait, and this one is not urgent.
            StoreDownError: the writer is stopping.
        """
        loop = asyncio.get_running_loop()
        return self._submit(Job(unit, loop.create_future(), loop, bulk), urgent=urgent)

    def submit_alike(self, unit: Alike[Item, T], item: Item, *, urgent: bool) -> asyncio.Future[T]:
        """Queue one item for `unit`, which is run once for all items that wait for it together.

        When it raises, each item is run by itself, so that they do not share their fate.

        Raises:
            BusyError, StoreDownError: as `submit`.
        """
        loop = asyncio.get_running_loop()
        return self._submit(Job(None, loop.create_future(), loop, bulk=False, alike=unit, item=item), urgent=urgent)

    def _submit(self, job: Job, *, urgent: bool) -> asyncio.Future[Any]:
        """Put a job in line."""
        bulk = job.bulk
        queue, limit = (self._bulk, BULK_WAITING) if bulk else (self._live, LIVE_WAITING)
        with self._changed:
            if self._stopping.is_set():
                message = "the store is closed"
                raise StoreDownError(message)
            if len(queue) >= limit and not urgent:
                message = "too many writes are waiting"
                raise BusyError(message)
            queue.append(job)
            self._changed.notify()
        return job.future

    def stop(self) -> None:
        """Write what waits, then end the thread and close the connection; blocks."""
        with self._changed:
            self._stopping.set()
            if self._hold is not None:
                self._hold.release()
            self._changed.notify()
        self._thread.join()

    def hold(self) -> Hold:
        """Keep every commit from now on, until the returned hold is released."""
        self._hold = Hold()
        return self._hold

    def unhold(self) -> None:
        """End the hold."""
        hold, self._hold = self._hold, None
        if hold is not None:
            hold.release()

    def _run(self) -> None:
        """Serve groups until stopped and nothing waits."""
        while group := self._take():
            self._serve(group)
        self._drop()
        if self._log is not None:
            self._log.stop()

    def _take(self) -> list[Job]:
        """Wait for units and take a group: live ones, and a bulk unit when none are live or its turn has come."""
        with self._changed:
            while not (self._live or self._bulk):
                if self._stopping.is_set():
                    return []
                self._changed.wait()
            self._turn += 1
            group = [self._live.popleft() for _ in range(min(len(self._live), GROUP))]
            if self._bulk and (not group or self._turn % BULK_EVERY == 0):
                group.append(self._bulk.popleft())
            return group

    def _late(self, jobs: list[Job], began: float) -> list[Job]:
        """Return the live units that came while those of the group ran, or while the disk is busy: they share its commit.

        Where many come, it waits for them once: a commit for each few of them costs more than it brings.  Whoever writes
        alone never waits.
        """
        room = 0 if any(job.bulk or job.tries > 1 for job in jobs) else GROUP - len(jobs)
        if not self._wait_for_disk(or_for_units=room > 0):
            if room <= 0 or time.perf_counter() - began > LATE_S:
                return []
            if len(jobs) + len(self._live) < self._crowd:
                self._crowd = 0
                # Woken by nothing: those who come now must not wait for this thread.
                self._stopping.wait(min(self._took, LATE_S))
        with self._changed:
            late = [self._live.popleft() for _ in range(min(len(self._live), max(room, 0)))]
        for job in late:
            job.begin()
        return late

    def _wait_for_disk(self, *, or_for_units: bool) -> bool:
        """Wait until what was committed is on the disk, or live units have come; tell whether it was not there yet."""
        with self._changed:
            if not self._syncing:
                return False
            while self._syncing and not (or_for_units and self._live):
                self._changed.wait()
            return True

    def _synced(self, seconds: float) -> None:
        """Hear, on the log's thread, that what was committed is on the disk."""
        if self._observe is not None:
            self._observe(seconds)
        with self._changed:
            self._took = seconds
            self._syncing = False
            self._changed.notify_all()

    def _serve(self, group: list[Job]) -> None:
        """Bring every unit of a group to an end, running again what has to be."""
        pending = deque([group])
        while pending:
            jobs = pending.popleft()
            self._committed = False
            again = self._attempt(jobs)
            pending.extendleft(reversed(again))
            repeated = {id(job) for part in again for job in part}
            ended = [job for job in jobs if id(job) not in repeated]
            if self._committed and self._log is not None:
                self._syncing = True
                self._log.begin(partial(answer_all, ended))
            else:
                answer(ended)

    def _attempt(self, jobs: list[Job]) -> list[list[Job]]:
        """Run `jobs` in one transaction; return the groups that have to be run again."""
        for job in jobs:
            job.begin()
        try:
            self._transact(self._connected(), jobs)
        except CommitUnknownError:
            return self._unknown(jobs)
        except TransactionLostError:
            return self._lost(jobs)
        except Exception as error:  # noqa: BLE001 - whatever it is, each caller is told and the writer lives on
            self._fail(jobs, error)
            return []
        return [[job] for job in jobs if job.again]

    def _transact(self, conn: WriteConn, jobs: list[Job]) -> None:
        """Run every unit in its savepoint, those that come meanwhile, too, and commit; `jobs` grows by them."""
        began = time.perf_counter()
        conn.begin()
        late = jobs
        while late:
            for part in together(late):
                self._run_unit(conn, part)
                conn.next_unit()
            late = self._late(jobs, began)
            jobs.extend(late)
        if self._hold is not None:
            self._hold.stand()
        began = time.perf_counter()
        conn.commit()
        self._committed = True
        self._crowd = len(jobs) if len(jobs) >= CROWD else 0
        if self._log is None:
            self._took = time.perf_counter() - began
            if self._observe is not None:
                self._observe(self._took)

    def _run_unit(self, conn: WriteConn, jobs: list[Job]) -> None:
        """Run one unit, or several jobs of one kind; what it raises takes back its own savepoint only."""
        conn.written = 0
        began = time.perf_counter()
        try:
            run(conn, jobs)
            _check(conn, jobs[0])
        except BaseException as error:  # noqa: BLE001 - also what a unit should not raise must not end the writer
            conn.undo_unit()
            for job in jobs:
                job.value = None
                if len(jobs) > 1 or (retry_alone(error) and job.tries < TRIES):
                    job.again = True
                else:
                    job.error = for_callers(error)
        taken = time.perf_counter() - began
        if jobs[0].bulk and taken > BULK_SECONDS and self._live:  # nobody is harmed by a long one that nobody waits for
            log.warning("store.bulk_unit_slow", seconds=round(taken, 3), rows=conn.written, held_up=len(self._live))

    def _connected(self) -> WriteConn:
        """Return the connection, opened if there is none."""
        if self._conn is None:
            self._conn = WriteConn(self._database.grouping(), self._database.words)
        return self._conn

    def _unknown(self, jobs: list[Job]) -> list[list[Job]]:
        """Run a group again whose COMMIT may have been kept, once the database is back: each unit finds its own traces."""
        self._drop()
        log.warning("store.commit_unknown", units=len(jobs))
        step = 0
        while not self._stopping.is_set():
            try:
                self._connected()
            except StoreDownError:
                self._stopping.wait(_BACKOFF[min(step, len(_BACKOFF) - 1)])
                step += 1
            else:
                return [jobs]
        message = "the connection broke during a commit: it may have been kept"
        self._fail(jobs, StoreDownError(message, code="unknown"))
        return []

    def _lost(self, jobs: list[Job]) -> list[list[Job]]:
        """Run each unit of a lost group once more by itself; what is lost again is refused."""
        self._drop()
        log.warning("store.transaction_lost", units=len(jobs))
        again = [job for job in jobs if job.tries < TRIES - 1]
        message = "the store cannot commit now"
        for job in jobs:
            if job.tries >= TRIES - 1:
                job.error = StoreDownError(message)
        return [[job] for job in again]

    def _fail(self, jobs: list[Job], error: BaseException) -> None:
        """Nothing of a group is kept: tell every unit."""
        log.warning("store.group_failed", units=len(jobs), error=type(error).__name__)
        if not isinstance(error, StoreDownError):
            self._drop()
        told = for_callers(error)
        for job in jobs:
            job.value, job.error, job.again = None, told, False

    def _drop(self) -> None:
        """Throw the connection away, once what it committed is on the disk; the next group opens a new one."""
        self._wait_for_disk(or_for_units=False)
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()
        if self._log is not None:
            self._log.forget()


def _check(conn: WriteConn, job: Job) -> None:
    """Refuse a unit that swallowed a failed statement, and a bulk unit that is too large to stand before live ones."""
    if conn.aborted:
        message = "a unit went on after a failed statement"
        raise RuntimeError(message)
    if job.bulk and conn.written > BULK_ROWS:
        message = f"a bulk unit wrote {conn.written} rows; {BULK_ROWS} is the limit"
        raise ValueError(message)

"""The pool of worker processes: whatever reads bytes from outside runs here, under limits of memory and time.

pebble's pool, because one dying worker of the standard library's pool fails its neighbours' tasks, and because a task
that hangs can be ended.  Workers are spawned, not forked: the parent has threads and an event loop.
"""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import resource
import signal
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, TypeVar

import structlog
from pebble import ProcessExpired, ProcessPool

from contactd.core.errors import WorkerDiedError, WorkersClosedError, WorkerTimeoutError
from contactd.desk.exchange.tables import XLSX_READER

T = TypeVar("T")
log = structlog.get_logger(__name__)

OPEN_FILES = 256
TASKS_PER_WORKER = 5000
"""A worker is replaced after so many tasks: what a library leaks does not add up."""
TABLE_SECONDS = 600.0
"""How long unpacking one table may take: a million rows take minutes."""
PATIENCE = 3
"""A task waits behind one other at most, so after so many task times the pool itself must be stuck."""
START_S = 30.0
"""Time a new worker may take to start, on a busy machine."""
CLOSED = "the workers are closed"


class Workers:
    """Runs top-level functions in other processes.

    A task that dies or hangs takes only its own process with it; tasks beside it and behind it are unharmed.
    """

    def __init__(
        self,
        *,
        count: int,
        memory_mb: int,
        timeout_s: float,
        preload: Sequence[str] = (),
        tasks: int = TASKS_PER_WORKER,
    ) -> None:
        """Describe the pool; processes start with `start` or the first task.

        Args:
            count: processes.
            memory_mb: address space a task may take beyond what an idle worker has.
            timeout_s: seconds a task may run; waiting for a free worker does not count.
            preload: modules that every worker imports before its first task, and before the limits hold.
            tasks: how many a worker does before it is replaced.
        """
        self.count = count
        self.timeout_s = timeout_s
        self._tasks = tasks
        self._places = asyncio.Semaphore(count * 2)
        self._setup: list[Any] = [memory_mb, tuple(preload)]
        self._pool = self._new_pool()
        self.deaths = 0
        """Tasks that ended with their worker, since the start."""
        self.waiting = 0
        """Tasks asked for and not finished."""
        self._closed = False
        self._running: set[asyncio.Future[Any]] = set()

    async def start(self, preload: Sequence[str] = ()) -> None:
        """Start the processes now, so that the first task does not wait for an interpreter.

        Args:
            preload: modules that every worker imports before its first task.

        Raises:
            WorkerDiedError: a worker cannot start.
        """
        self._setup[1] = tuple(preload)
        await asyncio.gather(*(self.run(_ready) for _ in range(self.count)))

    async def run(self, task: Callable[..., T], *args: Any) -> T:
        """Run `task(*args)` in a worker and return what it returns; the task's own exceptions are raised here.

        Args:
            task: a function at the top level of a module.
            args: values that can be pickled.

        Raises:
            WorkerTimeoutError: it took too long and was ended.
            WorkerDiedError: its process died, or ran out of memory.
            WorkersClosedError: the workers were closed before it was done.
        """
        self.waiting += 1
        try:
            async with self._places:
                return await self._counted(task, args)
        except Exception as error:
            # A pool that ends fails its tasks in many ways (a pipe that is closed is a TypeError): none is the task's.
            if self._closed:
                raise WorkersClosedError(CLOSED) from error
            raise
        finally:
            self.waiting -= 1

    async def _counted(self, task: Callable[..., T], args: tuple[Any, ...]) -> T:
        """Wait for what becomes of a task; one that took its worker with it is counted."""
        try:
            return await self._result(task, args)
        except TimeoutError as error:
            raise self._lost(WorkerTimeoutError("a task took too long"), task) from error
        except (ProcessExpired, BrokenProcessPool, MemoryError) as error:
            raise self._lost(WorkerDiedError("a task died with its worker"), task) from error

    async def _result(self, task: Callable[..., T], args: tuple[Any, ...]) -> T:
        """Hand a task over and wait for what becomes of it."""
        if self._closed:
            raise WorkersClosedError(CLOSED)
        if not self._pool.active:
            self._pool = self._new_pool()
        pool = self._pool
        future = asyncio.wrap_future(pool.schedule(task, args=list(args), timeout=self.timeout_s))
        self._running.add(future)
        try:
            # A process killed while it writes its answer can leave pebble's pipe stuck for all: nothing ends in time.
            # Not wait_for: in Python 3.11 it can swallow a cancellation that comes together with the result.
            async with asyncio.timeout(PATIENCE * self.timeout_s + START_S):
                return await future
        except TimeoutError:
            if not future.done() or future.cancelled():
                await asyncio.to_thread(pool.stop)
            raise
        finally:
            self._running.discard(future)

    def _new_pool(self) -> ProcessPool:
        """Make a pool; a broken one is replaced by the next task."""
        return ProcessPool(
            max_workers=self.count,
            max_tasks=self._tasks,
            initializer=_limit,
            initargs=self._setup,
            context=multiprocessing.get_context("spawn"),
        )

    def _lost(self, error: WorkerDiedError, task: Callable[..., Any]) -> WorkerDiedError:
        """Count and log a task that took its worker with it."""
        self.deaths += 1
        log.warning("worker.lost", task=task.__name__, code=error.code)
        return error

    async def close(self, grace_s: float = 3.0) -> None:
        """Finish what runs, for `grace_s` seconds at most, then end every process; what is left then has died."""
        self._closed = True
        self._pool.close()
        await asyncio.to_thread(self._end, grace_s)
        for future in self._running:
            if not future.done():  # pebble forgets the tasks of a stopped pool
                future.set_exception(WorkersClosedError(CLOSED))

    def _end(self, grace_s: float) -> None:
        """Wait for the pool, then stop it the hard way; blocks."""
        try:
            self._pool.join(timeout=grace_s)
        except TimeoutError:
            self._pool.stop()
            self._pool.join()


def for_tables(memory_mb: int) -> Workers:
    """Make the pool that unpacks tables people bring: one at a time, each in a process of its own.

    A process that ran out of memory once keeps what it got, and the next table would find nothing left.
    """
    return Workers(count=1, memory_mb=memory_mb, timeout_s=TABLE_SECONDS, preload=(XLSX_READER,), tasks=1)


def _limit(memory_mb: int, preload: tuple[str, ...]) -> None:
    """Prepare a worker process: imports first, then the limits, which its tasks cannot raise again."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop; Ctrl-C reaches the whole group
    for module in preload:
        importlib.import_module(module)
    limit = _address_space() + memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


def _address_space() -> int:
    """Return the bytes of address space this process has already; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _ready() -> None:
    """Do nothing: the task that `start` gives every worker."""

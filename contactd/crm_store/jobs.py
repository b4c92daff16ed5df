"""What the writer carries: units on their way and what became of them, and the hold that keeps a commit back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from contactd.core.errors import StoreDownError
from contactd.crm_store.write_conn import WriteConn

T = TypeVar("T")
Item = TypeVar("Item")
Unit = Callable[[WriteConn], T]
Alike = Callable[[WriteConn, Sequence[Item]], Sequence[T]]
"""A unit over many items of one kind: it returns a result for each, in order."""


@dataclass(slots=True, eq=False)
class Job:
    """One unit on its way, and what became of it.

    `alike`: instead of a unit of its own, one item of a function that takes the items of all jobs that wait for it.
    """

    unit: Unit[Any] | None
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    bulk: bool
    alike: Alike[Any, Any] | None = None
    item: Any = None
    tries: int = 0
    value: Any = None
    error: BaseException | None = None
    again: bool = False

    def begin(self) -> None:
        """Forget what an earlier try left."""
        self.tries += 1
        self.value = self.error = None
        self.again = False


@dataclass(slots=True)
class Hold:
    """Keeps the writer from committing, for tests that nothing is acknowledged before a commit.

    The writer runs the units of its group and then stands in front of COMMIT until the hold is let go.
    """

    _standing: threading.Event = field(default_factory=threading.Event)
    _open: threading.Event = field(default_factory=threading.Event)

    async def reached(self, timeout: float = 5.0) -> bool:  # noqa: ASYNC109 - the wait is in a thread
        """Wait until a group stands in front of its COMMIT; False when none came within `timeout` seconds."""
        return await asyncio.to_thread(self._standing.wait, timeout)

    def release(self) -> None:
        """Let the writer go on."""
        self._open.set()

    def stand(self) -> None:
        """Stand here until released (called by the writer)."""
        self._standing.set()
        self._open.wait()


def together(jobs: list[Job]) -> Iterator[list[Job]]:
    """Yield the jobs in order, those of one kind together with the first of them."""
    kinds: dict[Alike[Any, Any], list[Job]] = {}
    parts: list[list[Job]] = []
    for job in jobs:
        if job.alike is None:
            parts.append([job])
        elif job.alike in kinds:
            kinds[job.alike].append(job)
        else:
            parts.append(kinds.setdefault(job.alike, [job]))
    yield from parts


def run(conn: WriteConn, jobs: list[Job]) -> None:
    """Run a unit, or the items of one kind together, and note each job's value."""
    first = jobs[0]
    if first.unit is not None:
        first.value = first.unit(conn)
        return
    assert first.alike is not None  # noqa: S101 - a job is one or the other
    for job, value in zip(jobs, first.alike(conn, [job.item for job in jobs]), strict=True):
        job.value = value


def answer(jobs: list[Job]) -> None:
    """Resolve the futures, in order, on the loops they came from."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, mine in by_loop.items():
        with suppress(RuntimeError):  # a closed loop: nobody waits there any more
            loop.call_soon_threadsafe(_resolve, mine)


def answer_all(jobs: list[Job], error: StoreDownError | None) -> None:
    """Answer jobs that are on the disk; `error`: that they may not be."""
    for job in jobs if error is not None else ():
        job.value, job.error = None, error
    answer(jobs)


def _resolve(jobs: list[Job]) -> None:
    """Set results and errors; a caller that no longer waits is left alone."""
    for job in jobs:
        if job.future.done():
            continue
        if job.error is None:
            job.future.set_result(job.value)
        else:
            job.future.set_exception(job.error)

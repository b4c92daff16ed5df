"""The pool of worker processes: a bad task takes only itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future

import pytest
import pytest_asyncio

from contactd.core.errors import WorkerDiedError, WorkersClosedError, WorkerTimeoutError
from contactd.workers import Workers

pytestmark = pytest.mark.integration


def double(number: int) -> int:
    return number * 2


def eat() -> int:
    blocks = [bytes(1 << 20) for _ in range(100_000)]
    return len(blocks)


def hang() -> None:
    signal.pause()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def complain() -> None:
    message = "not like this"
    raise ValueError(message)


def wait_for(path: str) -> str:
    with open(path, "rb") as pipe:  # noqa: PTH123 - a named pipe, opened to be blocked on
        return pipe.read().decode()


@pytest_asyncio.fixture(scope="module")
async def workers() -> AsyncIterator[Workers]:
    pool = Workers(count=2, memory_mb=128, timeout_s=3.0)
    await pool.start()
    yield pool
    await pool.close()


async def test_runs_a_task_elsewhere(workers: Workers) -> None:
    assert await workers.run(double, 21) == 42
    assert await workers.run(os.getpid) != os.getpid()


async def test_a_tasks_own_error_is_the_callers(workers: Workers) -> None:
    before = workers.deaths
    with pytest.raises(ValueError, match="not like this"):
        await workers.run(complain)
    assert workers.deaths == before


@pytest.mark.parametrize(("bad", "error"), [(eat, WorkerDiedError), (die, WorkerDiedError), (hang, WorkerTimeoutError)])
async def test_neighbours_of_a_bad_task_are_unharmed(
    workers: Workers,
    bad: Callable[[], object],
    error: type[WorkerDiedError],
) -> None:
    before = workers.deaths
    results = await asyncio.gather(
        workers.run(bad),
        *(workers.run(double, number) for number in range(20)),
        return_exceptions=True,
    )
    assert isinstance(results[0], error)
    assert results[1:] == [number * 2 for number in range(20)]
    assert workers.deaths == before + 1
    assert workers.waiting == 0


async def test_no_more_tasks_than_twice_the_processes_are_handed_over(workers: Workers, tmp_path: object) -> None:
    pipe = f"{tmp_path}/gate"
    os.mkfifo(pipe)
    blocked = [asyncio.create_task(workers.run(wait_for, pipe)) for _ in range(2)]
    queued = [asyncio.create_task(workers.run(double, number)) for number in range(50)]
    await asyncio.sleep(0)
    assert workers.waiting == 52
    fd = await asyncio.to_thread(os.open, pipe, os.O_WRONLY)
    os.close(fd)
    done, _ = await asyncio.wait(queued, timeout=20)
    assert sorted(task.result() for task in done) == [number * 2 for number in range(50)]
    for task in blocked:
        task.cancel()
    await asyncio.gather(*blocked, return_exceptions=True)


async def test_a_broken_pool_is_replaced(workers: Workers) -> None:
    await asyncio.to_thread(workers._pool.stop)
    assert await workers.run(double, 4) == 8


async def test_closing_ends_what_hangs() -> None:
    pool = Workers(count=1, memory_mb=64, timeout_s=60.0)
    pid = await pool.run(os.getpid)
    stuck = asyncio.create_task(pool.run(hang))
    await asyncio.sleep(0)
    await pool.close(grace_s=0.1)
    with pytest.raises(WorkersClosedError):
        await asyncio.wait_for(stuck, timeout=10)
    with pytest.raises(WorkersClosedError):
        await pool.run(double, 1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_what_fails_while_the_pool_is_closed_says_nothing_of_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pebble raises then may be anything: its pipe is gone."""
    pool = Workers(count=1, memory_mb=64, timeout_s=60.0)
    failing: Future[int] = Future()
    monkeypatch.setattr(pool._pool, "schedule", lambda *_args, **_more: failing)
    under_way = asyncio.create_task(pool.run(double, 1))
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close(grace_s=0.1))
    await asyncio.sleep(0)
    failing.set_exception(TypeError("an integer is required"))
    with pytest.raises(WorkersClosedError):
        await asyncio.wait_for(under_way, timeout=10)
    assert pool.deaths == 0
    await closing

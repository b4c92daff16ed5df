"""Duties: what goes on for as long as the server runs.

One that fails is logged, told by /readyz, and begun again after a pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

FIRST_S = 1.0
LONGEST_S = 60.0
"""Pauses before a duty is begun again: the first, twice as long each time, this long at most."""
END_S = 5.0
"""How long the end waits for them."""
STEADY_S = 300.0
"""A duty that went on for so long had recovered: its next pause is the first again."""

log = structlog.get_logger(__name__)


class Duties:
    """Tasks that go on until `end`."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Begin with none; `sleep` makes the pauses."""
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: dict[str, None] = {}
        self._ending = False

    def begin(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Go on with `run` for ever; what returns by itself is over."""
        task = asyncio.create_task(self._keep(name, run), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def failed(self) -> list[str]:
        """Names of the duties that failed and are not begun again yet."""
        return list(self._failed)

    async def end(self) -> None:
        """End them all; who does not go is left behind, so that the rest of the server can still be closed."""
        self._ending = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=END_S)
            for task in left:
                log.error("duty.stays", duty=task.get_name())

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_S
        while True:
            began = loop.time()
            try:
                await run()
            except Exception:  # whatever it is: nobody else would begin it again
                log.exception("duty.failed", duty=name)
            else:
                return
            if self._ending:
                return
            if loop.time() - began > STEADY_S:
                pause = FIRST_S
            self._failed[name] = None
            await self._sleep(pause)
            del self._failed[name]
            pause = min(LONGEST_S, pause * 2)

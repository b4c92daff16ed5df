"""A lane for each call: what is to be done for it is done in order, and side by side with all others."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from contactd.channels.voice.ari_table import Do


class Lanes:
    """Does work, call by call.

    Args:
        spawn: runs a task for the channel's life.
        do: does one thing; returns what is to be done before everything else of that call.
        idle: is told when nothing is left to do for a call.
    """

    def __init__(
        self,
        spawn: Callable[[Coroutine[Any, Any, None], str], None],
        do: Callable[[Do], Awaitable[list[Do]]],
        idle: Callable[[str], Awaitable[None]],
    ) -> None:
        self._spawn = spawn
        self._do = do
        self._idle = idle
        self._lanes: dict[str, deque[Do]] = {}

    def __len__(self) -> int:
        """Return for how many calls something is being done."""
        return len(self._lanes)

    def __contains__(self, call: object) -> bool:
        """Tell whether something is being done for a call."""
        return call in self._lanes

    def run(self, work: list[Do]) -> None:
        """Put work into the lanes of its calls."""
        for each in work:
            lane = self._lanes.get(each.call)
            if lane is not None:
                lane.append(each)
                continue
            self._lanes[each.call] = deque([each])
            self._spawn(self._drive(each.call), f"voice-call-{each.call}")

    async def _drive(self, call: str) -> None:
        lane = self._lanes[call]
        try:
            while lane:
                more = await self._do(lane.popleft())
                lane.extendleft(reversed(more))
        finally:
            del self._lanes[call]
        await self._idle(call)

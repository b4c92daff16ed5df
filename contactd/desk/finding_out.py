"""Finding out: what a channel looks up about an arrival before it is read, beside the line, so that nobody waits for another's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

import structlog

from contactd.core.channel import Arrival
from contactd.desk.intake import Unread

MOST = 200
"""Arrivals about which something is found out at a time; those beyond are read without."""

Examiner = Callable[[Arrival], Coroutine[Any, Any, Mapping[str, Any]] | None]
"""Begins to find out about an arrival, in bounded time; None = there is nothing to find out.  What it finds joins the envelope."""

log = structlog.get_logger(__name__)


class FindingOut:
    """Lets channels look things up, and puts each arrival back in line afterwards."""

    def __init__(self, again: Callable[[Unread], None]) -> None:
        """Put in line by `again` what can be read now."""
        self._again = again
        self.examiners: dict[str, Examiner] = {}
        self._found: dict[str, Mapping[str, Any]] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}

    @property
    def waiting(self) -> int:
        """How many arrivals something is being found out about."""
        return len(self._under_way)

    def begins(self, unread: Unread, arrival: Arrival) -> bool:
        """Tell whether something has to be found out first; then it comes again by itself."""
        if not self.examiners or unread.receipt in self._found:
            return False
        if unread.receipt in self._under_way:
            return True
        asking = self._asking(arrival) if len(self._under_way) < MOST else None
        if asking is None:
            return False
        task = asyncio.create_task(self._find(unread, arrival, asking), name="finding_out")
        self._under_way[unread.receipt] = task
        return True

    def found(self, receipt: str) -> Mapping[str, Any]:
        """Return, once, what was found out about an arrival."""
        return self._found.pop(receipt, {})

    async def now(self, arrival: Arrival) -> Mapping[str, Any]:
        """Find out about one arrival while the caller waits."""
        asking = self._asking(arrival)
        return await _calmly(asking) if asking is not None else {}

    def stop(self) -> None:
        """Leave what is under way; it waits in the store."""
        for task in self._under_way.values():
            task.cancel()

    def _asking(self, arrival: Arrival) -> Coroutine[Any, Any, Mapping[str, Any]] | None:
        examine = self.examiners.get(arrival.channel)
        return examine(arrival) if examine is not None else None

    async def _find(self, unread: Unread, arrival: Arrival, asking: Coroutine[Any, Any, Mapping[str, Any]]) -> None:
        try:
            self._found[unread.receipt] = await _calmly(asking)
        finally:
            del self._under_way[unread.receipt]
        self._again(replace(unread, arrival=arrival))


async def _calmly(asking: Coroutine[Any, Any, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what is found; an arrival about which nothing can be found out is read all the same."""
    try:
        return await asking
    except Exception:  # whatever a channel's look-up breaks, the arrival is read
        log.exception("finding_out.failed")
        return {}

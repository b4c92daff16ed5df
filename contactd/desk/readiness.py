"""Does it take work?  Computed: the writer's round trip, the router's lease, the channels, the disk."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping

from contactd.clock import Clock
from contactd.core.channel import Channel
from contactd.core.errors import ContactdError
from contactd.crm_store.store import Store
from contactd.desk.office import Office

ROUND_S = 5.0
"""Pause between two round trips of the writer."""
SLOW_S = 15.0
"""A round trip older than this means that the store does not commit."""
STALLED_S = 60.0
"""Reading that has come to nothing for so long takes no work."""
MB = 1024 * 1024


class Readiness:
    """Knows why no work would be taken."""

    def __init__(
        self,
        office: Office,
        store: Store,
        clock: Clock,
        channels: Mapping[str, Channel],
        *,
        disk_free_mb: int,
    ) -> None:
        """Look after these parts."""
        self._office = office
        self._store = store
        self._clock = clock
        self._channels = channels
        self._disk_free_mb = disk_free_mb
        self._open = False
        self._last_round: float | None = None

    def open(self) -> None:
        """Say yes from now on, if all is well."""
        self._open = True
        self._last_round = self._clock.monotonic()

    def close(self) -> None:
        """Say no from now on: the server stops."""
        self._open = False

    async def watch(self) -> None:
        """Make a durable write every few seconds, for ever."""
        while True:
            try:
                await self._store.ping()
                self._last_round = self._clock.monotonic()
            except ContactdError:
                pass
            await asyncio.sleep(ROUND_S)

    async def reasons(self) -> list[str]:
        """Return why no work is taken; none = ready."""
        found = [] if self._open else ["stopping or starting"]
        if self._last_round is None or self._clock.monotonic() - self._last_round > SLOW_S:
            found.append("the store does not commit")
        if self._office.desk.dispatcher.lost_lease:
            found.append("another node holds the router")
        found += [f"{name} has failed" for name in self._office.duties.failed]
        if self._office.reading.put_off.stalled_s > STALLED_S:
            found.append("what was accepted cannot be read")
        for name, channel in self._channels.items():
            health = channel.health()
            if not health.ok:
                found.append(f"{name}: {health.detail}")
            if self._office.tools[name].failure:
                found.append(f"{name}: {self._office.tools[name].failure}")
        free = await asyncio.to_thread(shutil.disk_usage, self._office.data_dir)
        if free.free < self._disk_free_mb * MB:
            found.append("the disk is nearly full")
        return found

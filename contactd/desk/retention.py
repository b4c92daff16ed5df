"""Retention: what has been kept for as long as its class allows goes at night, a little at a time, and it is on record.

Files nobody names any more are removed by `desk.sweeping`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from contactd.clock import Clock, rfc3339
from contactd.core.errors import BusyError, ContactdError, StoreDownError
from contactd.crm_store import audit, retention_rows
from contactd.crm_store.audit import Entry
from contactd.crm_store.store import Store
from contactd.crm_store.write_conn import WriteConn

EVERY_S = 600.0
"""Pause between two looks at the time."""

log = structlog.get_logger(__name__)


class Retention:
    """Erases what is too old."""

    def __init__(self, store: Store, clock: Clock, days: Mapping[str, int], night: tuple[int, int] = (1, 5)) -> None:
        """Keep each class of `days` so long (none = for ever); work between two hours of the machine's own time."""
        self._store = store
        self._clock = clock
        self._days = dict(days)
        self._night = night
        self._going = asyncio.Lock()
        self._apart = [name.partition(".")[2] for name in days if name.startswith(f"{retention_rows.CONTACTS}.")]

    async def run(self) -> None:
        """Do at night what is due, for ever."""
        while True:
            if self._days and self._is_night():
                try:
                    await self.erase("system")
                except (BusyError, StoreDownError):
                    log.warning("retention.store_down")
                except ContactdError as error:
                    log.warning("retention.failed", code=error.code)
            await asyncio.sleep(EVERY_S)

    async def preview(self) -> list[dict[str, Any]]:
        """Return by class: `class, days, due, held, oldest`; nothing is changed."""
        now, found = self._clock.now(), []
        for name, days in sorted(self._days.items()):
            ask = partial(retention_rows.count, name=name, before=now - timedelta(days=days), but=self._apart)
            counted = await self._store.read(ask)
            oldest = counted["oldest"]
            found.append({**counted, "days": days, "oldest": rfc3339(oldest) if oldest is not None else None})
        return found

    async def erase(self, actor: str) -> dict[str, int]:
        """Erase what is due, class by class; return how much of each went."""
        async with self._going:
            gone = {name: await self._class(name, days) for name, days in sorted(self._days.items())}
            gone = {name: count for name, count in gone.items() if count}
            if gone:
                entry = Entry(actor=actor, action="retention.erase", object_kind="retention", detail=gone)
                now = self._clock.now()

                def unit(conn: WriteConn) -> None:
                    audit.append(conn, entry, now)

                await self._store.write(unit)
                await self._store.shred()
                log.info("retention.erased", **gone)
        return gone

    async def _class(self, name: str, days: int) -> int:
        before, total = self._clock.now() - timedelta(days=days), 0
        unit = partial(retention_rows.erase_some, name=name, before=before, but=self._apart)
        while some := await self._store.write(unit, bulk=True):
            total += some
        return total

    def _is_night(self) -> bool:
        begin, end = self._night
        hour = self._clock.now().astimezone().hour
        return begin <= hour < end if begin <= end else hour >= begin or hour < end

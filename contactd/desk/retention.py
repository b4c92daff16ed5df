"""Retention: what has been kept for as long as its class allows goes at night, a little at a time, and it is on record.

Files nobody names any more are removed by `desk.sweeping`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import structlog

from contactd.clock import Clock, rfc3339
from contactd.core.errors import BusyError, ContactdError, StoreDownError
from contactd.crm_store import audit, retention_rows
from contactd.crm_store.audit import Entry
from contactd.crm_store.dismissed_rows import UNDO_FOR
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
        self._wake = asyncio.Event()
        self._asked: str | None = None
        self._through = False
        """All that was due this night is gone."""
        self._unclean = False
        self._apart = [name.partition(".")[2] for name in days if name.startswith(f"{retention_rows.CONTACTS}.")]

    async def run(self) -> None:
        """Do once a night what is due, and at once what is asked for, for ever."""
        while True:
            if self._days:
                await self._look()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), EVERY_S)
            self._wake.clear()

    def begin(self, actor: str) -> None:
        """Let go what is due now, whatever the hour; nobody waits for it."""
        self._asked = actor
        self._wake.set()

    async def _look(self) -> None:
        asked, self._asked = self._asked, None
        night = self._is_night()
        if not night:
            self._through = False
        if asked is None and (self._through or not night):
            return
        try:
            await self.erase(asked or "system", by_night=asked is None)
        except ContactdError as error:
            self._asked = self._asked or asked
            down = isinstance(error, (BusyError, StoreDownError))
            log.warning("retention.store_down" if down else "retention.failed", code=error.code)
        else:
            self._through = night

    async def preview(self) -> list[dict[str, Any]]:
        """Return by class: `class, days, due, held, oldest`; nothing is changed."""
        found: list[dict[str, Any]] = []
        for name, days in sorted(self._days.items()):
            ask = partial(retention_rows.count, name=name, before=self._before(name), but=self._apart)
            counted = await self._store.read(ask)
            oldest = counted["oldest"]
            found.append({**counted, "days": days, "oldest": rfc3339(oldest) if oldest is not None else None})
        return found

    async def erase(self, actor: str, *, by_night: bool = False) -> dict[str, int]:
        """Erase what is due, class by class; return how much of each went.  What was begun `by_night` ends with it."""
        gone: dict[str, int] = {}
        async with self._going:
            for name in sorted(self._days):
                async for count in self._class(name, actor, by_night=by_night):
                    gone[name] = gone.get(name, 0) + count
                    self._unclean = True
                await self._clean()
        if gone:
            log.info("retention.erased", **gone)
        return gone

    async def _class(self, name: str, actor: str, *, by_night: bool) -> AsyncIterator[int]:
        """Erase what is due of a class, unit by unit; each is on record with what it erased."""
        before, after = self._before(name), cast("Sequence[Any] | None", ())
        while after is not None:
            find = partial(retention_rows.find_some, name=name, before=before, after=after, but=self._apart)
            found, after = await self._store.read(find)
            for keys in found:
                if by_night and not self._is_night():
                    return
                if count := await self._store.write(partial(self._erase, name, keys, before, actor), bulk=True):
                    yield count

    def _erase(self, name: str, keys: Sequence[Any], before: datetime, actor: str, conn: WriteConn) -> int:
        count = retention_rows.erase(conn, name, keys, before, but=self._apart)
        if count:
            detail = {name: count}
            entry = Entry(actor=actor, action="retention.erase", object_kind="retention", detail=detail)
            audit.append(conn, entry, self._clock.now())
        return count

    async def _clean(self) -> None:
        """Let nothing of what went stay in the pages; also of what an earlier run left, as it was cut short."""
        if self._unclean:
            await self._store.shred()
            self._unclean = False

    def _before(self, name: str) -> datetime:
        kept = timedelta(days=self._days[name])
        # What was being written comes back with its contact.
        return self._clock.now() - (max(kept, UNDO_FOR) if name == "drafts" else kept)

    def _is_night(self) -> bool:
        begin, end = self._night
        hour = self._clock.now().astimezone().hour
        return begin <= hour < end if begin <= end else hour >= begin or hour < end

"""Who read customers' data: noted at once in memory, written into the audit log in batches, keeping nobody waiting.

What is not written when the process is killed is lost, one pause's worth at most; a store that is down is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from contactd.clock import Clock
from contactd.core.errors import BusyError, StoreDownError
from contactd.crm_store import audit
from contactd.crm_store.audit import Entry
from contactd.crm_store.store import Store
from contactd.crm_store.write_conn import WriteConn

PAUSE_S = 1.0
BATCH = 100
WAITING = 20_000
"""Different reads kept while the store is down; what is beyond that is counted, and the count is written."""
IDS = 200
"""Ids named in one entry: a page of a list has no more."""

log = structlog.get_logger(__name__)

Key = tuple[str, str, str, str | None, str, str]
"""(actor, action, kind, id, part, IP): the same read again before it is written is counted."""


@dataclass(slots=True)
class Read:
    """One read, or the same several times."""

    at: datetime
    times: int = 0
    ids: dict[str, None] = field(default_factory=dict)


class ReadLog:
    """Notes reads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Write into `store`, by `run` or `flush`."""
        self._store = store
        self._clock = clock
        self._waiting: dict[Key, Read] = {}
        self._lost = 0
        self._wake = asyncio.Event()

    def note(
        self,
        actor: str,
        action: str,
        kind: str,
        ident: str | None,
        *,
        part: str = "",
        ip: str = "",
        ids: Iterable[str] = (),
    ) -> None:
        """Note that `actor` read one thing (`ident`), or a list of things (`ids`); `part`: of it only this."""
        key = (actor, action, kind, ident, part, ip)
        read = self._waiting.get(key)
        if read is None:
            if len(self._waiting) >= WAITING:
                self._lost += 1
                return
            read = self._waiting[key] = Read(self._clock.now())
        read.times += 1
        for one in ids:
            if len(read.ids) >= IDS:
                break
            read.ids[one] = None
        self._wake.set()

    async def run(self) -> None:
        """Write what was noted, once a second, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(PAUSE_S)
            if not await self.flush(bulk=True):
                self._wake.set()

    async def flush(self, *, bulk: bool = False) -> bool:
        """Write what was noted; False when the store cannot take it now, and all of it is kept."""
        while self._waiting or self._lost:
            keys = list(self._waiting)[:BATCH]
            batch = [(key, self._waiting.pop(key)) for key in keys]
            lost, self._lost = self._lost, 0
            entries = [_entry(key, read) for key, read in batch]
            if lost:
                told = Entry(actor="system", action="read.not_noted", object_kind="audit_log", detail={"times": lost})
                entries.append((told, self._clock.now()))

            def unit(conn: WriteConn, rows: list[tuple[Entry, datetime]] = entries) -> None:
                audit.append_all(conn, rows)

            try:
                await self._store.write(unit, bulk=bulk, urgent=not bulk)
            except (BusyError, StoreDownError):
                self._keep(batch, lost)
                return False
        return True

    def _keep(self, batch: list[tuple[Key, Read]], lost: int) -> None:
        """Take back what could not be written; meanwhile the same may have been read again."""
        later, self._waiting = self._waiting, dict(batch)
        self._lost += lost
        for key, read in later.items():
            before = self._waiting.setdefault(key, read)
            if before is not read:
                before.times += read.times
                before.ids |= read.ids
        log.warning("reads.not_written", waiting=len(self._waiting))


def _entry(key: Key, read: Read) -> tuple[Entry, datetime]:
    actor, action, kind, ident, part, ip = key
    detail: dict[str, Any] = {}
    if part:
        detail["part"] = part
    if read.times > 1:
        detail["times"] = read.times
    if ident is None:
        detail["ids"] = list(read.ids)[:IDS]
    return Entry(actor=actor, action=action, object_kind=kind, object_id=ident, detail=detail, ip=ip), read.at

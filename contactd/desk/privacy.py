"""Erasures carried out behind the live work, step by step; a stop in between is gone on with at the next start.

An approved request runs: contents of contacts, cases, the person, then the files, then the index's and the database's own pages.
The certificate says by ids and counts what went; its digest stands in the audit log's chain.
"""

from __future__ import annotations

import asyncio
import math
from functools import partial
from typing import Any

import structlog

from contactd.clock import Clock
from contactd.core.errors import BusyError, ContactdError, StoreDownError
from contactd.crm_store import erasing, privacy_rows
from contactd.crm_store.store import Store

EVERY_S = 2.0

log = structlog.get_logger(__name__)


class Privacy:
    """Carries out what customers may ask for."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Work on `store`."""
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Look every two seconds, for ever."""
        while True:
            try:
                await self.some()
            except (BusyError, StoreDownError):
                log.warning("privacy.store_down")
            except ContactdError as error:
                log.warning("privacy.failed", code=error.code)
            except OSError as error:  # the disk does not let a file go now
                log.warning("privacy.failed", code=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    async def some(self) -> None:
        """Carry out all that was approved."""
        for row in await self._store.read(erasing.open_requests):
            if row.state != privacy_rows.RUNNING or await self._erase(row):
                await self._remove_files(row.id)

    async def _erase(self, row: Any) -> bool:
        """Erase step by step; False while something of theirs is open again: it is gone on with when that is over."""
        write = self._store.write
        while await write(partial(privacy_rows.erase_contacts, ident=row.id, party=row.party_id), bulk=True):
            pass
        while await write(partial(erasing.cases, party=row.party_id), bulk=True):
            pass
        done = await write(partial(privacy_rows.finish, ident=row.id, now=self._clock.now()), bulk=True)
        if done:
            log.info("privacy.erased", request=row.id)
        return done

    async def _remove_files(self, ident: str) -> None:
        """Remove the files nobody names any more, and what deleted rows left in the pages of index and database."""
        row = await self._store.read(partial(privacy_rows.get, ident=ident))
        blobs = self._store.blobs
        # One that is put again after this moment is about to be named by somebody else, and stays.
        put = {name: await asyncio.to_thread(blobs.touched, name) for name in row.blobs}
        for name in sorted(await self._store.read(partial(erasing.unnamed, blobs=row.blobs))):
            await asyncio.to_thread(blobs.drop, name, math.nextafter(put[name], math.inf))
        await self._store.shred()
        await self._store.write(partial(privacy_rows.files_gone, ident=ident))

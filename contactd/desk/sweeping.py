"""Sweeping: blobs that no row names go after a day, and so do uploads nobody sent.

Files that were imported go when their time is over; drafts go by `desk.retention`, with what something holds respected.
A blob is written before the row that names it: what is refused, or cut off by a crash, in between leaves a blob that nobody
knows.  Putting the same bytes again makes a blob young again, so one that is about to be named is never old enough to go.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from itertools import cycle

import structlog

from contactd.clock import Clock
from contactd.core.errors import ContactdError
from contactd.crm_store import blob_rows, change_rows, import_files, upload_rows
from contactd.crm_store.store import Store

EVERY_S = 3600.0
"""Pause between two sixteenths of the blobs."""
AGE = timedelta(hours=24)
SUSPICIOUS = 20
"""So many blobs of which not one is named: then it is the database that is not theirs."""

log = structlog.get_logger(__name__)


class Sweeping:
    """Removes what nobody names."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Sweep the blobs of `store`."""
        self._store = store
        self._clock = clock
        self.swept = 0
        """Blobs removed since the start."""

    async def run(self) -> None:
        """Sweep for ever, a sixteenth of the blobs at a time."""
        for digit in cycle("0123456789abcdef"):
            await asyncio.sleep(EVERY_S)
            try:
                await self.sweep(digit)
            except (ContactdError, OSError) as error:
                log.warning("blobs.not_swept", error=type(error).__name__)

    async def sweep(self, digit: str) -> int:
        """Sweep the blobs whose names begin with a hexadecimal digit; return how many went.

        Raises:
            ContactdError, OSError: store or disk do not allow it now.
        """
        now = self._clock.now()
        await self._store.write(partial(upload_rows.forget, now=now))
        await self._store.write(partial(import_files.forget, now=now))
        await self._store.write(partial(change_rows.forget, now=now))
        before = (now - AGE).timestamp()
        blobs = self._store.blobs
        old = await asyncio.to_thread(blobs.old, digit, before)
        lost = await self._unnamed(old)
        if len(lost) == len(old) >= SUSPICIOUS:
            log.error(
                "blobs.all_unnamed", blobs=len(lost), advice="see whether database.url and data_dir belong together"
            )
            return 0
        gone = sum([await asyncio.to_thread(blobs.drop, name, before) for name in sorted(lost)])
        self.swept += gone
        if gone:
            log.info("blobs.swept", blobs=gone)
        return gone

    async def _unnamed(self, names: set[str]) -> set[str]:
        """Return those of `names` that no row names."""
        left = set(names)
        for place in range(len(blob_rows.NAMING)):
            after: str | None = ""
            while left and after is not None:
                found, after = await self._store.read(partial(blob_rows.named, place=place, after=after))
                left -= found
        return left

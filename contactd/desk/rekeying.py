"""A new key of the house for recordings, from the command line, beside the running server: `contactd voice rekey`.

Every recording's own key is wrapped again under the new one; the sealed files stay as they are.  Old keys stay until they are
forgotten, by a later run: whatever the server was just sealing under one of them is in its row by then.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from contactd.core.errors import ContactdError
from contactd.crm_store import audit, key_rows
from contactd.crm_store.sealing import Keys, Wrapped
from contactd.crm_store.store import WriteConn
from contactd.desk.admin import Errand, at_work
from contactd.settings import Settings

FOLDER = "keys"
"""Folder of the keys inside `data_dir`."""
SETTLED = timedelta(hours=1)
"""A key is forgotten only so long after it was superseded: by then nothing is on its way that was sealed under it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rekeyed:
    """What came of it."""

    key_id: str
    """The key that seals from now on."""
    changed: int
    """Recordings whose key it wraps now."""
    broken: tuple[str, ...] = ()
    """Recordings whose key could not be opened: they are as they were."""
    forgotten: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """Old keys that are still there."""

    def lines(self) -> list[str]:
        """Return it in sentences."""
        told = [f"{self.key_id} wraps the keys of {self.changed} recordings that another key wrapped"]
        told += [f"cannot be opened, left as it was: {one}" for one in self.broken]
        told += [f"forgotten: {one}" for one in self.forgotten]
        told += [f"still there: {one}" for one in self.left]
        return told


def rekey(settings: Settings, *, forget: bool = False) -> Rekeyed:
    """Make a new key and wrap everything under it; with `forget`, make none, and forget old ones that nothing needs."""
    keys = Keys(settings.data_dir / FOLDER)

    async def job(errand: Errand) -> Rekeyed:
        return await carry_out(errand, keys, forget=forget)

    return at_work(settings, job)


async def carry_out(errand: Errand, keys: Keys, *, forget: bool) -> Rekeyed:
    """Do `rekey` with an open store; it may be cut at any moment and done again."""
    known = await asyncio.to_thread(keys.ids)
    newest = known[-1] if forget and known else await asyncio.to_thread(keys.make)
    changed, broken = await _wrap_all(errand, keys, newest)
    needed = await errand.store.read(key_rows.used)
    old = [one for one in await asyncio.to_thread(keys.ids) if one != newest]
    settled = errand.clock.now() - _made(newest) >= SETTLED
    gone = tuple(one for one in old if forget and settled and one not in needed)
    done = Rekeyed(
        key_id=newest,
        changed=changed,
        broken=broken,
        forgotten=gone,
        left=tuple(one for one in old if one not in gone),
    )
    await _record(errand, done)
    for one in gone:
        await asyncio.to_thread(keys.forget, one)
    return done


async def _wrap_all(errand: Errand, keys: Keys, newest: str) -> tuple[int, tuple[str, ...]]:
    changed, after, broken = 0, "", []
    while page := await errand.store.read(partial(key_rows.under_others, newest=newest, after=after)):
        changes: list[tuple[str, Wrapped, Wrapped]] = []
        for ident, wrapped in page:
            try:
                changes.append((ident, wrapped, await asyncio.to_thread(keys.wrap_again, wrapped)))
            except ContactdError:
                broken.append(ident)
        changed += await errand.store.write(partial(key_rows.exchange, changes=changes))
        after = page[-1][0]
    return changed, tuple(broken)


async def _record(errand: Errand, done: Rekeyed) -> None:
    now = errand.clock.now()
    act = audit.Entry(
        actor=errand.by,
        action="recording.rekey",
        object_kind="key",
        object_id=done.key_id,
        detail={"changed": done.changed, "broken": len(done.broken), "forgotten": list(done.forgotten)},
    )

    def unit(conn: WriteConn) -> None:
        audit.append(conn, act, now)

    await errand.store.write(unit)


def _made(key_id: str) -> datetime:
    """Return when a key was made, as its id says."""
    return datetime.strptime(key_id.partition("-")[0], "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)

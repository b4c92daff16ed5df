"""Connectors at work: each table fetched, taken over by the import's engine, put away.

A run may be cut off anywhere.  Its table lies on the disk before the run begins; rows, what was left out of them, and how many
were dealt with are one unit; the cursor moves in the unit that ends the run.  So what was cut off is gone on with at the next
row, and nothing is fetched twice or passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import structlog

from contactd.clock import Clock
from contactd.core.errors import BadRequestError, BusyError, ConflictError, ContactdError, NotFoundError, StoreDownError
from contactd.crm_store import connector_dead_rows, connector_rows
from contactd.crm_store.connector_dead_rows import MOST
from contactd.crm_store.connector_rows import FAILED, RUNNING
from contactd.crm_store.import_jobs import CONNECTOR
from contactd.crm_store.store import Store
from contactd.desk.connect import folder, sources
from contactd.desk.connect.asking import Asker
from contactd.desk.connect.left_out import ONCE_MORE, Notes, once_more
from contactd.desk.connect.table import Brought, write_rows, wrong
from contactd.desk.exchange.importing import Importing
from contactd.desk.exchange.tables import Tables
from contactd.desk.idents import Idents
from contactd.settings import Connector

LEASE = timedelta(minutes=2)
HELD_S = 30.0
"""How often a lease is renewed while somebody is at a connector."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=1)
"""After a failure a system is asked again so soon, then later and later."""
ABANDONED_S = 86_400.0
"""A file of ours that no run names is older than this when it goes."""
AT_ONCE = 1_000
"""Rows that may be sent to us, or tried again, in one go."""

log = structlog.get_logger(__name__)


class Connecting:
    """Brings in what other systems hold."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        connectors: Mapping[str, Connector],
        spool: Path,
        asker: Asker,
        tables: Tables | None = None,
    ) -> None:
        """Work on `store`; tables lie in `spool` until they are taken over."""
        self.store = store
        self.clock = clock
        self.idents = Idents(clock)
        self.connectors = connectors
        self.asker = asker
        self._spool = spool
        self._tables = tables
        self._busy: set[str] = set()
        """Runs that go on in this process."""
        self._late = asyncio.Lock()

    async def pull(self, name: str, by: str) -> list[dict[str, Any]]:
        """Bring in what is new; return a report of each table.

        Raises:
            NotFoundError: there is no such connector.
            ConflictError: somebody is at it (code `at_work`), or it is one that is sent to us (`push`).
            BadRequestError: its source cannot be used, or answers wrongly; that is noted, too.
        """
        options = self.options(name)
        if options.kind not in sources.PULLED:
            message = "nothing is fetched from this system: it sends its rows to us"
            raise ConflictError(message, code="push")
        if not await self.store.write(partial(connector_rows.claim, name=name, now=self.clock.now(), lease=LEASE)):
            message = "somebody is at this connector now"
            raise ConflictError(message, code="at_work")
        holding = asyncio.create_task(self._hold(name))
        try:
            await self._resume(name)
            return await self._pull(name, options, by)
        finally:
            holding.cancel()
            with suppress(BusyError, StoreDownError):
                await self.store.write(lambda conn: connector_rows.change(conn, name, lease_until=None))

    async def push(self, name: str, rows: Sequence[Mapping[str, Any]], by: str) -> dict[str, Any]:
        """Take over rows that a system sends; return what became of each, once it is safe.

        Raises:
            NotFoundError: there is no such connector.
            ConflictError: it is one that is asked (code `pulled`).
            BadRequestError: there are too many rows, they are too large, or none of their columns is known.
        """
        options = self.options(name)
        if options.kind != sources.PUSH:
            message = "this connector asks for its rows itself"
            raise ConflictError(message, code="pulled")
        await self._room(name)
        # What was sent before a stop must not come after this, and stand over it; nobody but this process is at it.
        await self._catch_up(lambda run: run.connector == name and run.source == sources.SENT)
        path = self.fresh(name)
        await asyncio.to_thread(write_rows, path, rows)
        done = await self._take(name, Brought(path=path, source=sources.SENT), by)
        if done["state"] == FAILED:
            code, _, text = done["error"].partition(": ")
            raise wrong(code=code, text=text, field="rows")
        now = self.clock.now()
        await self.store.write(partial(connector_rows.change, name=name, tried_at=now, ok_at=now, failures=0, error=""))
        return done | {"rows": await self.store.read(partial(connector_rows.outcomes, ident=done["id"]))}

    async def retry(self, name: str, idents: Sequence[str], by: str) -> dict[str, Any]:
        """Try rows that were left out once more, those named or the oldest; return a report, empty when there was none.

        Raises:
            NotFoundError: there is no such connector, or row.
        """
        self.options(name)
        if idents:
            rows = [await self.store.read(partial(connector_dead_rows.get, name=name, ident=one)) for one in idents]
        else:
            rows = await self.store.read(partial(connector_dead_rows.page, name=name, limit=AT_ONCE))
        table = once_more(rows)
        if not table:
            return {}
        path = self.fresh(name)
        await asyncio.to_thread(write_rows, path, table)
        return await self._take(name, Brought(path=path, source=ONCE_MORE), by)

    async def leave(self, name: str, ident: str, by: str) -> None:
        """Forget a row that was left out.

        Raises:
            NotFoundError: there is none such.
        """
        now = self.clock.now()
        await self.store.write(lambda conn: connector_dead_rows.leave(conn, name, ident, by, now))

    async def go_on(self) -> None:
        """Go on with what was sent to this node, or tried again here, when it went down."""
        now = self.clock.now()
        await self._catch_up(lambda run: run.cursor is None and run.at < now - LEASE)
        named = {run.file for run in await self._cut_off()}
        await asyncio.to_thread(_sweep, self._spool, named, now.timestamp() - ABANDONED_S)

    async def _catch_up(self, due: Callable[[Any], bool]) -> None:
        async with self._late:
            for run in filter(due, await self._cut_off()):
                await self._try_once_more(run)

    async def _try_once_more(self, run: Any) -> None:
        """Carry out what nobody waits for any more; what breaks again is given up, and keeps no other waiting."""
        try:
            await self._finish(run)
        except (BusyError, StoreDownError):
            raise
        except Exception as error:
            log.exception("connector.given_up", connector=run.connector, run=run.id)
            await self._fail(run, f"unexpected: {type(error).__name__}")

    async def _resume(self, name: str) -> None:
        """Go on with the table this node was at when it went down; who holds the connector may."""
        for run in await self._cut_off():
            if run.cursor is not None and run.connector == name:
                await self._try_once_more(run)

    async def _cut_off(self) -> list[Any]:
        unfinished = partial(connector_rows.cut_off, node=self.store.node, names=tuple(self.connectors))
        return [run for run in await self.store.read(unfinished) if run.id not in self._busy]

    def options(self, name: str) -> Connector:
        """Return a connector's settings.

        Raises:
            NotFoundError: there is no such connector.
        """
        found = self.connectors.get(name)
        if found is None:
            message = f"there is no connector {name}"
            raise NotFoundError(message)
        return found

    def importing(self, by: str) -> Importing:
        """Return the engine that takes tables over."""
        return Importing(self.store, self.clock, self.idents, by, self._tables)

    def fresh(self, name: str) -> Path:
        """Name a new file of ours."""
        self._spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._spool / f"{name}-{self.idents.new()}.jsonl"

    async def _hold(self, name: str) -> None:
        while True:
            await asyncio.sleep(HELD_S)
            until = self.clock.now() + LEASE
            with suppress(BusyError, StoreDownError):
                await self.store.write(partial(connector_rows.change, name=name, lease_until=until))

    async def _pull(self, name: str, options: Connector, by: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        try:
            await self._room(name)
            cursor = (await self.store.read(connector_rows.states))[name].cursor
            async for brought in sources.tables(
                options, self.asker, cursor, self.clock.now(), partial(self.fresh, name)
            ):
                if brought.path is None:
                    await self.store.write(partial(connector_rows.change, name=name, cursor=dict(brought.cursor or {})))
                    continue
                done = await self._take(name, brought, by)
                found.append(done)
                if done["state"] == FAILED and brought.ours:
                    code, _, text = done["error"].partition(": ")
                    raise wrong(code=code, text=text)
        except (BusyError, StoreDownError):
            raise
        except ContactdError as error:
            await self.failed(name, error.code, error.text)
            raise
        await self._worked(name, options, found)
        return found

    async def _room(self, name: str) -> None:
        """Take no more rows while too many of them wait for somebody."""
        waiting = await self.store.read(partial(connector_dead_rows.waiting, name=name))
        if waiting.get(name, 0) >= MOST:
            message = f"{MOST} rows of it were left out and wait: have them tried again, or leave them"
            raise BadRequestError(message, code="too_many_left_out")

    async def _worked(self, name: str, options: Connector, found: Sequence[Mapping[str, Any]]) -> None:
        """Note that a system was read; one whose files all failed has given us nothing."""
        now = self.clock.now()
        bad = next((one["error"] for one in found if one["state"] == FAILED), "")
        values: dict[str, Any] = {
            "failures": 0,
            "error": bad,
            "next_at": now + timedelta(minutes=options.every_minutes),
        }
        # A folder that stays empty is as silent as a system that does not answer.
        if options.kind != sources.FOLDER or any(one["state"] != FAILED for one in found):
            values["ok_at"] = now
        await self.store.write(partial(connector_rows.change, name=name, **values))

    async def failed(self, name: str, code: str, text: str) -> None:
        """Note why a system could not be read; it is asked again later and later, and then from the start of its look."""
        state = (await self.store.read(connector_rows.states))[name]
        pause = min(LONGEST, SHORTEST * 2 ** min(state.failures, 20))
        values: dict[str, Any] = {"failures": state.failures + 1, "next_at": self.clock.now() + pause}
        values["error"] = f"{code}: {text}"[:500]
        if code == "refused" and "page" in state.cursor:
            # The address of a page in the middle does not live for ever.
            values["cursor"] = {"since": state.cursor.get("since", "")}
        log.warning("connector.failed", connector=name, code=code, failures=state.failures + 1)
        await self.store.write(partial(connector_rows.change, name=name, **values))

    async def _take(self, name: str, brought: Brought, by: str) -> dict[str, Any]:
        """Begin a run, and carry it out."""
        ident = self.idents.new()
        row = {"id": ident, "connector": name, "node": self.store.node, "source": brought.source, "by": by}
        cursor = None if brought.cursor is None else dict(brought.cursor)
        run = SimpleNamespace(**row, at=self.clock.now(), file=str(brought.path), cursor=cursor)
        self._busy.add(ident)
        try:
            await self.store.write(partial(connector_rows.begin, row=vars(run)))
            await self._finish(run)
        finally:
            self._busy.discard(ident)
        return await self.store.read(partial(connector_rows.run, ident=ident))

    async def _finish(self, run: Any) -> None:
        """Carry a run out, or to its end; put its file away."""
        options = self.options(run.connector)
        path = Path(run.file)
        ours = path.parent == self._spool
        try:
            if not await asyncio.to_thread(folder.is_plain, path):
                raise wrong(code="cut_off", text="its table is gone; what it held is fetched once more")
            await self._carry_out(run, options, Brought(path=path, source=run.source, form="jsonl" if ours else ""))
        except (BusyError, StoreDownError):
            raise
        except ContactdError as error:
            await self._fail(run, f"{error.code}: {error.text}"[:500])
        else:
            if not ours:
                await asyncio.to_thread(folder.put_away, options, path, folder.DONE)
        if ours:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _fail(self, run: Any, reason: str) -> None:
        """End a run that nothing comes of; a file of a folder makes way for the next."""
        values = {"state": FAILED, "error": reason, "ended_at": self.clock.now()}
        await self.store.write(partial(connector_rows.end, ident=run.id, values=values))
        path = Path(run.file)
        if path.parent != self._spool:
            await asyncio.to_thread(folder.put_away, self.options(run.connector), path, folder.FAILED, reason)

    async def _carry_out(self, run: Any, options: Connector, brought: Brought) -> None:
        importing = self.importing(f"{CONNECTOR}{run.connector}")
        wish = sources.wish_of(run.connector, options, brought, run.id)
        looked = await importing.look(wish)
        job = await importing.begin(wish)
        await self.store.write(partial(connector_rows.end, ident=run.id, values={"state": RUNNING, "job_id": job}))
        known = (await self.store.read(partial(connector_dead_rows.waiting, name=run.connector))).get(run.connector, 0)
        notes = Notes(run, self.clock.now, known)
        await importing.run(wish, _nobody, notes.company(looked.sheet.headers))


def _sweep(spool: Path, named: set[str], before: float) -> None:
    """Remove what was written down for runs that never began."""
    for path in spool.iterdir() if spool.is_dir() else ():
        if str(path) not in named and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


def _nobody(_outcome: Any) -> None:
    """Show the rows to nobody: what became of them is kept."""

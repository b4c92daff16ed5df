"""Imports by screen: a file comes in pieces, is looked at, tried out, taken over and taken back, behind the live work.

Each step is a state of the file's row (`crm_store/import_files`), so that after a crash the next start goes on where it was:

    uploading → whole → trying → whole → running → done | failed → running …
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from contactd.clock import Clock
from contactd.core.errors import BadRequestError, BusyError, ConflictError, ContactdError, StoreDownError
from contactd.core.newcomer import MATCHES, POLICIES
from contactd.core.past import BESIDE, KINDS
from contactd.crm_store import import_files, import_jobs, import_undo
from contactd.crm_store.import_files import AT_WORK, DONE, FAILED, RUNNING, TRYING, UPLOADING, WHOLE
from contactd.crm_store.import_rows import Outcome
from contactd.crm_store.store import Store
from contactd.desk.exchange.headers import CUSTOM, FIELDS
from contactd.desk.exchange.importing import Importing, first
from contactd.desk.exchange.letters import Post
from contactd.desk.exchange.mails import MAILS, Mails
from contactd.desk.exchange.past_columns import CUSTOMERS, fields_of
from contactd.desk.exchange.results import LEFT_OUT
from contactd.desk.exchange.sheet import MAX_BYTES, too_large
from contactd.desk.exchange.tables import Tables
from contactd.desk.exchange.wish import Wish
from contactd.desk.exchange.wishes import ENCODINGS, wish_of
from contactd.desk.idents import Idents
from contactd.desk.recordings import Recordings

PIECE = 1024 * 1024
"""Bytes of a piece, at most."""
KEPT = timedelta(days=7)
"""How long a file is kept, for its result to be fetched."""
SHOWN = 10
"""Rows of a file that are shown before anything is done with it."""
FAULTS = 200
"""Rows that cannot be taken over which a trial names; the counts count all."""
EVERY_S = 1.0

log = structlog.get_logger(__name__)


class StoppedError(Exception):
    """Whoever began an import wants it back while it runs."""


class Wizard:
    """Takes over the files people bring."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        idents: Idents,
        tables: Tables | None = None,
        recordings: Recordings | None = None,
        folder: Path | None = None,
        post: Post | None = None,
    ) -> None:
        """Work on `store`.

        Args:
            store: the store.
            clock: the clock.
            idents: makes ids.
            tables: opens files.
            recordings: seals sound.
            folder: below it lie files that tables name; None: they come in a zip only.
            post: reads mails; None: none are taken over.
        """
        self._tables = tables
        self._recordings = recordings
        self._folder = folder
        self._post = post
        self._store = store
        self._clock = clock
        self._idents = idents
        self._woken = asyncio.Event()
        self._tried: dict[str, int] = {}
        """File → rows its trial has gone through."""
        self._stopped: set[str] = set()
        """Imports to be taken back that still run."""

    async def bring(self, owner: str, name: str, size: int) -> dict[str, Any]:
        """Announce a file.

        Raises:
            BadRequestError: it is too large, or empty.
            BusyError: its owner has brought many already.
        """
        if size > MAX_BYTES:
            raise too_large(size)
        if size < 1:
            message = "the file is empty"
            raise BadRequestError(message, code="empty", field="size")
        now = self._clock.now()
        ident = self._idents.new()
        row = {"id": ident, "node": self._store.node, "owner": owner, "name": name, "size": size}
        row |= {"created_at": now, "expires_at": now + KEPT}
        await self._store.write(partial(import_files.add, row=row))
        return await self.file(ident)

    async def piece(self, ident: str, number: int, data: bytes) -> dict[str, Any]:
        """Take one piece in; with the last one the file is whole.

        Raises:
            NotFoundError, ConflictError: there is no such file, or another piece is the next.
            BadRequestError: the piece has the wrong length.
        """
        found = await self._store.read(partial(import_files.row, ident=ident))
        length = min(PIECE, found.size - number * PIECE)
        if number < 0 or len(data) != length:
            message = f"piece {number} has {max(length, 0)} bytes"
            raise BadRequestError(message, code="wrong_length", field="number")
        blob = await self._store.blobs.store(data)
        pieces = await self._store.write(partial(import_files.piece, ident=ident, number=number, blob=blob))
        if len(pieces) * PIECE >= found.size:
            await self._join(ident, pieces)
        return await self.file(ident)

    async def _join(self, ident: str, pieces: list[str]) -> None:
        try:
            whole = await asyncio.to_thread(self._store.blobs.join, pieces)
        except OSError as error:
            message = "the store cannot keep files now"
            raise StoreDownError(message) from error
        change = partial(import_files.change, ident=ident, among=(UPLOADING,), state=WHOLE, blob=whole)
        await self._store.write(change)

    async def file(self, ident: str) -> dict[str, Any]:
        """Return a file and how far it is.

        Raises:
            NotFoundError: there is no such file.
        """
        found = await self._store.read(partial(import_files.row, ident=ident))
        shown = import_files.view(found) | {"progress": self._tried.get(ident, 0)}
        if found.job_id is not None:
            counts = await self._store.read(lambda conn: import_jobs.counted(conn, found.job_id))
            shown |= {"counts": counts, "progress": sum(counts.values())}
        return shown

    async def preview(self, ident: str, form: str = "", encoding: str = "", what: str = "") -> dict[str, Any]:
        """Return a file's columns, how they would be placed, and its first rows.

        Raises:
            NotFoundError, ConflictError: there is no such file, or it is not whole.
            BadRequestError: it cannot be read so.
        """
        wish = await self._wish(ident, {"form": form, "encoding": encoding, "object": what})
        looked = await self._taking("", wish).peek(wish)
        rows = await asyncio.to_thread(first, looked, SHOWN)
        return {
            "format": looked.sheet.format,
            "encoding": looked.sheet.encoding,
            "headers": list(looked.sheet.headers),
            "rows": rows,
            "mapping": looked.mapping,
            "unplaced": list(looked.unplaced),
            "fields": [] if wish.object == MAILS else list(fields_of(wish.object) if wish.object else FIELDS),
            "own": {f"{CUSTOM}{key}": dict(one.field.labels) for key, one in looked.own.items()},
            "matches": list(MATCHES),
            "policies": list(POLICIES),
            "encodings": list(ENCODINGS),
            "objects": [CUSTOMERS, *KINDS, *([MAILS] if self._post is not None else [])],
            "beside": wish.object in BESIDE,
            "folder": self._folder is not None,
        }

    async def begin(self, ident: str, given: Mapping[str, Any], by: str, *, trial: bool) -> dict[str, Any]:
        """Have a file tried out or taken over; how it goes is asked for with `file`.

        Raises:
            NotFoundError, BadRequestError: there is no such file, or it cannot be read as wished.
            ConflictError: it is not whole, something is done with it now, or it was taken over.
        """
        wish = await self._wish(ident, given)
        await self._taking(by, wish).look(wish)
        await self._again(ident)
        values: dict[str, Any] = {"state": TRYING if trial else RUNNING, "wish": {**given, "by": by}, "error": None}
        if trial:
            values |= {"counts": {}, "faults": []}
        change = partial(import_files.change, ident=ident, among=(WHOLE, FAILED), **values)
        if not await self._store.write(change):
            message = "Something is done with this file now, or it was taken over."
            raise ConflictError(message, code="at_work")
        self._woken.set()
        return await self.file(ident)

    async def _again(self, ident: str) -> None:
        """Let a file be taken over once more when its import was taken back."""
        found = await self._store.read(partial(import_files.row, ident=ident))
        if found.state == DONE and found.job_id is not None:
            job = await self._store.read(partial(import_jobs.get, job=found.job_id))
            if job["state"] == import_jobs.UNDONE:
                change = partial(import_files.change, ident=ident, among=(DONE,), state=WHOLE, job_id=None)
                await self._store.write(change)

    async def undo(self, job: str, by: str) -> None:
        """Take an import back, also one that still runs; how it goes is asked for with the import.

        Raises:
            NotFoundError, ConflictError: there is none such, or it was undone.
        """
        now = self._clock.now()
        found = await self._store.read(lambda conn: import_files.of_job(conn, job))
        if found is not None and found.state == RUNNING:
            self._stopped.add(job)
        await self._store.write(lambda conn: import_undo.begin(conn, job, by, now))
        self._woken.set()

    async def run(self) -> None:
        """Do what is to be done, for ever; what was cut short is gone on with."""
        while True:
            try:
                await self.some()
            except (BusyError, StoreDownError):
                log.warning("imports.store_down")
            except ContactdError as error:
                log.warning("imports.failed", code=error.code)
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._woken.wait()
            self._woken.clear()

    async def some(self) -> None:
        """Do all that is to be done now."""
        for row in await self._store.read(partial(import_files.at_work, node=self._store.node)):
            await self._one(row)
        for job in await self._store.read(partial(import_jobs.undoing, node=self._store.node)):
            await self._take_back(job)

    async def _take_back(self, job: str) -> None:
        """Go on with taking an import back; one that cannot be keeps no other waiting."""
        try:
            await self._importing("").finish_undo(job)
        except (BusyError, StoreDownError):
            raise
        except Exception:  # whatever it is, it will be the same at the next look, which tries again
            log.exception("import.undo_failed", job=job)

    async def _one(self, row: Any) -> None:
        """Try a file out, or take it over."""
        try:
            wish = await self._wish(row.id, row.wish)
            values = await (self._try_out(row, wish) if row.state == TRYING else self._take_over(row, wish))
        except StoppedError:
            values = {"state": DONE}
        except (BusyError, StoreDownError):
            raise
        except ContactdError as error:
            values = {"state": FAILED, "error": f"{error.code}: {error.text}"}
        except Exception as error:  # one file that cannot be taken over keeps nobody else's waiting
            log.exception("import.failed", file=row.id)
            values = {"state": FAILED, "error": f"unexpected: {type(error).__name__}"}
        await self._store.write(partial(import_files.change, ident=row.id, among=AT_WORK, **values))
        self._tried.pop(row.id, None)

    async def _try_out(self, row: Any, wish: Wish) -> dict[str, Any]:
        faults: list[dict[str, Any]] = []

        def show(outcome: Outcome) -> None:
            self._tried[row.id] = self._tried.get(row.id, 0) + 1
            if outcome.status in LEFT_OUT and len(faults) < FAULTS:
                faults.append({"row": outcome.number, "status": outcome.status, "reasons": outcome.reasons})

        self._tried[row.id] = 0
        counts = await self._taking(row.wish["by"], wish).try_out(wish, show)
        return {"state": WHOLE, "counts": counts, "faults": faults}

    async def _take_over(self, row: Any, wish: Wish) -> dict[str, Any]:
        job = ""

        def show(_outcome: Outcome) -> None:
            if job in self._stopped:
                raise StoppedError

        importing = self._taking(row.wish["by"], wish)
        job = await importing.begin(wish)
        named = partial(import_files.change, ident=row.id, among=(RUNNING,), job_id=job)
        await self._store.write(named)
        try:
            _, counts = await importing.run(wish, show)
        finally:
            self._stopped.discard(job)
        return {"state": DONE, "counts": counts}

    async def _wish(self, ident: str, given: Mapping[str, Any]) -> Wish:
        """Read how a file is to be taken over.

        Raises:
            NotFoundError, ConflictError, BadRequestError: there is none, it is not whole, or the wish is none.
        """
        found = await self._store.read(partial(import_files.row, ident=ident))
        if found.blob is None:
            message = "The file is not whole yet."
            raise ConflictError(message, code="not_whole")
        return wish_of(given, found.name, self._store.blobs.path(found.blob), self._folder)

    def _taking(self, by: str, wish: Wish) -> Importing | Mails:
        """Return what takes over a file of this sort.

        Raises:
            BadRequestError: mails are not taken over here.
        """
        if wish.object != MAILS:
            return self._importing(by)
        if self._post is None:
            message = "no channel reads mails here"
            raise BadRequestError(message, code="unknown_object", field="object")
        return Mails(self._store, self._clock, self._idents, by, self._post)

    def _importing(self, by: str) -> Importing:
        return Importing(self._store, self._clock, self._idents, by, self._tables, self._recordings)

"""Files for people at a screen: customers taken out, what became of an import; each for one reader and gone when it was fetched."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from contactd.clock import Clock
from contactd.core.errors import ConflictError, NotFoundError
from contactd.core.levels import EVERYTHING, Levels
from contactd.crm_store import archive_rows, audit, case_reads, import_files, import_jobs
from contactd.crm_store.audit import Entry
from contactd.crm_store.export_rows import Chosen
from contactd.crm_store.import_rows import Outcome
from contactd.crm_store.sealing import Keys
from contactd.crm_store.sight import Sight
from contactd.crm_store.store import Store
from contactd.desk.exchange import archive, evidence, results
from contactd.desk.exchange.exporting import Exporting
from contactd.desk.exchange.mail_file import sheet_of
from contactd.desk.exchange.mails import MAILS
from contactd.desk.exchange.tables import Tables


class HandingOut:
    """Writes files that are fetched once."""

    def __init__(self, store: Store, clock: Clock, folder: Path, keys: Path, tables: Tables | None = None) -> None:
        """Write into `folder`; what an earlier run left there is removed.

        Args:
            store: the store.
            clock: the clock.
            folder: where files wait to be fetched.
            keys: the folder with what opens recordings.
            tables: opens files that were brought; without it: in this process.
        """
        self._tables = tables or Tables()
        self._keys = Keys(keys)
        self._store = store
        self._clock = clock
        self._folder = folder
        self._busy: set[str] = set()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)

    async def customers(
        self,
        by: str,
        *,
        form: str,
        chosen: Chosen,
        columns: Sequence[str] = (),
        levels: Levels = EVERYTHING,
        sight: Sight | None = None,
    ) -> Path:
        """Write customers to a file that the caller removes.

        Raises:
            BadRequestError: there is no such form or column.
            ConflictError: an export of this person is going on (code `in_progress`).
        """
        with self._writing(by, form) as path:
            exporting = Exporting(self._store, self._clock, by)
            await exporting.run(path, form=form, chosen=chosen, columns=columns, levels=levels, sight=sight)
        return path

    async def result(self, job: str, by: str, *, masked: bool = False, only_left_out: bool = False) -> tuple[Path, str]:
        """Write what became of each row of an import; return the file, which the caller removes, and the import's name.

        Raises:
            NotFoundError: there is no such import, or its file is not kept any more.
            ConflictError: a file for this person is being written (code `in_progress`).
        """
        with self._writing(by, "csv") as path:
            return path, await self._result(path, job, masked=masked, only_left_out=only_left_out)

    async def _result(self, path: Path, job: str, *, masked: bool, only_left_out: bool) -> str:
        about = await self._store.read(partial(import_jobs.get, job=job))
        found = await self._store.read(partial(import_files.of_job, job=job))
        if found is None:
            message = "The file of this import is not kept any more."
            raise NotFoundError(message)
        loop = asyncio.get_running_loop()

        def rows() -> Iterator[Outcome]:
            after = 0
            while True:
                reading = self._store.read(partial(import_jobs.rows, job=job, after=after))
                part = asyncio.run_coroutine_threadsafe(reading, loop).result()
                yield from (Outcome(row.n, row.status, row.party_id, row.object_id, _told(row)) for row in part)
                if not part:
                    return
                after = part[-1].n

        source = self._store.blobs.path(found.blob)
        if about["format"] == MAILS:
            sheet = await asyncio.to_thread(sheet_of, source, found.name)
        else:
            sheet = await self._tables.whole(source, form=about["format"], encoding=about["encoding"])

        def write() -> None:
            path.touch(mode=0o600)
            results.write(path, sheet, rows(), only_left_out=only_left_out, masked=masked)

        await asyncio.to_thread(write)
        return str(about["file_name"])

    async def archive(self, party: str, by: str, *, heard: bool) -> Path:
        """Write all that is kept of a customer to a zip that the caller removes; `heard`: with the sound of recordings.

        Raises:
            NotFoundError: there is no such customer.
            ConflictError: a file for this person is being written (code `in_progress`).
        """
        with self._writing(by, "zip") as path:
            person = await self._store.read(partial(archive_rows.person, party=party))
            now = self._clock.now()
            entry = Entry(actor=by, action="party.archive", object_kind="party", object_id=party)
            await self._store.write(lambda conn: audit.append(conn, entry, now))
            contacts = self._pages(partial(archive_rows.contacts, party=party, heard=heard), asyncio.get_running_loop())
            path.touch(mode=0o600)
            await asyncio.to_thread(archive.write, path, person, contacts, self._store.blobs, self._keys)
        return path

    async def evidence(self, case: str, by: str, *, heard: bool) -> tuple[Path, str]:
        """Write a case's evidence to a zip that the caller removes; return it with the digest that stands in the audit log.

        Raises:
            NotFoundError: there is no such case.
            ConflictError: a file for this person is being written (code `in_progress`).
        """
        with self._writing(by, "zip") as path:
            return path, await self._evidence(path, case, by, heard=heard)

    async def _evidence(self, path: Path, case: str, by: str, *, heard: bool) -> str:
        whole = await self._store.read(partial(case_reads.get, ident=case))
        loop = asyncio.get_running_loop()
        contacts = self._pages(partial(archive_rows.of_case, case=whole["id"], heard=heard), loop)

        def write() -> str:
            path.touch(mode=0o600)
            about = [("case", whole["id"]), *(("interaction", one["id"]) for one in contacts())]
            reading = self._store.read(partial(audit.about, objects=about))
            entries = asyncio.run_coroutine_threadsafe(reading, loop).result()
            return evidence.write(path, whole, contacts, entries, self._store.blobs, self._keys)

        digest = await asyncio.to_thread(write)
        detail = {"sha256": digest, "with_sound": heard}
        entry = Entry(actor=by, action="case.evidence", object_kind="case", object_id=whole["id"], detail=detail)
        now = self._clock.now()
        await self._store.write(lambda conn: audit.append(conn, entry, now))
        return digest

    def _pages(
        self, read: Callable[..., list[dict[str, Any]]], loop: asyncio.AbstractEventLoop
    ) -> Callable[[], Iterator[dict[str, Any]]]:
        """Return what reads contacts page by page, from a thread."""

        def contacts() -> Iterator[dict[str, Any]]:
            after = ""
            while True:
                reading = self._store.read(partial(read, after=after))
                part = asyncio.run_coroutine_threadsafe(reading, loop).result()
                yield from part
                if len(part) < archive_rows.PAGE:
                    return
                after = part[-1]["id"]

        return contacts

    @contextmanager
    def _writing(self, by: str, form: str) -> Iterator[Path]:
        """Give a new file's path, one at a time to each person; nothing stays of a file that could not be written."""
        if by in self._busy:
            message = "Another export of yours is still going on."
            raise ConflictError(message, code="in_progress")
        path = self._folder / f"{secrets.token_hex(16)}.{form or 'csv'}"
        self._busy.add(by)
        try:
            yield path
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            self._busy.discard(by)


def _told(row: Any) -> list[str]:
    """Return why a row ended so, and what taking it back left."""
    undone = [f"{row.undone}: {', '.join(row.kept)}".rstrip(": ")] if row.undone else []
    return [*row.reasons, *undone]

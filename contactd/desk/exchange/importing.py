"""A file taken over: every row tried or taken over behind the live work, gone on with after a stop, taken back."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

from contactd.clock import Clock, to_ms
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.newcomer import MATCHES, POLICIES, TakeOver
from contactd.core.past import ARTICLE
from contactd.crm_store import agents, field_rows, import_jobs, import_rows, import_undo, past_rows, policies
from contactd.crm_store.import_held import CROSSED
from contactd.crm_store.import_rows import Errand, Outcome, TriedOutError
from contactd.crm_store.store import Store, WriteConn
from contactd.desk.exchange import past_columns
from contactd.desk.exchange.batches import Fresh, Names, Source, batches
from contactd.desk.exchange.beside import Beside, beside, pages_beside
from contactd.desk.exchange.bundle import Folder
from contactd.desk.exchange.headers import fingerprint, settled
from contactd.desk.exchange.own_fields import Own, own_fields
from contactd.desk.exchange.sheet import Line, Sheet
from contactd.desk.exchange.tables import Tables
from contactd.desk.exchange.wish import Company, Wish
from contactd.desk.idents import Idents
from contactd.desk.recordings import Recordings

_MET = frozenset({CROSSED, "changed"})
"""Why a unit may be written again: another node, or somebody at a screen, wrote one of its rows meanwhile."""
CROSSINGS = 3
"""How often a unit may cross another node's before that is an error."""
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Looked:
    """A file as it would be read."""

    sheet: Sheet
    mapping: dict[str, str]
    unplaced: tuple[str, ...]
    """Columns nobody can place; they are left out."""
    own: Mapping[str, Own] = field(default_factory=dict)
    """Fields the house has added to customers."""


class Importing:
    """Takes over files."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        idents: Idents,
        by: str,
        tables: Tables | None = None,
        recordings: Recordings | None = None,
    ) -> None:
        """Work on `store` in the name of `by`; open files with `tables` (without: in this process), seal sound by `recordings`."""
        self._tables = tables or Tables()
        self._recordings = recordings
        self._store = store
        self._clock = clock
        self._idents = idents
        self._by = by

    async def look(self, wish: Wish, *, whole: bool = False) -> Looked:
        """Read a file's head and place its columns, of which one at least must be known; with `whole`, open all of it.

        Raises:
            BadRequestError: as `peek`, or no column is known.
        """
        looked = await self.peek(wish, whole=whole)
        if not looked.mapping:
            message = "no column of the file is known: name one with --map COLUMN=FIELD"
            raise BadRequestError(message, code="no_mapping", field="mapping")
        return looked

    async def peek(self, wish: Wish, *, whole: bool = False) -> Looked:
        """Read a file's head and place its columns: as chosen, else as for the same program's last file, else as named.

        Raises:
            BadRequestError: it cannot be read, a column or field does not exist, or an option is wrong.
        """
        _check(wish.options)
        opened = self._tables.whole if whole else self._tables.head
        sheet = await opened(wish.path, form=wish.form, encoding=wish.encoding)
        chosen = await self._chosen(wish, sheet) | {name: name for name in wish.dress.fixed}
        headers = wish.dress.columns(sheet.headers)
        if wish.object:
            return Looked(sheet, *past_columns.settled(wish.object, headers, chosen))
        own = await self._store.read(_own)
        mapping, unplaced = settled(headers, chosen, own)
        return Looked(sheet, mapping, unplaced, own)

    async def _chosen(self, wish: Wish, sheet: Sheet) -> dict[str, str]:
        """Return header → field as it was wished, else as it was wished for the same program's last file."""
        if wish.run:
            # What a system sends now need not have every column that its settings place.
            return {header: meaning for header, meaning in wish.mapping.items() if header in sheet.headers}
        mark = _fingerprint(wish, sheet)
        before = await self._store.read(lambda conn: import_jobs.remembered(conn, mark))
        return {header: meaning for header, meaning in before.items() if header in sheet.headers} | dict(wish.mapping)

    async def try_out(
        self, wish: Wish, show: Callable[[Outcome], None], compare: Callable[[Any, Outcome], None] | None = None
    ) -> dict[str, int]:
        """Say what would become of each row, and change nothing; return status → rows.

        `compare` is shown each row as it was understood, too.  Rows of one file that are about the same new customer are counted
        as that customer's.
        """
        looked = await self.look(wish, whole=True)
        fresh, counts = Fresh(), Counter[str]()
        with self._beside(wish) as beside:
            async for batch in _aside(self._batches(looked, wish, await self._names(), ())):
                await beside.complete(batch, keep=False)
                try:
                    await self._taken(partial(_units(wish)[0], records=batch, errand=self._errand("", wish)))
                except TriedOutError as tried:
                    outcomes = tried.outcomes
                for record, outcome in zip(batch, outcomes, strict=True):
                    fresh.compare(record, outcome)
                    counts[outcome.status] += 1
                    show(outcome)
                    if compare is not None:
                        compare(record, outcome)
        return dict(counts)

    async def run(
        self, wish: Wish, show: Callable[[Outcome], None], company: Company | None = None
    ) -> tuple[str, dict[str, int]]:
        """Take over every row that can be; return the import's id and status → rows.

        What was cut short is gone on with: rows that were dealt with are not dealt with again.

        Raises:
            ConflictError: the same file was taken over in the same way already.
        """
        looked = await self.look(wish, whole=True)
        lines: dict[int, Line] = {}
        if company is not None:
            looked = replace(looked, sheet=replace(looked.sheet, lines=_noted(looked.sheet.lines, lines)))
        job = await self._begin(wish, looked)
        done = await self._store.read(lambda conn: import_jobs.taken(conn, job))
        with self._beside(wish) as beside:
            async for batch in _aside(self._batches(looked, wish, await self._names(), done)):
                await beside.complete(batch, keep=True)
                unit = partial(_units(wish)[1], records=batch, errand=self._errand(job, wish))
                for outcome in await self._taken(unit if company is None else partial(_with, unit, company, lines)):
                    lines.pop(outcome.number, None)
                    show(outcome)
        now = self._clock.now()

        def end(conn: WriteConn) -> dict[str, int]:
            counts = import_jobs.finish(conn, job, now)
            if company is not None:
                company.end(conn, counts)
            return counts

        return job, await self._store.write(end)

    async def _taken(self, unit: Callable[[WriteConn], list[Outcome]]) -> list[Outcome]:
        """Write a unit; one that crossed another node's is written again, and then finds what was written there."""
        for _ in range(CROSSINGS):
            try:
                return await self._store.write(unit, bulk=True)
            except ConflictError as error:
                if error.code not in _MET:
                    raise
        return await self._store.write(unit, bulk=True)

    async def undo(self, job: str) -> dict[str, int]:
        """Take an import back; return bucket (reversed, kept, nothing) → rows.

        Raises:
            NotFoundError, ConflictError: there is none such, or it was undone.
        """
        now = self._clock.now()
        await self._store.write(lambda conn: import_undo.begin(conn, job, self._by, now))
        return await self.finish_undo(job)

    async def finish_undo(self, job: str) -> dict[str, int]:
        """Go on with taking an import back to its end; return bucket → rows."""
        now = self._clock.now()
        by = await self._store.read(partial(import_jobs.undone_by, job=job))
        while await self._store.write(lambda conn: import_undo.next_rows(conn, job, by, now), bulk=True):
            pass
        return await self._store.write(lambda conn: import_undo.finish(conn, job, now))

    async def begin(self, wish: Wish) -> str:
        """Begin an import, or find the one of the same file that was cut short; return its id.

        Raises:
            BadRequestError, ConflictError: it cannot be read, or was taken over in the same way already.
        """
        return await self._begin(wish, await self.look(wish))

    async def _begin(self, wish: Wish, looked: Looked) -> str:
        job = import_jobs.Job(
            id=self._idents.new(),
            file_name=wish.file_name or wish.path.name,
            digest=await asyncio.to_thread(_digest, wish),
            format=looked.sheet.format,
            encoding=looked.sheet.encoding,
            fingerprint=_fingerprint(wish, looked.sheet),
            mapping=looked.mapping,
            options={name: list(v) if isinstance(v, tuple) else v for name, v in asdict(wish.options).items()}
            | ({"object": wish.object} if wish.object else {})
            | ({"run": wish.run} if wish.run else {}),
            by=self._by,
        )
        now = self._clock.now()
        return await self._store.write(lambda conn: import_jobs.begin(conn, job, now))

    def _beside(self, wish: Wish) -> AbstractContextManager[Beside]:
        """Open what rows name that lies beside the table."""
        files, system = wish.files or wish.path, wish.options.system
        if wish.object == ARTICLE:
            return pages_beside(files, publishes=wish.publishes)
        return beside(self._store, self._recordings, wish.object, files, system)

    def _errand(self, job: str, wish: Wish) -> Errand:
        now = self._clock.now()
        new_id = partial(self._idents.made_at, to_ms(now))
        return Errand(job=job, options=wish.options, by=self._by, at=now, new_id=new_id)

    async def _names(self) -> Names:
        """Return what rows may call ours by name."""
        version = await self._store.read(policies.current)
        lines = (version.document.get("lines") if version is not None else None) or {}
        return Names(await self._store.read(agents.by_username), frozenset(lines))

    def _batches(self, looked: Looked, wish: Wish, names: Names, done: Collection[int]) -> Iterator[list[Any]]:
        rules = replace(wish.rules, fields=looked.own)
        return batches(Source(wish.dress.on(looked.sheet), looked.mapping, rules, wish.object), names, done)


def _check(options: TakeOver) -> None:
    """Refuse options that are none."""
    if options.policy not in POLICIES:
        message = f"the policy is one of {', '.join(POLICIES)}"
        raise BadRequestError(message, code="unknown_policy", field="policy")
    wrong = next((key for key in options.match if key not in MATCHES), None)
    if wrong is not None:
        message = f"customers are known again by {', '.join(MATCHES)}"
        raise BadRequestError(message, code="unknown_match", field="match")


def _own(conn: Any) -> dict[str, Own]:
    """Return the fields the house has added to customers."""
    return own_fields(field_rows.fields(conn, "party"), field_rows.listed(conn, "party"))


async def _aside(batches: Iterator[list[Any]]) -> AsyncIterator[list[Any]]:
    """Read and understand in a thread: beside a server's loop nobody else may wait for it.

    One batch ahead: it is read while the one before is written.
    """
    ahead = asyncio.create_task(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await ahead) is not None:
            ahead = asyncio.create_task(asyncio.to_thread(next, batches, None))
            yield batch
    finally:
        # Who stops in the middle does not ask what the next batch would have been.
        ahead.add_done_callback(lambda done: done.cancelled() or done.exception())


def _noted(lines: Iterator[Line], into: dict[int, Line]) -> Iterator[Line]:
    """Yield lines, and keep each in `into` until its unit is written."""
    for line in lines:
        into[line.number] = line
        yield line


def _with(
    unit: Callable[[WriteConn], list[Outcome]], company: Company, lines: Mapping[int, Line], conn: WriteConn
) -> list[Outcome]:
    """Write a unit's rows, and what somebody else writes beside them."""
    outcomes = unit(conn)
    company.rows(conn, outcomes, lines)
    return outcomes


def _units(wish: Wish) -> tuple[Callable[..., Any], Callable[..., list[Outcome]]]:
    """Return what tries rows out, and what takes them over."""
    if wish.object:
        return past_rows.try_out, past_rows.take_over
    return import_rows.try_out, import_rows.take_over


def _fingerprint(wish: Wish, sheet: Sheet) -> str:
    return fingerprint((wish.object, *sheet.headers) if wish.object else sheet.headers)


def _digest(wish: Wish) -> str:
    """Return by what the same table with the same files beside it is known."""
    found = hashlib.sha256()
    for path in (wish.path, wish.files):
        if path is not None and path.is_dir():
            found.update(Folder(path).mark().encode())
        elif path is not None:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    found.update(chunk)
    return found.hexdigest()


def first(looked: Looked, count: int = 5) -> list[list[str]]:
    """Return the first rows as they stand in the file, for somebody to look at."""
    return [[str(one) for one in line.cells] for line in islice(looked.sheet.lines, count)]

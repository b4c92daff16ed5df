"""A file taken over: every row tried or taken over behind the live work, gone on with after a stop, taken back."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from contactd.clock import Clock, to_ms
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.newcomer import MATCHES, POLICIES, Problem, Record, TakeOver
from contactd.crm_store import agents, field_rows, import_jobs, import_rows, import_undo
from contactd.crm_store.import_held import CROSSED
from contactd.crm_store.import_rows import CREATED, UPDATED, Errand, Outcome, TriedOutError
from contactd.crm_store.store import Store, WriteConn
from contactd.crm_store.writer import BULK_ROWS
from contactd.desk.exchange.headers import fingerprint, settled
from contactd.desk.exchange.own_fields import Own, own_fields
from contactd.desk.exchange.record import Rules, understand
from contactd.desk.exchange.sheet import Sheet
from contactd.desk.exchange.tables import Tables
from contactd.desk.idents import Idents

WEIGHT = BULK_ROWS - 200
"""Rows of the store from which on a unit is full; the heaviest record still fits."""
_MET = frozenset({CROSSED, "changed"})
"""Why a unit may be written again: another node, or somebody at a screen, wrote one of its rows meanwhile."""
CROSSINGS = 3
"""How often a unit may cross another node's before that is an error."""
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be imported, and how."""

    path: Path
    file_name: str = ""
    form: str = ""
    encoding: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """header → field, where the proposal is not right; `-` leaves a column out."""
    options: TakeOver = field(default_factory=TakeOver)
    rules: Rules = field(default_factory=Rules)


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

    def __init__(self, store: Store, clock: Clock, idents: Idents, by: str, tables: Tables | None = None) -> None:
        """Work on `store` in the name of `by`, and open files with `tables` (without: in this process)."""
        self._tables = tables or Tables()
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
        before = await self._store.read(lambda conn: import_jobs.remembered(conn, fingerprint(sheet.headers)))
        known = {header: meaning for header, meaning in before.items() if header in sheet.headers}
        own = await self._store.read(_own)
        mapping, unplaced = settled(sheet.headers, {**known, **wish.mapping}, own)
        return Looked(sheet, mapping, unplaced, own)

    async def try_out(self, wish: Wish, show: Callable[[Outcome], None]) -> dict[str, int]:
        """Say what would become of each row, and change nothing; return status → rows.

        Rows of one file that are about the same new customer are counted as that customer's.
        """
        looked = await self.look(wish, whole=True)
        fresh, counts = Fresh(), Counter[str]()
        async for batch in _aside(self._batches(looked, wish, await self._owners())):
            try:
                await self._taken(partial(import_rows.try_out, records=batch, errand=self._errand("", wish)))
            except TriedOutError as tried:
                outcomes = tried.outcomes
            for record, outcome in zip(batch, outcomes, strict=True):
                fresh.compare(record, outcome)
                counts[outcome.status] += 1
                show(outcome)
        return dict(counts)

    async def run(self, wish: Wish, show: Callable[[Outcome], None]) -> tuple[str, dict[str, int]]:
        """Take over every row that can be; return the import's id and status → rows.

        What was cut short is gone on with: rows that were dealt with are not dealt with again.

        Raises:
            ConflictError: the same file was taken over in the same way already.
        """
        looked = await self.look(wish, whole=True)
        job = await self._begin(wish, looked)
        done = await self._store.read(lambda conn: import_jobs.taken(conn, job))
        async for batch in _aside(self._batches(looked, wish, await self._owners(), done)):
            unit = partial(import_rows.take_over, records=batch, errand=self._errand(job, wish))
            for outcome in await self._taken(unit):
                show(outcome)
        now = self._clock.now()
        return job, await self._store.write(lambda conn: import_jobs.finish(conn, job, now))

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
            digest=await asyncio.to_thread(_digest, wish.path),
            format=looked.sheet.format,
            encoding=looked.sheet.encoding,
            fingerprint=fingerprint(looked.sheet.headers),
            mapping=looked.mapping,
            options={name: list(v) if isinstance(v, tuple) else v for name, v in asdict(wish.options).items()},
            by=self._by,
        )
        now = self._clock.now()
        return await self._store.write(lambda conn: import_jobs.begin(conn, job, now))

    def _errand(self, job: str, wish: Wish) -> Errand:
        now = self._clock.now()
        new_id = partial(self._idents.made_at, to_ms(now))
        return Errand(job=job, options=wish.options, by=self._by, at=now, new_id=new_id)

    async def _owners(self) -> dict[str, str]:
        """Return who may own customers: log-in name → id."""
        return await self._store.read(agents.by_username)

    def _batches(
        self, looked: Looked, wish: Wish, owners: Mapping[str, str], done: Collection[int] = ()
    ) -> Iterator[list[Record]]:
        """Yield understood rows, as many together as one unit may write."""
        batch: list[Record] = []
        weight, rules = 0, replace(wish.rules, fields=looked.own)
        for line in looked.sheet.lines:
            if line.number in done:
                continue
            record = _owned(understand(line, looked.sheet.headers, looked.mapping, rules), owners)
            batch.append(record)
            weight += _weight(record)
            if weight >= WEIGHT:
                yield batch
                batch, weight = [], 0
        if batch:
            yield batch


class Fresh:
    """Customers whom earlier rows of a trial would have made: a trial keeps nothing, so later rows do not find them."""

    def __init__(self) -> None:
        """Know none."""
        self._keys: dict[tuple[str, ...], int] = {}

    def compare(self, record: Record, outcome: Outcome) -> None:
        """Note a row that makes a customer; one about the same is no new one."""
        if outcome.status != CREATED:
            return
        keys: list[tuple[str, ...]] = [("", value) for value in record.external]
        keys += [(point.kind, point.value, point.ext) for point, _ in record.points if not point.shared]
        earlier = next((self._keys[key] for key in keys if key in self._keys), None)
        if earlier is not None:
            outcome.status, outcome.party = UPDATED, None
            outcome.reasons.append(f"row {earlier}")
        for key in keys:
            self._keys.setdefault(key, record.number)


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


def _owned(record: Record, owners: Mapping[str, str]) -> Record:
    """Find the person a row names as owner."""
    if record.owner is not None:
        found = owners.get(record.owner)
        if found is None:
            record.problems.append(Problem("owner", "unknown_person", record.owner[:40]))
        record.owner = found
    return record


def _weight(record: Record) -> int:
    """Return how many rows of the store a record may take at most.

    Itself, what became of it, its address, that it is to be compared and indexed; of each contact point itself, the claim and
    that contacts are to be resolved; an organisation with what is due for it, and the link.
    """
    return 5 + 3 * len(record.points) + len(record.names) + len(record.external) + 4 * bool(record.work)


async def _aside(batches: Iterator[list[Record]]) -> AsyncIterator[list[Record]]:
    """Read and understand in a thread: beside a server's loop nobody else may wait for it."""
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        yield batch


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def first(looked: Looked, count: int = 5) -> list[list[str]]:
    """Return the first rows as they stand in the file, for somebody to look at."""
    return [[str(one) for one in line.cells] for line in islice(looked.sheet.lines, count)]

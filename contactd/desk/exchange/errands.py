"""Imports and exports from the command line, beside the running server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.core.newcomer import TakeOver
from contactd.crm_store import import_jobs, policies
from contactd.crm_store.export_rows import Chosen
from contactd.crm_store.import_rows import Outcome
from contactd.desk.admin import Errand, at_work
from contactd.desk.exchange import results
from contactd.desk.exchange.exporting import Exporting
from contactd.desk.exchange.importing import Importing, Looked
from contactd.desk.exchange.letters import Letters, Post
from contactd.desk.exchange.past_columns import CUSTOMERS, zone_of
from contactd.desk.exchange.record import Rules
from contactd.desk.exchange.star import Star
from contactd.desk.exchange.tables import Tables
from contactd.desk.exchange.wish import Wish
from contactd.desk.recordings import Recordings
from contactd.desk.rules import Rules as PolicyRules
from contactd.routing.policy import Policy
from contactd.settings import Settings

KEYS = "keys"
"""Folder of the house's keys inside `data_dir`."""
SHOWN = 20
"""Rows that were left out which are printed; the result file has all of them."""


@dataclass(frozen=True, slots=True)
class Done:
    """What is to be printed, and how many rows were left out."""

    lines: list[str]
    left_out: int


def wished(typed: Mapping[str, Any]) -> Wish:
    """Read what was typed.

    Raises:
        BadRequestError: a column's field is not named.
    """
    mapping = {}
    for pair in typed["map"]:
        column, sign, field = pair.rpartition("=")
        if not sign or not column:
            message = f"--map {pair}: COLUMN=FIELD is meant"
            raise BadRequestError(message, code="bad_mapping", field="map")
        mapping[column] = field
    options = TakeOver(policy=typed["policy"], overwrite=tuple(typed["overwrite"]), system=typed["system"])
    if typed["match"]:
        options = TakeOver(
            match=tuple(typed["match"]), policy=options.policy, overwrite=options.overwrite, system=options.system
        )
    return Wish(
        path=typed["file"],
        form=typed["form"],
        encoding=typed["encoding"],
        mapping=mapping,
        options=options,
        rules=Rules(area_code=typed["area_code"], zone=zone_of(typed["zone"])),
        object="" if typed["object"] == CUSTOMERS else typed["object"],
        files=typed["files"],
    )


def import_file(settings: Settings, wish: Wish, result: Path | None, *, dry_run: bool) -> Done:
    """Take over a file, or only try it out; return what is to be said about it.

    Raises:
        BadRequestError, ConflictError: it cannot be read, or it was taken over already.
    """

    async def job(errand: Errand) -> Done:
        tables, recordings = Tables(), await _recordings(errand, settings)
        importing = Importing(errand.store, errand.clock, errand.idents, errand.by, tables, recordings)
        looked = await importing.look(wish)
        outcomes: list[Outcome] = []
        if dry_run:
            ident, counts = "", await importing.try_out(wish, outcomes.append)
        else:
            ident, counts = await importing.run(wish, outcomes.append)
            outcomes = [_outcome(row) for row in await _rows(errand, ident)]
        if result is not None:
            sheet = await tables.whole(wish.path, form=wish.form, encoding=wish.encoding)
            results.write(result, sheet, outcomes)
        return Done(list(_told(looked, ident, counts, outcomes)), _left_out(counts))

    return at_work(settings, job)


def import_mails(
    settings: Settings, path: Path, post: Post, close: Callable[[], Awaitable[None]], *, dry_run: bool
) -> Done:
    """Take over an mbox file or a folder of mails, or only try it out; `close` ends the workers.

    Raises:
        BadRequestError, ConflictError: it is no file of mails, or it was taken over already.
    """

    async def job(errand: Errand) -> Done:
        taking = Letters(errand.store, errand.clock, errand.idents, errand.by, post)
        outcomes: list[Outcome] = []
        try:
            if dry_run:
                ident, counts = "", await taking.try_out(path, outcomes.append)
            else:
                ident, counts = await taking.run(path, outcomes.append)
        finally:
            await close()
        return Done(list(_ended(ident, counts, outcomes)), _left_out(counts))

    return at_work(settings, job)


async def _recordings(errand: Errand, settings: Settings) -> Recordings:
    """Return what seals sound, by the policy that rules, without a server around it."""
    version = await errand.store.read(policies.current)
    document = version.document if version and settings.policy_source == "store" else settings.policy
    rules = PolicyRules(Policy.from_mapping(document), version.version if version else 0)

    async def here(task: Callable[..., Any], *given: Any) -> Any:
        return task(*given)

    return Recordings(errand.store, errand.clock, rules, settings.data_dir / KEYS, here)


async def _rows(errand: Errand, ident: str) -> list[Any]:
    """Return every row of an import, those of an earlier run, too."""
    found: list[Any] = []
    page = await errand.store.read(lambda conn: import_jobs.rows(conn, ident))
    while page:
        found += page
        page = await errand.store.read(partial(import_jobs.rows, job=ident, after=found[-1].n))
    return found


def _outcome(row: Any) -> Outcome:
    return Outcome(row.n, row.status, row.party_id, row.object_id, list(row.reasons))


def _left_out(counts: Mapping[str, int]) -> int:
    return sum(counts.get(status, 0) for status in results.LEFT_OUT)


def _told(looked: Looked, ident: str, counts: Mapping[str, int], outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield what is to be said about a file."""
    sheet = looked.sheet
    yield f"{sheet.format}{f', {sheet.encoding}' if sheet.encoding else ''}"
    for header, meaning in looked.mapping.items():
        yield f"  {header} -> {meaning}"
    for header in looked.unplaced:
        yield f"  {header} is left out: name its field with --map"
    yield from _ended(ident, counts, outcomes)


def _ended(ident: str, counts: Mapping[str, int], outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield what became of the rows."""
    wrong = [one for one in outcomes if one.status in results.LEFT_OUT]
    for one in wrong[:SHOWN]:
        yield f"row {one.number}: {one.status}: {'; '.join(one.reasons)}"
    if len(wrong) > SHOWN:
        yield f"and {len(wrong) - SHOWN} more: name a --result file"
    yield ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no rows"
    yield f"import {ident}" if ident else "nothing was changed"


def undo(settings: Settings, job: str) -> str:
    """Take an import back; return a sentence about it.

    Raises:
        NotFoundError, ConflictError: there is none such, or it was undone.
    """

    async def work(errand: Errand) -> str:
        buckets = await Importing(errand.store, errand.clock, errand.idents, errand.by).undo(job)
        return ", ".join(f"{count} {bucket}" for bucket, count in sorted(buckets.items())) or "no rows"

    return at_work(settings, work)


def imports(settings: Settings) -> list[str]:
    """Return a line for each of the latest imports."""

    async def work(errand: Errand) -> list[str]:
        found = await errand.store.read(import_jobs.listed)
        return [
            f"{one['id']}  {one['at']}  {one['state']}  {one['file_name']}  "
            + ", ".join(f"{count} {status}" for status, count in sorted(one["counts"].items()))
            for one in found
        ]

    return at_work(settings, work)


def export(settings: Settings, path: Path, form: str, query: str) -> str:
    """Write customers to a file; return a sentence about it.

    Raises:
        BadRequestError: there is no such form.
    """

    async def work(errand: Errand) -> str:
        count = await Exporting(errand.store, errand.clock, errand.by).run(path, form=form, chosen=Chosen(q=query))
        return f"{count} customers in {path}"

    return at_work(settings, work)


def star(settings: Settings, folder: Path, form: str) -> str:
    """Write facts and dimensions that are new since the last time; return a sentence about it.

    Raises:
        BadRequestError: there is no such form, or the folder's cursor is none.
    """

    async def work(errand: Errand) -> str:
        counts = await Star(errand.store, errand.clock, errand.by).run(folder, form or "csv")
        return ", ".join(f"{count} {name}" for name, count in counts.items())

    return at_work(settings, work)

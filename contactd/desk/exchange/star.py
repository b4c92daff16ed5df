"""Facts and dimensions as files for a data warehouse: everything the first time, afterwards what changed since.

Each run writes its files, and last of all the cursor; one that was cut short left no cursor and is simply run again.  Rows come at
least once: of several with one `id` the one of the latest file is right.  Nothing personal of customers is in them.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from contactd.clock import Clock
from contactd.core.errors import BadRequestError
from contactd.crm_store import audit, change_rows, star_views
from contactd.crm_store.audit import Entry
from contactd.crm_store.star_views import PAGE, VIEWS
from contactd.crm_store.store import Store
from contactd.desk.exchange.exporting import harmless

FORMS = ("csv", "jsonl")
CURSOR = "cursor.json"
Rows = list[dict[str, Any]]


class Star:
    """Writes facts and dimensions."""

    def __init__(self, store: Store, clock: Clock, by: str) -> None:
        """Read `store`; `by` is written down as who took them out."""
        self._store = store
        self._clock = clock
        self._by = by

    async def run(self, folder: Path, form: str = "csv") -> dict[str, int]:
        """Write what is new since the folder's cursor; return view → rows.

        Files are `<view>-<number>.<form>`, numbered by the change they go up to.  Where the cursor is older than the changes
        that are kept, everything is written again.

        Raises:
            BadRequestError: there is no such form, or the cursor is none.
        """
        if form not in FORMS:
            message = f"the form is one of {', '.join(FORMS)}"
            raise BadRequestError(message, code="unknown_form", field="form")
        since, now = await asyncio.to_thread(_cursor, folder), self._clock.now()
        # Read before the rows are: what changes meanwhile comes twice and not never.
        last = await self._store.read(change_rows.last)
        first = await self._store.read(change_rows.first)
        whole = since is None or since > last or (first is not None and since + 1 < first)
        detail = {"form": form, "whole": whole}
        entry = Entry(actor=self._by, action="star.export", object_kind="report", detail=detail)
        await self._store.write(lambda conn: audit.append(conn, entry, now))
        refs = {} if whole else await self._changed(since or 0, last)
        counts = {}
        for name, view in VIEWS.items():
            everything = whole or view.told_by is None
            pages = self._all(name) if everything else self._of(name, refs.get(view.told_by or "", []))
            counts[name] = await _write(folder / f"{name}-{last:012}.{form}", view.columns, pages)
        _put(folder / CURSOR, json.dumps({"change": last}))
        return counts

    async def _changed(self, since: int, last: int) -> dict[str, list[str]]:
        """Return kind of change → what changed."""
        found: dict[str, set[str]] = {}
        while since < last:
            rows = await self._store.read(partial(change_rows.page, after=since, limit=PAGE))
            if not rows:
                break
            since = rows[-1].seq
            for row in rows:
                kind = change_rows.PARTY_CHANGED if row.kind.startswith("party.") else row.kind
                found.setdefault(kind, set()).add(row.ref)
        return {kind: sorted(refs) for kind, refs in found.items()}

    async def _all(self, name: str) -> AsyncIterator[Rows]:
        ident = ""
        while rows := await self._store.read(partial(star_views.after, name=name, ident=ident)):
            yield rows
            ident = rows[-1]["id"]

    async def _of(self, name: str, refs: Sequence[str]) -> AsyncIterator[Rows]:
        for at in range(0, len(refs), PAGE):
            some = list(refs[at : at + PAGE])
            if VIEWS[name].told_by == change_rows.PARTY_CHANGED:
                some = await self._store.read(partial(star_views.with_merged, refs=some))
            yield await self._store.read(partial(star_views.about, name=name, refs=some))


async def _write(path: Path, columns: Sequence[str], pages: AsyncIterator[Rows]) -> int:
    """Write a file that appears when it is whole; without rows there is none.  Return how many."""
    part, count = path.with_name(f".{path.name}.part"), 0
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            table = csv.writer(file) if path.suffix == ".csv" else None
            if table is not None:
                table.writerow(columns)
            async for rows in pages:
                count += len(rows)
                for row in rows:
                    if table is not None:
                        table.writerow([_cell(row[name]) for name in columns])
                    else:
                        file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if count:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _cell(value: Any) -> Any:
    """Return a cell: a name that a PBX or a person chose is no formula."""
    if isinstance(value, str):
        return harmless(value)
    return int(value) if isinstance(value, bool) else value


def _cursor(folder: Path) -> int | None:
    """Make the folder, and return up to which change an earlier run went."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / CURSOR
    if not path.exists():
        return None
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["change"])
    except (ValueError, KeyError, TypeError):
        message = f"{path} is no cursor: remove it to have everything written again"
        raise BadRequestError(message, code="bad_cursor", field="cursor") from None


def _put(path: Path, text: str) -> None:
    """Replace a small file, durably."""
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)

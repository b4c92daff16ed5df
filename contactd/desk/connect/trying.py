"""What a connector would do, and what its system has otherwise than we: found out without changing anything."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.core.past import RECORD
from contactd.crm_store import connector_rows
from contactd.crm_store.connector_rows import MOST_NAMED
from contactd.crm_store.import_rows import CREATED, UPDATED, Outcome
from contactd.desk.connect import sources
from contactd.desk.connect.connecting import Connecting
from contactd.desk.connect.left_out import LEFT_OUT
from contactd.desk.connect.table import Brought, wrong
from contactd.desk.exchange.past_columns import CUSTOMERS
from contactd.settings import Connector


class Trying:
    """Tries connectors out."""

    def __init__(self, connecting: Connecting) -> None:
        """Ask the same systems, and change nothing."""
        self._connecting = connecting

    async def dry_run(self, name: str, most: int = 0) -> dict[str, Any]:
        """Say what the next run would do; with `most` of the first so many tables only.

        Returns:
            `tables` looked at, `counts` (status → rows) and `left_out`: up to 50 rows with their reasons.

        Raises:
            NotFoundError: there is no such connector.
            BadRequestError: its source cannot be used.
        """
        own = self._connecting
        options = own.options(name)
        state = (await own.store.read(connector_rows.states)).get(name)
        cursor = state.cursor if state is not None else {}
        seen, number = _Seen(), 0
        found = sources.tables(options, own.asker, cursor, own.clock.now(), partial(own.fresh, name))
        async for brought in found:
            if await self._try(name, options, brought, seen):
                number += 1
            if number == most:
                await _closed(found)
                break
        return {"tables": number, "counts": dict(seen.counts), "left_out": seen.left_out}

    async def drift(self, name: str) -> dict[str, Any]:
        """Hold all that a system has against all we have from it; keep and return the report.

        Returns:
            `rows` looked at; `only_theirs`, `only_ours`, `differing` and `left_out` as numbers, each with up to 50 named under
            `named`: their keys, or our id with the fields that differ.

        Raises:
            NotFoundError: there is no such connector.
            BadRequestError: its source cannot be used, or is sent to us; that is kept as the report's `error`.
        """
        own = self._connecting
        try:
            report = await self._drifted(name, own.options(name))
        except BadRequestError as error:
            await self._report(name, {"error": f"{error.code}: {error.text}"[:500]})
            raise
        await self._report(name, report)
        return report

    async def _report(self, name: str, report: dict[str, Any]) -> None:
        own = self._connecting
        now = own.clock.now()
        await own.store.write(partial(connector_rows.change, name=name, drift=report, drift_at=now))

    async def _drifted(self, name: str, options: Connector) -> dict[str, Any]:
        own, seen = self._connecting, _Seen()
        if options.kind == sources.PUSH:
            raise wrong(code="push", text="a system that sends its rows cannot be asked what it has")
        async for brought in sources.everything(options, own.asker, own.clock.now(), partial(own.fresh, name)):
            await self._try(name, options, brought, seen, policy="overwrite")
        gone = await self._gone(options.system or name, options, seen)
        named = {
            "only_theirs": seen.fresh,
            "only_ours": gone[1],
            "differing": seen.differing,
            "left_out": seen.left_out,
        }
        return {
            "rows": sum(seen.counts.values()),
            "only_theirs": seen.counts[CREATED],
            "only_ours": gone[0],
            "differing": seen.differed,
            "left_out": sum(seen.counts[status] for status in LEFT_OUT),
            "named": named,
        }

    async def _try(self, name: str, options: Connector, brought: Brought, seen: _Seen, policy: str = "") -> bool:
        """Try one table out; False: there is none."""
        if brought.path is None:
            return False
        importing = self._connecting.importing(f"connector:{name}")
        try:
            await importing.try_out(sources.wish_of(name, options, brought, "dry run", policy), _nobody, seen.add)
        finally:
            if brought.ours:
                await asyncio.to_thread(brought.path.unlink, missing_ok=True)
        return True

    async def _gone(self, system: str, options: Connector, seen: _Seen) -> tuple[int, list[str]]:
        """Return what we have of a system that it has no more."""
        store = self._connecting.store
        if options.object == RECORD:
            return await store.read(partial(connector_rows.missing_records, system=system, seen=seen.objects))
        if options.object != CUSTOMERS:
            # Contacts and cases are history: a system that has let them go does not differ.
            return 0, []
        alive = await store.read(partial(connector_rows.survivors, parties=seen.parties))
        return await store.read(partial(connector_rows.missing_customers, system=system, seen=alive))


class _Seen:
    """What tables were about."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.objects: set[str] = set()
        self.parties: set[str] = set()
        self.fresh: list[str] = []
        self.differing: list[dict[str, Any]] = []
        self.differed = 0
        self.left_out: list[dict[str, Any]] = []

    def add(self, row: Any, outcome: Outcome) -> None:
        """Note one row."""
        self.counts[outcome.status] += 1
        if outcome.status in LEFT_OUT:
            _name(self.left_out, {"row": _key(row), "reasons": list(outcome.reasons)})
        elif outcome.status == CREATED:
            # What was made was taken back: only the other system has a name for it.
            _name(self.fresh, _key(row))
            return
        self.objects.update([outcome.object] if outcome.object is not None else [])
        self.parties.update([outcome.party] if outcome.party is not None else [])
        if outcome.status == UPDATED and outcome.changed:
            self.differed += 1
            _name(self.differing, {"id": outcome.object or outcome.party, "fields": sorted(outcome.changed)})


def _name(those: list[Any], one: Any) -> None:
    if len(those) < MOST_NAMED:
        those.append(one)


def _key(row: Any) -> str:
    """Return how the other system calls what a row is about, or which row it is."""
    return getattr(row, "key", "") or next(iter(getattr(row, "external", ())), f"row {row.number}")


def _nobody(_outcome: Outcome) -> None:
    """Show outcomes to nobody: they are compared."""


async def _closed(found: AsyncIterator[Brought]) -> None:
    """End a look that is not gone on with."""
    close = getattr(found, "aclose", None)
    if close is not None:
        await close()

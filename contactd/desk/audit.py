"""The audit as a command: independent records of what came in are compared, and the rows at fault are named.

Receipts, interactions, the journal and the raw bytes must agree; the journal, told again to a new router, must lead to the same
decisions, to the fingerprints the live router wrote down, and to what the store would bring back at a start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from contactd.core.errors import NotFoundError
from contactd.core.events import CheckpointAsked
from contactd.core.journal import CHECKPOINT
from contactd.crm_store import audit as audit_log
from contactd.crm_store import inbox_rows, journal_rows, policies, records, recovery_rows
from contactd.crm_store.audit import Break
from contactd.crm_store.blobs import Blobs
from contactd.crm_store.records import Fault
from contactd.desk.admin import Errand, at_work
from contactd.desk.faults import sentence
from contactd.desk.retelling import Retold, retell, store_differs
from contactd.routing.policy import Policy
from contactd.routing.replaying import Row
from contactd.settings import Settings

PATIENCE = timedelta(hours=1)
"""Everything is read; large installations take their time."""
ALIVE = timedelta(seconds=15)
"""A server that writes shows itself three times in that."""
ASKING_S = 3.0
"""How long a live router is waited for."""
LOOK_S = 0.1
PAGE = 2000
"""Rows read at a time."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found."""

    records: records.Report
    breaks: tuple[Break, ...]
    """Where the audit log's chain does not hold."""
    retold: Retold
    faults: tuple[Fault, ...] = ()
    """Where journal, live router and store do not tell the same."""
    live: int | None = None
    """The journal row under which the live router wrote its fingerprint for this audit; None when none was there to ask."""

    @property
    def agrees(self) -> bool:
        """Tell whether everything agrees."""
        return self.records.sound and not self.breaks and not self.faults

    def lines(self) -> Iterator[str]:
        """Yield what `contactd audit` prints."""
        found, retold = self.records, self.retold
        standing = " + ".join(f"{number} {state}" for state, number in sorted(found.standing.items())) or "nothing"
        yield f"arrived {found.arrived} = {standing}; {found.joined} joined, {found.duplicates} came again"
        yield f"journal: {found.journal_rows} rows; told again from row {retold.since}: {retold.rows} rows"
        yield f"router: {retold.checkpoints} fingerprints agree, the last at row {retold.checkpoint}; {self._live()}"
        if found.arrived != sum(found.standing.values()):
            yield f"FAULT {found.arrived} arrived, but {sum(found.standing.values())} are accounted for"
        for fault in (*found.faults, *self.faults):
            yield f"FAULT {fault.record} {fault.id}: {sentence(fault.fault)} ({fault.fault})"
        for one in self.breaks:
            yield f"FAULT audit log {one.seq}: {one.fault}"
        yield "the records agree" if self.agrees else "THE RECORDS DO NOT AGREE"

    def _live(self) -> str:
        return (
            "no server was there to be asked" if self.live is None else f"the live router answered at row {self.live}"
        )


def audit(settings: Settings) -> Report:
    """Compare the records of an installation.

    Raises:
        ConfigError: the database cannot be used as it is configured.
        StoreDownError: it cannot be reached.
    """
    return at_work(settings, compare)


async def compare(errand: Errand) -> Report:
    """Compare the records of an open store, and of the live router when a server runs."""
    live = await _ask(errand)
    report: Report = await errand.store.read(partial(_compare, blobs=errand.store.blobs, live=live), limit=PATIENCE)
    return report


async def _ask(errand: Errand) -> int | None:
    """Have the live router write its fingerprint; return the row it stands in, None when no server answers."""
    now = errand.clock.now()
    newest = await errand.store.read(journal_rows.newest)
    if newest is not None and newest[1] == CHECKPOINT:
        return newest[0]
    if not await errand.store.read(lambda conn: journal_rows.seen_since(conn, now - ALIVE)):
        return None
    ident = errand.idents.new()
    tell = partial(inbox_rows.tell, fact=CheckpointAsked(), ident=ident, node=errand.store.node, now=now)
    await errand.store.write(tell)
    for _ in range(int(ASKING_S / LOOK_S)):
        seq = await errand.store.read(lambda conn: journal_rows.consumed(conn, ident))
        if seq is not None:
            return seq
        await asyncio.sleep(LOOK_S)
    await errand.store.write(partial(journal_rows.take_back, fact=ident))
    return None


def _compare(conn: Any, *, blobs: Blobs, live: int | None) -> Report:
    """Compare everything in one snapshot."""

    def policy_of(version: int | None, at: datetime) -> tuple[int, Policy]:
        wanted = (journal_rows.policy_then(conn, at) if version is None else version) or 1
        found = policies.get(conn, wanted)
        if policies.digest(found.document) != found.digest:
            message = "the policy is not what was published"
            raise NotFoundError(message)
        return wanted, Policy.from_mapping(found.document)

    retold = retell(_rows(conn), policy_of)
    differing = store_differs(retold, recovery_rows.memory(conn), journal_rows.pending(conn))
    faults = (*retold.faults, *differing)
    return Report(records.check(conn, blobs), tuple(audit_log.verify(conn)), retold, faults, live)


def _rows(conn: Any) -> Iterator[Row]:
    """Yield the journal from the last restart on."""
    until = journal_rows.last(conn)
    after = (journal_rows.restart_before(conn, until) or 1) - 1
    while rows := journal_rows.page(conn, after, until, PAGE):
        yield from (Row(*row) for row in rows)
        after = rows[-1].seq

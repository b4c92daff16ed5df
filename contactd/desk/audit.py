"""The audit as a command: four independent records of what came in are compared, and the rows at fault are named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from contactd.crm_store import audit as audit_log
from contactd.crm_store import records
from contactd.crm_store.audit import Break
from contactd.desk.admin import Errand, at_work
from contactd.settings import Settings

PATIENCE = timedelta(hours=1)
"""Everything is read; large installations take their time."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found."""

    records: records.Report
    breaks: tuple[Break, ...]
    """Where the audit log's chain does not hold."""

    @property
    def agrees(self) -> bool:
        """Tell whether everything agrees."""
        return self.records.sound and not self.breaks

    def lines(self) -> Iterator[str]:
        """Yield what `contactd audit` prints."""
        found = self.records
        standing = " + ".join(f"{number} {state}" for state, number in sorted(found.standing.items())) or "nothing"
        yield f"arrived {found.arrived} = {standing}; {found.joined} joined, {found.duplicates} came again"
        yield f"journal: {found.journal_rows} rows"
        for fault in found.faults:
            yield f"FAULT {fault.record} {fault.id}: {fault.fault}"
        for one in self.breaks:
            yield f"FAULT audit log {one.seq}: {one.fault}"
        yield "the records agree" if self.agrees else "THE RECORDS DO NOT AGREE"


def audit(settings: Settings) -> Report:
    """Compare the records of an installation.

    Raises:
        ConfigError: the database cannot be used as it is configured.
        StoreDownError: it cannot be reached.
    """
    return at_work(settings, compare)


async def compare(errand: Errand) -> Report:
    """Compare the records of an open store."""
    blobs = errand.store.blobs
    found = await errand.store.read(lambda conn: records.check(conn, blobs), limit=PATIENCE)
    return Report(found, tuple(await errand.store.read(audit_log.verify, limit=PATIENCE)))

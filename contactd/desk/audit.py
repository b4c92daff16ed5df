"""The audit: four independent records of what came in must agree, or the rows at fault are named.

Receipts say what was acknowledged, interactions what became of it, the journal what the router was told and wanted, and the
raw bytes that nothing was only claimed.  arrived = open + closed + abandoned + quarantined.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from contactd.core.interaction import State
from contactd.crm_store import audit as audit_log
from contactd.crm_store import conservation
from contactd.crm_store.conservation import Records
from contactd.desk.admin import Office, at_work
from contactd.settings import Settings

PATIENCE = timedelta(minutes=10)
NOT_ROUTED = frozenset({State.RECEIVED, State.QUARANTINED})
"""States that the router never hears of."""
HISTORY = "history"
"""Adapter of interactions that were imported with their dates, not taken in."""
SHOWN = 200
"""Faults printed at most; the rest is counted."""


@dataclass(slots=True)
class Report:
    """What the comparison found."""

    figures: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Tell whether the records agree."""
        return not self.faults

    def lines(self) -> list[str]:
        """Return what `contactd audit` prints."""
        told = [f"{name}: {number}" for name, number in self.figures.items()]
        told += [f"FAULT {fault}" for fault in self.faults[:SHOWN]]
        if len(self.faults) > SHOWN:
            told.append(f"and {len(self.faults) - SHOWN} more")
        told.append("the records agree" if self.agrees else f"{len(self.faults)} faults")
        return told


def audit(settings: Settings) -> Report:
    """Compare the records of an installation.

    Raises:
        ConfigError: the database cannot be used as it is configured.
        StoreDownError: it cannot be reached.
    """
    return at_work(settings, compare)


async def compare(office: Office) -> Report:
    """Compare the records of a store, in one snapshot."""
    records = await office.store.read(conservation.read, limit=PATIENCE)
    breaks = await office.store.read(audit_log.verify, limit=PATIENCE)
    report = judge(records, office.store.blobs.intact)
    report.faults += [f"audit log entry {one.seq} is {one.fault}" for one in breaks]
    return report


def judge(records: Records, intact: Callable[[str], bool]) -> Report:
    """Say where the records disagree; `intact` tells whether a blob is there, whole."""
    arrived = [row for row in records.receipts if row.duplicate_of is None and not row.joined]
    states = Counter(row.state for row in records.interactions.values())
    report = Report()
    report.figures = {
        "receipts": len(records.receipts),
        "arrived": len(arrived),
        "interactions": len(records.interactions),
        **{f"interactions {state}": number for state, number in sorted(states.items())},
        "journal rows": records.last_seq,
        "raw": len(records.raws),
        "blobs": len(records.blobs),
    }
    for check in (_receipts, _interactions, _journal, _raws, partial(_blobs, intact=intact)):
        report.faults += check(records)
    return report


def _receipts(records: Records) -> Iterator[str]:
    """Each receipt leads to an interaction, and each that opened one to its own."""
    opened: dict[str, str] = {}
    for row in records.receipts:
        if row.interaction_id not in records.interactions:
            yield f"receipt {row.id}: there is no interaction {row.interaction_id}"
        if row.duplicate_of is not None or row.joined:
            continue
        if row.interaction_id in opened:
            yield f"receipt {row.id}: interaction {row.interaction_id} was opened by {opened[row.interaction_id]} too"
        opened[row.interaction_id] = row.id


def _interactions(records: Records) -> Iterator[str]:
    """Each interaction is in a state there is; an inbound one that came by a door has a receipt."""
    known = {row.interaction_id for row in records.receipts}
    for row in records.interactions.values():
        if row.state not in set(State):
            yield f"interaction {row.id}: there is no state {row.state}"
        if row.direction == "inbound" and row.adapter and row.adapter != HISTORY and row.id not in known:
            yield f"interaction {row.id}: there is no receipt for it"


def _journal(records: Records) -> Iterator[str]:
    """The journal is gapless, holds what was consumed, and ends where the interactions stand."""
    for before, after in records.gaps:
        yield f"journal: nothing between {before} and {after}"
    for row in records.strangers:
        yield f"fact {row.id}: consumed by journal row {row.consumed_seq}, which does not exist"
    for row in records.interactions.values():
        if row.routed_by != "contactd" or row.state in NOT_ROUTED or row.id in records.unconsumed:
            continue
        told = records.journal.get(row.id)
        if told is not None and told != row.state and not (told == State.OFFERED and row.state == State.QUEUED):
            yield f"interaction {row.id}: it is {row.state}, by the journal {told}"
        if told is None and row.state in {State.QUEUED, State.OFFERED, State.ACTIVE, State.HELD}:
            yield f"interaction {row.id}: it is {row.state}, and the journal does not know it"
    for ident in records.journal:
        if ident not in records.interactions:
            yield f"journal: it knows interaction {ident}, which does not exist"


def _raws(records: Records) -> Iterator[str]:
    """Each receipt that is no duplicate has its raw bytes, and they are those that were taken in."""
    for row in records.receipts:
        if row.duplicate_of is None and row.id not in records.raws:
            yield f"receipt {row.id}: its raw bytes are gone"
    known = {row.id for row in records.receipts}
    for ident, raw in records.raws.items():
        if ident not in known:
            yield f"raw {ident}: there is no receipt for it"
        if raw.inline is None and raw.blob is None:
            yield f"raw {ident}: it holds nothing"
        if raw.inline is not None and hashlib.sha256(raw.inline).hexdigest() != raw.digest:
            yield f"raw {ident}: its bytes have changed"


def _blobs(records: Records, intact: Callable[[str], bool]) -> Iterator[str]:
    """Each blob that a row names is there, and its bytes are what its name says."""
    for name, row in records.blobs.items():
        if not intact(name):
            yield f"{row}: blob {name} is missing or changed"

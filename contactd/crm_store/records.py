"""The audit of the books: four records that were written independently must tell the same.

Receipts say what came in, interactions say where each stands, the journal says what the router did, and the raw bytes lie in
`raw` or among the blobs.  Nothing here repairs anything; every disagreement is named with its row.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from contactd.core.erasing import ERASED_RAW
from contactd.core.interaction import TERMINAL_STATES, State
from contactd.crm_store import schema as s
from contactd.crm_store.blobs import Blobs

IMPORTED = "import"
"""The adapter of dated history that was brought in from elsewhere: it came by no door, so it has no receipt."""
SPOILED = -1
"""`consumed_seq` of a fact that was put aside."""
_CHUNK = 2000
_RAW_CHUNK = 100
"""Rows with up to 256 KB each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row that disagrees."""

    record: str
    """receipts | interactions | journal | raw"""
    id: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the audit found: `arrived` must be the sum of `standing`, and there must be no faults."""

    arrived: int
    duplicates: int
    joined: int
    standing: Mapping[str, int]
    """open | closed | abandoned | quarantined, of what came in by a receipt."""
    journal_rows: int
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """True when the four records agree."""
        return not self.faults and self.arrived == sum(self.standing.values())


def check(conn: Connection, blobs: Blobs) -> Report:
    """Compare the four records, on one snapshot.  Reads everything: give it time."""
    interactions = {row.id: row for row in conn.execute(select(*_INTERACTION))}
    receipts = conn.execute(select(s.receipt).order_by(s.receipt.c.at, s.receipt.c.id)).all()
    opening = [row for row in receipts if not row.joined and row.duplicate_of is None]
    journal = _Journal(conn)
    faults = [
        *_receipt_faults(receipts, interactions),
        *_interaction_faults(opening, interactions),
        *journal.faults,
        *_fold_faults(conn, journal, interactions),
        *_raw_faults(conn, receipts, blobs),
        *_blob_faults(conn, blobs),
    ]
    arrived = {row.interaction_id for row in opening}
    return Report(
        arrived=len(opening),
        duplicates=sum(row.duplicate_of is not None for row in receipts),
        joined=sum(row.joined for row in receipts),
        standing=Counter(_standing(interactions[ident].state) for ident in arrived if ident in interactions),
        journal_rows=journal.rows,
        faults=tuple(faults),
    )


_INTERACTION = (
    s.interaction.c.id,
    s.interaction.c.adapter,
    s.interaction.c.external_key,
    s.interaction.c.direction,
    s.interaction.c.state,
    s.interaction.c.ended_at,
    s.interaction.c.routed_by,
    s.interaction.c.quarantine_reason,
    s.interaction.c.auto,
    s.interaction.c.queued_at,
)


def _standing(state: str) -> str:
    """Sum the states up as the law of conservation does."""
    if state in (*TERMINAL_STATES, State.QUARANTINED):
        return state
    return "open"


def _receipt_faults(receipts: Any, interactions: Mapping[str, Any]) -> Iterator[Fault]:
    """Every receipt leads to an interaction, a repeated one to the receipt it repeats."""
    known = {row.id for row in receipts}
    opened: set[str] = set()
    for row in receipts:
        if row.duplicate_of is not None:
            if row.duplicate_of not in known:
                yield Fault(record="receipts", id=row.id, fault="duplicate_of_nothing")
            continue
        found = interactions.get(row.interaction_id)
        if found is None:
            yield Fault(record="receipts", id=row.id, fault="no_interaction")
        elif not row.joined:
            if (found.adapter, found.external_key) != (row.adapter, row.external_key):
                yield Fault(record="receipts", id=row.id, fault="other_key")
            if found.id in opened:
                yield Fault(record="receipts", id=row.id, fault="interaction_opened_twice")
            opened.add(found.id)


def _interaction_faults(opening: list[Any], interactions: Mapping[str, Any]) -> Iterator[Fault]:
    """Every inbound interaction has the receipt that opened it, and a state that fits its end."""
    receipted = {row.interaction_id for row in opening}
    for row in interactions.values():
        if row.direction == "inbound" and row.adapter != IMPORTED and row.id not in receipted:
            yield Fault(record="interactions", id=row.id, fault="no_receipt")
        if row.state not in set(State):
            yield Fault(record="interactions", id=row.id, fault="unknown_state")
        elif (row.state in TERMINAL_STATES) and row.ended_at is None:
            yield Fault(record="interactions", id=row.id, fault="ended_without_time")


_TOLD = {
    "InteractionArrived": State.QUEUED,
    "WorkStarted": State.ACTIVE,
    "WorkRestored": State.ACTIVE,
    "OfferRestored": State.OFFERED,
}
"""Kind of fact → the state it says an interaction has, unless it names one."""


class _Journal:
    """The fold of the journal: the state each interaction was left in."""

    def __init__(self, conn: Connection) -> None:
        """Read the whole journal, in order."""
        self.states: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.rows = 0
        self.last = 0
        epoch, at = 0, None
        for row in _journal_rows(conn):
            self.rows += 1
            if row.seq != self.last + 1:
                self.faults.append(Fault(record="journal", id=str(row.seq), fault="gap_before"))
            if row.epoch < epoch or (at is not None and row.at < at):
                self.faults.append(Fault(record="journal", id=str(row.seq), fault="goes_back"))
            self.last, epoch, at = row.seq, row.epoch, row.at
            self._fold(row)

    def _fold(self, row: Any) -> None:
        """Apply one row: what the fact itself says, then what the router answered."""
        payload = row.payload or {}
        wishes = row.wishes or []
        ident = str(payload.get("interaction"))
        refused = any(wish.get("kind") == "Refuse" for wish in wishes)
        if not refused and row.kind in _TOLD:
            self.states[ident] = payload.get("state", _TOLD[row.kind])
        for wish in wishes:
            if wish.get("kind") == "Moved":
                self.states[wish["interaction"]] = wish["state"]


def _journal_rows(conn: Connection) -> Iterator[Any]:
    """Read the journal piece by piece."""
    last = 0
    query = select(s.journal).order_by(s.journal.c.seq).limit(_CHUNK)
    while rows := conn.execute(query.where(s.journal.c.seq > last)).all():
        yield from rows
        last = rows[-1].seq


def _fold_faults(conn: Connection, journal: _Journal, interactions: Mapping[str, Any]) -> Iterator[Fault]:
    """What the router was left with is what the interactions say, but for facts it has not been told yet."""
    pending: set[str] = set()
    for row in conn.execute(select(s.fact_inbox.c.id, s.fact_inbox.c.consumed_seq, s.fact_inbox.c.payload)):
        if row.consumed_seq in (None, SPOILED):
            pending.add(str((row.payload or {}).get("interaction")))
        elif row.consumed_seq > journal.last:
            yield Fault(record="journal", id=row.id, fault="consumed_but_not_journaled")
    for row in interactions.values():
        if row.routed_by != "contactd" or row.id in pending or _never_routed(row):
            continue
        folded = journal.states.get(row.id)
        if folded is None:
            yield Fault(record="journal", id=row.id, fault="interaction_not_in_journal")
        elif folded != row.state:
            yield Fault(record="journal", id=row.id, fault=f"journal_says_{folded}_row_says_{row.state}")
    for ident in journal.states.keys() - interactions.keys():
        yield Fault(record="journal", id=str(ident), fault="interaction_missing")


def _never_routed(row: Any) -> bool:
    """Tell whether an interaction stands where the router has no say: not read yet, set aside, filed, or brought in."""
    return (
        row.adapter == IMPORTED
        or row.state in (State.RECEIVED, State.QUARANTINED)
        or (row.state == State.CLOSED and row.quarantine_reason is not None)
        or (row.state == State.CLOSED and row.auto is not None and row.queued_at is None)
    )


def _raw_faults(conn: Connection, receipts: Any, blobs: Blobs) -> Iterator[Fault]:
    """The bytes of every receipt are there and are the ones that were received."""
    digests = {row.id: row.digest for row in receipts}
    wanted = {row.id for row in receipts if row.duplicate_of is None}
    last = ""
    query = select(s.raw).order_by(s.raw.c.receipt_id).limit(_RAW_CHUNK)
    found: set[str] = set()
    while rows := conn.execute(query.where(s.raw.c.receipt_id > last)).all():
        for row in rows:
            found.add(row.receipt_id)
            fault = _raw_fault(row, digests.get(row.receipt_id), blobs)
            if fault is not None:
                yield Fault(record="raw", id=row.receipt_id, fault=fault)
        last = rows[-1].receipt_id
    for ident in sorted(wanted - found):
        yield Fault(record="raw", id=ident, fault="missing")


def _raw_fault(row: Any, digest: str | None, blobs: Blobs) -> str | None:
    """Name what is wrong with one row of raw bytes."""
    if digest is None:
        return "no_receipt"
    if row.digest != digest:
        return "other_digest"
    if row.key_id == ERASED_RAW:
        return None if row.inline is None and row.blob is None else "erased_and_there"
    if row.inline is not None:
        whole = len(row.inline) == row.size and hashlib.sha256(row.inline).hexdigest() == digest
        return None if whole else "changed"
    return None if blobs.intact(row.blob or "") else "blob_missing_or_changed"


def _blob_faults(conn: Connection, blobs: Blobs) -> Iterator[Fault]:
    """Every other blob that a row names is there, unchanged."""
    seen: set[str] = set()
    for table, column in _NAMING:
        for row in conn.execute(select(table.c.id, column.label("blob")).where(column.is_not(None))):
            if row.blob in seen:
                continue
            seen.add(row.blob)
            if not blobs.intact(row.blob):
                yield Fault(record="raw", id=row.id, fault=f"{table.name}_blob_missing_or_changed")


_NAMING = (
    (s.attachment, s.attachment.c.blob),
    (s.message, s.message.c.body_html_blob),
    (s.outbox, s.outbox.c.payload_blob),
)

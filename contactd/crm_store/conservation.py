"""The four records of what came in, read in one snapshot to be compared: receipts, interactions, journal, raw bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, select

from contactd.crm_store import schema as s

_CHUNK = 1000


@dataclass(slots=True)
class Records:
    """What the four records say, by id."""

    receipts: list[Any] = field(default_factory=list)
    """(id, interaction_id, duplicate_of, joined)"""
    interactions: dict[str, Any] = field(default_factory=dict)
    """id → (state, direction, routed_by, adapter)"""
    journal: dict[str, str] = field(default_factory=dict)
    """Interaction → its state by the fold of the journal."""
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """(last number before, first number after) of what is missing in the journal."""
    last_seq: int = 0
    raws: dict[str, Any] = field(default_factory=dict)
    """Receipt → (interaction_id, size, digest, blob, inline bytes or None)"""
    blobs: dict[str, str] = field(default_factory=dict)
    """Name of a blob → a row that names it."""
    unconsumed: set[str] = field(default_factory=set)
    """Interactions with a fact the router has not taken yet."""
    strangers: list[Any] = field(default_factory=list)
    """(id, consumed_seq) of inbox rows consumed by a journal row that does not exist."""


def read(conn: Connection) -> Records:
    """Read all of them."""
    found = Records()
    receipt = s.receipt
    found.receipts = list(
        conn.execute(select(receipt.c.id, receipt.c.interaction_id, receipt.c.duplicate_of, receipt.c.joined)),
    )
    item = s.interaction
    columns = (item.c.id, item.c.state, item.c.direction, item.c.routed_by, item.c.adapter)
    found.interactions = {row.id: row for row in conn.execute(select(*columns))}
    found.raws = {row.receipt_id: row for row in _all(conn, select(s.raw), s.raw.c.receipt_id)}
    _fold(conn, found)
    _inbox(conn, found)
    _blobs(conn, found)
    return found


def _fold(conn: Connection, found: Records) -> None:
    """Run through the journal: what state each interaction is in by the facts and wishes alone."""
    for row in _all(conn, select(s.journal), s.journal.c.seq):
        if row.seq != found.last_seq + 1:
            found.gaps.append((found.last_seq, row.seq))
        found.last_seq = row.seq
        interaction = (row.payload or {}).get("interaction")
        if row.kind == "InteractionArrived" and interaction:
            found.journal[interaction] = "queued"
        for wish in row.wishes or ():
            if wish.get("kind") == "Moved":
                found.journal[wish["interaction"]] = wish["state"]


def _inbox(conn: Connection, found: Records) -> None:
    """See which facts wait, and whether those consumed are in the journal."""
    inbox, journal = s.fact_inbox, s.journal
    for row in conn.execute(select(inbox.c.payload).where(inbox.c.consumed_seq.is_(None))):
        found.unconsumed.add((row.payload or {}).get("interaction", ""))
    lost = (
        select(inbox.c.id, inbox.c.consumed_seq)
        .outerjoin(journal, journal.c.seq == inbox.c.consumed_seq)
        .where(inbox.c.consumed_seq > 0, journal.c.seq.is_(None))
        .order_by(inbox.c.id)
    )
    found.strangers = list(conn.execute(lost))


def _blobs(conn: Connection, found: Records) -> None:
    """Collect every blob that a row names."""
    named = (
        ("raw", s.raw.c.receipt_id, s.raw.c.blob),
        ("attachment", s.attachment.c.id, s.attachment.c.blob),
        ("message", s.message.c.id, s.message.c.body_html_blob),
        ("outbox", s.outbox.c.id, s.outbox.c.payload_blob),
    )
    for kind, ident, blob in named:
        for row in conn.execute(select(ident.label("ident"), blob.label("blob")).where(blob.is_not(None))):
            found.blobs[row.blob] = f"{kind} {row.ident}"


def _all(conn: Connection, query: Select[Any], by: Any) -> Iterator[Any]:
    """Yield every row in order of `by`, a page at a time."""
    last: Any = None
    while True:
        page = query.order_by(by).limit(_CHUNK)
        rows = conn.execute(page if last is None else page.where(by > last)).all()
        yield from rows
        if len(rows) < _CHUNK:
            return
        last = getattr(rows[-1], by.key)

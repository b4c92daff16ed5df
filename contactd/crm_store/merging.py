"""Merging records of one customer by pointer.

A merge moves no row: it sets `canonical_id` of the losing records, and every reader goes through it.  What it changed of the
survivor's fields stands in the journal, so that it can be taken back (`unmerging`) even after somebody worked on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import audit, erasing, merge_journal
from contactd.crm_store import schema as s
from contactd.crm_store.merge_journal import MERGE
from contactd.crm_store.party_fields import EDITABLE
from contactd.crm_store.write_conn import WriteConn

MOST = 50
"""Records merged in one go."""
CLUSTER = 1000
"""Records of one customer."""


def merge(
    conn: WriteConn,
    ident: str,
    survivor: str,
    losers: Sequence[str],
    *,
    choices: Mapping[str, str],
    reason: str,
    actor: str,
    now: datetime,
) -> dict[str, Any]:
    """Make `losers` records of the customer `survivor`; return the journal's entry.

    Args:
        conn: the unit's transaction.
        ident: id of the entry.
        survivor: the record that is kept under.
        losers: the records that lead to it from now on, with all that were merged into them.
        choices: field → the record its value is taken from; a field that is not named keeps the survivor's value.
        reason: why, in the person's words.
        actor: who says so.
        now: the moment.

    Raises:
        BadRequestError: nothing to merge, a record with itself, an unknown field, a choice from a stranger's record.
        NotFoundError: there is no such record.
        ConflictError: a record was merged into another before (code `merged`; `details.into` names it), or is being erased.
    """
    losers = list(dict.fromkeys(losers))
    _check_request(survivor, losers, choices)
    rows = _live(conn, [survivor, *losers])
    pointers = _records_under(conn, losers)
    fields = _chosen(rows, survivor, choices)
    merge_journal.set_fields(conn, survivor, {name: after for name, (_, after) in fields.items()}, now, actor)
    conn.execute(
        update(s.party).where(s.party.c.canonical_id.in_(losers)).values(canonical_id=survivor, updated_at=now)
    )
    op = {"id": ident, "kind": MERGE, "survivor": survivor, "losers": losers, "fields": fields, "pointers": pointers}
    merge_journal.write_down(conn, op | {"claims": [], "reason": reason, "at": now, "by": actor}, [survivor, *losers])
    _settle_pair(conn, [survivor, *losers], actor, now)
    merge_journal.changed(conn, [survivor, *pointers], now)
    audit.append(
        conn,
        audit.Entry(
            actor=actor,
            action="party.merge",
            object_kind="party",
            object_id=survivor,
            detail={"merge": ident, "losers": losers, "fields": sorted(fields)},
        ),
        now,
    )
    return merge_journal.operation(conn.connection, ident)


def _check_request(survivor: str, losers: list[str], choices: Mapping[str, str]) -> None:
    if not losers or len(losers) > MOST:
        message = f"a merge takes 1 to {MOST} records besides the one that is kept"
        raise BadRequestError(message, field="losers")
    if survivor in losers:
        message = "a record cannot be merged into itself"
        raise BadRequestError(message, code="same", field="losers")
    for name, source in choices.items():
        if name not in EDITABLE:
            message = f"{name} is no field of a customer"
            raise BadRequestError(message, field=f"fields.{name}")
        if source != survivor and source not in losers:
            message = "the value is to come from one of the merged records"
            raise BadRequestError(message, field=f"fields.{name}")


def _live(conn: WriteConn, idents: list[str]) -> dict[str, Any]:
    """Return the records, each standing for itself, and keep others from merging them meanwhile."""
    query = select(s.party).where(s.party.c.id.in_(idents)).order_by(s.party.c.id).with_for_update()
    rows = {row.id: row for row in conn.execute(query)}
    for ident in idents:
        row = rows.get(ident)
        if row is None or row.deleted_at is not None:
            message = "there is no such customer"
            raise NotFoundError(message, details={"party": ident})
        if row.canonical_id != ident:
            message = "this record was merged into another before"
            raise ConflictError(message, code="merged", details={"party": ident, "into": row.canonical_id})
    erasing.refuse_meanwhile(conn, idents)
    return rows


def _records_under(conn: WriteConn, losers: list[str]) -> dict[str, str]:
    """Return record → the record it is kept under now, for the losers and all that were merged into them."""
    query = select(s.party.c.id, s.party.c.canonical_id).where(s.party.c.canonical_id.in_(losers))
    found = {row.id: row.canonical_id for row in conn.execute(query)}
    if len(found) > CLUSTER:
        message = f"a customer has {CLUSTER} records at most"
        raise BadRequestError(message, code="too_many", field="losers")
    return found


def _chosen(rows: Mapping[str, Any], survivor: str, choices: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return field → [the survivor's value, the chosen one] where they differ."""
    found = {}
    for name, source in choices.items():
        before, after = getattr(rows[survivor], name), getattr(rows[source], name)
        if before != after:
            found[name] = [before, after]
    return found


def _settle_pair(conn: WriteConn, members: list[str], actor: str, now: datetime) -> None:
    """Close the proposals that the merge carried out."""
    table = s.dup_candidate
    conn.execute(
        update(table)
        .where(table.c.a.in_(members), table.c.b.in_(members))
        .values(state="merged", decided_by=actor, decided_at=now),
    )

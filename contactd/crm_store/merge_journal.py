"""The journal of merges and splits: written, read, and what follows of each for other work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from contactd.clock import rfc3339
from contactd.core.errors import NotFoundError
from contactd.crm_store import due_rows
from contactd.crm_store import schema as s
from contactd.crm_store.party_search import search_key
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

MERGE, SPLIT = "merge", "split"


def operation(conn: Connection, ident: str) -> dict[str, Any]:
    """Return one entry of the journal of merges.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(s.merge_op).where(s.merge_op.c.id == ident)).first()
    if row is None:
        message = "there is no such merge"
        raise NotFoundError(message)
    return _view(conn, [row])[0]


def operations(conn: Connection, party: str, limit: int = 50) -> list[dict[str, Any]]:
    """Return the merges and splits any record of a customer took part in, newest first."""
    own, asked = s.party.alias("own"), s.party.alias("asked")
    cluster = select(own.c.id).join(asked, asked.c.canonical_id == own.c.canonical_id).where(asked.c.id == party)
    taking_part = select(s.merge_member.c.op_id).where(s.merge_member.c.party_id.in_(cluster))
    query = select(s.merge_op).where(s.merge_op.c.id.in_(taking_part))
    return _view(conn, conn.execute(query.order_by(s.merge_op.c.at.desc(), s.merge_op.c.id.desc()).limit(limit)).all())


def write_down(conn: WriteConn, op: Mapping[str, Any], members: Sequence[str]) -> None:
    """Write an entry, with the records it is about."""
    conn.execute(insert(s.merge_op).values(**op))
    conn.execute(insert(s.merge_member).values([{"op_id": op["id"], "party_id": one} for one in members]))


def set_fields(conn: WriteConn, party: str, values: Mapping[str, Any], now: datetime, actor: str) -> None:
    """Change fields of a record, whoever else has."""
    if not values:
        return
    new = dict(values)
    if "display_name" in new:
        new["search_name"] = search_key(new["display_name"])
    conn.execute(
        update(s.party)
        .where(s.party.c.id == party)
        .values(**new, updated_at=now, updated_by=actor, row_version=s.party.c.row_version + 1),
    )


def changed(conn: WriteConn, records: Sequence[str], now: datetime) -> None:
    """Let what came from any of these records' addresses be resolved anew, and the records be compared and indexed."""
    for record in records:
        due_rows.mark_party(conn, record, now)
    claim = s.contact_claim
    alive = select(claim.c.contact_point_id).where(claim.c.party_id.in_(records), claim.c.valid_to.is_(None))
    for row in conn.execute(alive.distinct()).all():
        due_rows.mark(conn, due_rows.RESOLVE, row.contact_point_id, now)


def _view(conn: Connection, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Shape entries for the wire, with the names of the records as they are now."""
    idents = {ident for row in rows for ident in (row.survivor, *row.losers)}
    named = conn.execute(select(s.party.c.id, s.party.c.display_name).where(s.party.c.id.in_(idents)))
    names = {row.id: row.display_name for row in named}
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "survivor": row.survivor,
            "survivor_name": names.get(row.survivor, ""),
            "losers": [{"party_id": one, "name": names.get(one, "")} for one in row.losers],
            "fields": [{"field": name, "before": one[0], "after": one[1]} for name, one in sorted(row.fields.items())],
            "reason": row.reason,
            "at": rfc3339(row.at),
            "by": row.by,
            "undone_at": rfc3339(row.undone_at) if row.undone_at else None,
            "undone_by": row.undone_by,
            "kept": row.kept,
        }
        for row in rows
    ]

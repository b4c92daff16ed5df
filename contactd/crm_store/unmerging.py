"""Taking merges back, and parting one record from a customer: what was worked on since stays, and is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import audit, due_rows, erasing, merge_journal
from contactd.crm_store import schema as s
from contactd.crm_store.merge_journal import MERGE, SPLIT
from contactd.crm_store.write_conn import WriteConn


def undo(conn: WriteConn, ident: str, *, restore: Sequence[str] = (), actor: str, now: datetime) -> dict[str, Any]:
    """Take a merge or a split back; return the entry, its `kept` naming the fields that somebody changed since.

    Args:
        conn: the unit's transaction.
        ident: the entry.
        restore: fields to put back although they were changed since.
        actor: who says so.
        now: the moment.

    Raises:
        NotFoundError: there is no such entry.
        ConflictError: one of its customers is being erased (`erasing`), it was taken back already (`undone`), or a later merge
            or split stands on it (`buried`; `details.by` names it): that one is to be taken back first.
    """
    op = conn.execute(select(s.merge_op).where(s.merge_op.c.id == ident).with_for_update()).first()
    if op is None:
        message = "there is no such merge"
        raise NotFoundError(message)
    if op.undone_at is not None:
        message = "this was taken back already"
        raise ConflictError(message, code="undone")
    erasing.refuse_meanwhile(conn, _all(op))
    later = _standing_on(conn, op)
    if later is not None:
        message = "a later merge or split stands on this one: take that back first"
        raise ConflictError(message, code="buried", details={"by": later})
    for record, canonical in op.pointers.items():
        conn.execute(update(s.party).where(s.party.c.id == record).values(canonical_id=canonical, updated_at=now))
    for point, owner, taken_by in op.claims:
        _hand_claim(conn, point, taken_by, owner)
        due_rows.mark(conn, due_rows.RESOLVE, point, now)
    kept = _restore(conn, op, frozenset(restore), now, actor)
    conn.execute(
        update(s.merge_op).where(s.merge_op.c.id == ident).values(undone_at=now, undone_by=actor, kept=kept),
    )
    conn.execute(
        update(s.dup_candidate)
        .where(
            s.dup_candidate.c.state == "merged", s.dup_candidate.c.a.in_(_all(op)), s.dup_candidate.c.b.in_(_all(op))
        )
        .values(state="open", decided_at=None, decided_by=None),
    )
    merge_journal.changed(conn, _all(op), now)
    audit.append(
        conn,
        audit.Entry(
            actor=actor,
            action="party.unmerge",
            object_kind="party",
            object_id=op.survivor,
            detail={"merge": ident, "kept": [one["field"] for one in kept]},
        ),
        now,
    )
    return merge_journal.operation(conn.connection, ident)


def split(
    conn: WriteConn, ident: str, record: str, points: Sequence[str], *, reason: str, actor: str, now: datetime
) -> dict[str, Any]:
    """Make one merged record a customer of its own again, with what it always had; return the journal's entry.

    Args:
        conn: the unit's transaction.
        ident: id of the entry.
        record: the record to part.
        points: contact points of the customer whose claims go along with it, beside its own.
        reason: why.
        actor: who says so.
        now: the moment.

    Raises:
        NotFoundError: there is no such record.
        ConflictError: it is nobody else's record (code `not_merged`), or is being erased (`erasing`).
        BadRequestError: a contact point is not the customer's (field `points`).
    """
    row = conn.execute(select(s.party.c.canonical_id).where(s.party.c.id == record)).first()
    if row is None:
        message = "there is no such record"
        raise NotFoundError(message)
    survivor = row.canonical_id
    if survivor == record:
        message = "this record stands for itself: part one that was merged into it"
        raise ConflictError(message, code="not_merged")
    erasing.refuse_meanwhile(conn, [record])
    taken = _take_claims(conn, survivor, record, points)
    conn.execute(update(s.party).where(s.party.c.id == record).values(canonical_id=record, updated_at=now))
    op: dict[str, Any] = {
        "id": ident,
        "kind": SPLIT,
        "survivor": survivor,
        "losers": [record],
        "pointers": {record: survivor},
    }
    merge_journal.write_down(
        conn, op | {"fields": {}, "claims": taken, "reason": reason, "at": now, "by": actor}, [survivor, record]
    )
    for point, _, _ in taken:
        due_rows.mark(conn, due_rows.RESOLVE, point, now)
    merge_journal.changed(conn, [survivor, record], now)
    audit.append(
        conn,
        audit.Entry(
            actor=actor,
            action="party.split",
            object_kind="party",
            object_id=survivor,
            detail={"split": ident, "record": record},
        ),
        now,
    )
    return merge_journal.operation(conn.connection, ident)


def _restore(conn: WriteConn, op: Any, forced: frozenset[str], now: datetime, actor: str) -> list[dict[str, Any]]:
    """Put back what the merge changed; return what somebody changed since, which stays unless it is `forced`."""
    current = conn.execute(select(s.party).where(s.party.c.id == op.survivor)).one()
    back, kept = {}, []
    for name, (before, after) in op.fields.items():
        value = getattr(current, name)
        if value == after or name in forced:
            back[name] = before
        elif value != before:
            kept.append({"field": name, "before": before, "merged": after, "now": value})
    merge_journal.set_fields(conn, op.survivor, back, now, actor)
    return kept


def _standing_on(conn: WriteConn, op: Any) -> str | None:
    """Return a later entry, not taken back, that moved a record this one moved, or the record it moved them to."""
    where = op.survivor if op.kind == MERGE else next(iter(op.losers))
    moved = conn.execute(
        select(s.party.c.id).where(s.party.c.id.in_(list(op.pointers)), s.party.c.canonical_id != where),
    ).all()
    gone = conn.execute(select(s.party.c.canonical_id).where(s.party.c.id == op.survivor)).scalar_one() != op.survivor
    if op.kind == SPLIT:
        under = s.party.c.canonical_id == where
        grown = conn.execute(select(s.party.c.id).where(under, s.party.c.id != where).limit(1)).first()
        moved = [*moved, *([grown] if grown else [])]
    if not moved and not gone:
        return _same_fields(conn, op)
    members = [*(row.id for row in moved), *([op.survivor] if gone else [])]
    query = (
        select(s.merge_op.c.id)
        .join(s.merge_member, s.merge_member.c.op_id == s.merge_op.c.id)
        .where(s.merge_member.c.party_id.in_([*members, *op.losers]), s.merge_op.c.undone_at.is_(None))
        .where(_after(op))
        .order_by(s.merge_op.c.at.desc(), s.merge_op.c.id.desc())
        .limit(1)
    )
    found = conn.execute(query).scalar()
    return str(found) if found else op.survivor


def _after(op: Any) -> ColumnElement[bool]:
    """Mean the entries that were written after one."""
    table = s.merge_op
    return or_(table.c.at > op.at, and_(table.c.at == op.at, table.c.id > op.id))


def _same_fields(conn: WriteConn, op: Any) -> str | None:
    """Return a later merge into the same record that changed one of the same fields: it must go first."""
    later = select(s.merge_op).where(s.merge_op.c.survivor == op.survivor, s.merge_op.c.undone_at.is_(None))
    later = later.where(_after(op)).order_by(s.merge_op.c.at.desc())
    return next((row.id for row in conn.execute(later) if row.fields.keys() & op.fields.keys()), None)


def _take_claims(conn: WriteConn, survivor: str, record: str, points: Sequence[str]) -> list[list[str]]:
    """Hand the customer's live claims on `points` to a record; return [point, from, to] of each."""
    claim, own = s.contact_claim, s.party
    taken = []
    for point in dict.fromkeys(points):
        query = select(claim.c.party_id).join(own, own.c.id == claim.c.party_id)
        query = query.where(claim.c.contact_point_id == point, claim.c.valid_to.is_(None))
        holder = conn.execute(query.where(own.c.canonical_id == survivor).order_by(claim.c.party_id)).scalars().first()
        if holder is None:
            message = "this is no address of the customer"
            raise BadRequestError(message, field="points")
        if holder != record and _hand_claim(conn, point, holder, record):
            taken.append([point, holder, record])
    return taken


def _hand_claim(conn: WriteConn, point: str, owner: str, to: str) -> bool:
    """Let a claim be another record's; False when that one has a claim of its own on the point."""
    claim = s.contact_claim
    if conn.execute(select(claim.c.id).where(claim.c.contact_point_id == point, claim.c.party_id == to)).first():
        return False
    mine = (claim.c.contact_point_id == point, claim.c.party_id == owner)
    return conn.execute(update(claim).where(*mine).values(party_id=to)).rowcount == 1


def _all(op: Any) -> list[str]:
    return list(dict.fromkeys([op.survivor, *op.losers, *op.pointers]))

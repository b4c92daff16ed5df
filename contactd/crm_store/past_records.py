"""Business records of another system by file: mirrored under their keys there, as `POST /records/mirrored` does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select, update

from contactd.clock import from_ms, to_ms
from contactd.core.newcomer import Problem
from contactd.core.past import Past
from contactd.crm_store import commerce_rows, past_customers
from contactd.crm_store import schema as s
from contactd.crm_store.import_rows import CREATED, UNCHANGED, UPDATED, Errand, Outcome
from contactd.crm_store.write_conn import WriteConn

_MOMENTS = frozenset({"begins_at", "ends_at", "as_of"})
_R = s.record.c


def take(conn: WriteConn, row: Past, errand: Errand, outcome: Outcome) -> Problem | None:
    """Take one record over; what is as it was, or older than what is known, changes nothing."""
    found = past_customers.customer(conn, row, errand)
    if isinstance(found, Problem):
        return found
    kind, system = row.said("kind"), errand.options.system
    old = _read(conn, system, kind, row.key)
    values = _values(row, found[1].party)
    if old is not None:
        outcome.object = old.id
        as_of = row.at or errand.at
        changed = {name: value for name, value in values.items() if getattr(old, name) != value}
        if not changed or (old.as_of is not None and as_of < old.as_of):
            outcome.status = UNCHANGED
            return None
        outcome.changed = {name: [_plain(getattr(old, name)), _plain(value)] for name, value in changed.items()}
    mirrored = values | {"as_of": row.at}
    outcome.object = commerce_rows.mirror(conn, errand.new_id(), kind, system, row.key, mirrored, errand.at)
    after = _read(conn, system, kind, row.key)
    outcome.status, outcome.version = UPDATED if old is not None else CREATED, after.row_version
    return None


def _read(conn: WriteConn, system: str, kind: str, key: str) -> Any:
    same = (_R.source == system, _R.kind == kind, _R.external_key == key)
    return conn.execute(select(s.record).where(*same)).first()


def _values(row: Past, party: str | None) -> dict[str, Any]:
    """Make a record's columns of what the row says; what it says nothing about stays."""
    given = {
        "title": row.said("title"),
        "party_id": party,
        "stage": row.values.get("stage"),
        "amount": row.values.get("amount"),
        "currency": row.values.get("currency"),
        "begins_at": row.values.get("begins"),
        "ends_at": row.values.get("ends"),
        "owner": row.values.get("own_agent"),
        "url": row.values.get("url"),
        "fields": row.custom or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _plain(value: Any) -> Any:
    return to_ms(value) if isinstance(value, datetime) else value


def in_use(conn: WriteConn, row: Any) -> list[str]:
    """Tell why a record that the import made has to stay."""
    found = conn.execute(select(s.record).where(_R.id == row.object_id)).one()
    reasons = ["changed"] if found.row_version != row.row_version else []
    if conn.execute(select(exists().where(_R.parent_id == row.object_id))).scalar():
        reasons.append("links")
    uses = (s.campaign_member.c.campaign_id, s.case_.c.contract_id)
    if any(conn.execute(select(exists().where(column == row.object_id))).scalar() for column in uses):
        reasons.append("changed")
    return list(dict.fromkeys(reasons))


def strike(conn: WriteConn, ident: str) -> None:
    """Take a record out again."""
    conn.execute(delete(s.record_event).where(s.record_event.c.record_id == ident))
    conn.execute(delete(s.record).where(_R.id == ident))


def restore(conn: WriteConn, row: Any, now: datetime, by: str) -> list[str]:
    """Give a record's fields back what they held before, unless they have changed since; return those that are kept."""
    found = conn.execute(select(s.record).where(_R.id == row.object_id)).first()
    if found is None:
        return []
    back: dict[str, Any] = {}
    kept = []
    for name, (before, after) in row.changed.items():
        if _plain(getattr(found, name)) != after:
            kept.append(name)
        else:
            back[name] = from_ms(before) if name in _MOMENTS and before is not None else before
    if back:
        about = {"updated_at": now, "updated_by": by, "row_version": _R.row_version + 1}
        conn.execute(update(s.record).where(_R.id == row.object_id).values(back | about))
    return kept

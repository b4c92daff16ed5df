"""The audit log: who did what, each entry chained to the one before by its hash, so that a changed or missing one shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from contactd.clock import rfc3339, to_ms
from contactd.core.errors import BadRequestError
from contactd.crm_store import schema as s
from contactd.crm_store.cursors import MAX_PAGE
from contactd.crm_store.schema import storable
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

FIRST = "0" * 64
"""What the first entry follows."""
_HEAD = "audit"
_CHUNK = 1000

_new_head = insert(s.number_seq)
# Counting up locks the row until the commit: entries of several nodes come one after another.
_NEXT = hot(
    _new_head.on_conflict_do_update(
        index_elements=["name"],
        set_={"value": s.number_seq.c.value + _new_head.excluded.value},
    ).returning(s.number_seq.c.value),
)
_HASH = hot(select(s.audit_log.c.hash).where(s.audit_log.c.seq == bindparam("before")))
_APPEND = hot(insert(s.audit_log))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act."""

    actor: str
    """Id of the agent or token, or `system`."""
    action: str
    object_kind: str
    object_id: str | None = None
    detail: Mapping[str, Any] | None = None
    """Ids and short values; never texts of customers."""
    ip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Where the chain does not hold."""

    seq: int
    fault: str
    """missing | changed | unchained"""


def append(conn: WriteConn, entry: Entry, now: datetime) -> int:
    """Write an entry down; return its number."""
    return append_all(conn, [(entry, now)])


def note(
    conn: WriteConn, actor: str | None, action: str, about: tuple[str, str | None], now: datetime, **detail: Any
) -> None:
    """Write down that somebody did something about a thing, given by kind and id; `detail`: ids and short values."""
    kind, ident = about
    append(conn, Entry(actor=actor or "system", action=action, object_kind=kind, object_id=ident, detail=detail), now)


def append_all(conn: WriteConn, entries: Sequence[tuple[Entry, datetime]]) -> int:
    """Write entries down, each with its moment, one after another; return the last one's number."""
    last = int(conn.one(_NEXT, name=_HEAD, value=len(entries)).value)
    first = last - len(entries) + 1
    before = conn.one(_HASH, before=first - 1)
    hashed = before.hash if before else FIRST
    rows = []
    for seq, (entry, at) in enumerate(entries, start=first):
        row = _row(seq, entry, at, hashed)
        hashed = _hash(row)
        rows.append(row | {"hash": hashed})
    conn.many(_APPEND, rows)
    return last


def _row(seq: int, entry: Entry, at: datetime, before: str) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": at,
        "actor": entry.actor,
        "action": entry.action,
        "object_kind": entry.object_kind,
        "object_id": entry.object_id,
        "detail": json.loads(storable(json.dumps(entry.detail or {}, ensure_ascii=False))),
        "ip": storable(entry.ip),
        "prev_hash": before,
    }


def verify(conn: Connection) -> list[Break]:
    """Return every place where the chain is broken; an empty list is a whole one."""
    breaks: list[Break] = []
    expected, before = 1, FIRST
    while rows := conn.execute(
        select(s.audit_log).where(s.audit_log.c.seq >= expected).order_by(s.audit_log.c.seq).limit(_CHUNK),
    ).all():
        for row in rows:
            breaks += [Break(seq=seq, fault="missing") for seq in range(expected, row.seq)]
            if row.hash != _hash(row._asdict()):
                breaks.append(Break(seq=row.seq, fault="changed"))
            elif row.prev_hash != before and row.seq == expected:
                breaks.append(Break(seq=row.seq, fault="unchained"))
            expected, before = row.seq + 1, row.hash
    head = conn.execute(select(s.number_seq.c.value).where(s.number_seq.c.name == _HEAD)).scalar() or 0
    return breaks + [Break(seq=seq, fault="missing") for seq in range(expected, head + 1)]


def listed(conn: Connection, *, before: int | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Return entries, newest first, those before number `before`.

    Raises:
        BadRequestError: the limit is not between 1 and 200.
    """
    if not 1 <= limit <= MAX_PAGE:
        message = f"limit must be between 1 and {MAX_PAGE}"
        raise BadRequestError(message, field="limit")
    query = select(s.audit_log).order_by(s.audit_log.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(s.audit_log.c.seq < before)
    return [row._asdict() | {"at": rfc3339(row.at)} for row in conn.execute(query)]


def about(conn: Connection, objects: Collection[tuple[str, str]], *, limit: int = 10_000) -> list[dict[str, Any]]:
    """Return entries about things, each (kind, id), the oldest first, with their hashes; at most the last `limit`."""
    table = s.audit_log
    found: list[dict[str, Any]] = []
    for kind, ident in sorted(set(objects)):
        mine = (table.c.object_kind == kind, table.c.object_id == ident)
        rows = conn.execute(select(table).where(*mine).order_by(table.c.seq.desc()).limit(limit))
        found += [row._asdict() | {"at": rfc3339(row.at)} for row in rows]
    return sorted(found, key=lambda one: int(one["seq"]))[-limit:]


def _hash(row: Mapping[str, Any]) -> str:
    """Return the hash that covers a row and, through `prev_hash`, all before it."""
    covered = [
        row["seq"],
        to_ms(row["at"]),
        row["actor"],
        row["action"],
        row["object_kind"],
        row["object_id"],
        row["detail"],
        row["ip"],
        row["prev_hash"],
    ]
    text = storable(json.dumps(covered, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    return hashlib.sha256(text.encode()).hexdigest()

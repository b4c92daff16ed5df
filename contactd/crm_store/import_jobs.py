"""Imports as wholes: begun, found again, counted, ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from contactd.clock import rfc3339
from contactd.core.errors import ConflictError, NotFoundError
from contactd.crm_store import audit
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

RUNNING, DONE, UNDOING, UNDONE = "running", "done", "undoing", "undone"
CONNECTOR = "connector:"
"""Begins the name of a connector as who imports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A file to be taken over."""

    id: str
    file_name: str
    digest: str
    format: str
    encoding: str
    fingerprint: str
    mapping: Mapping[str, str]
    options: Mapping[str, Any]
    by: str


def begin(conn: WriteConn, job: Job, now: datetime) -> str:
    """Begin an import, or go on with the one of the same file and the same options that was cut short; return its id.

    Raises:
        ConflictError: the same file was taken over in the same way already (code `imported`), and that was not undone.
    """
    table = s.import_job
    same = select(table.c.id, table.c.state, table.c.mapping, table.c.options).where(
        table.c.digest == job.digest, table.c.state.in_((RUNNING, DONE))
    )
    for row in conn.execute(same):
        if row.mapping == dict(job.mapping) and row.options == dict(job.options):
            if row.state == RUNNING:
                return str(row.id)
            message = f"this file was imported already: {row.id}"
            raise ConflictError(message, code="imported")
    conn.execute(
        insert(table).values(
            id=job.id,
            file_name=job.file_name,
            digest=job.digest,
            format=job.format,
            encoding=job.encoding,
            fingerprint=job.fingerprint,
            mapping=dict(job.mapping),
            options=dict(job.options),
            at=now,
            by=job.by,
        )
    )
    audit.append(conn, Entry(actor=job.by, action="import.begin", object_kind="import", object_id=job.id), now)
    return job.id


def finish(conn: WriteConn, job: str, now: datetime) -> dict[str, int]:
    """Note that every row was dealt with; return how many came to which end."""
    counts = counted(conn.connection, job)
    conn.execute(
        # One that is being taken back meanwhile stays so.
        update(s.import_job)
        .where(s.import_job.c.id == job, s.import_job.c.state == RUNNING)
        .values(state=DONE, counts=counts, finished_at=now)
    )
    return counts


def counted(conn: Connection, job: str) -> dict[str, int]:
    """Return status → rows."""
    row = s.import_row.c
    query = select(row.status, func.count().label("n")).where(row.job_id == job).group_by(row.status)
    return {found.status: found.n for found in conn.execute(query)}


def taken(conn: Connection, job: str) -> set[int]:
    """Return the numbers of the rows that were dealt with."""
    return {row.n for row in conn.execute(select(s.import_row.c.n).where(s.import_row.c.job_id == job))}


def remembered(conn: Connection, fingerprint: str) -> dict[str, str]:
    """Return how the columns of the same program's last file were placed."""
    table = s.import_job
    query = select(table.c.mapping).where(table.c.fingerprint == fingerprint).order_by(table.c.at.desc()).limit(1)
    row = conn.execute(query).first()
    return dict(row.mapping) if row else {}


def undoing(conn: Connection, node: str) -> list[str]:
    """Return the imports of a node's files that are being taken back."""
    of_file = select(s.import_file.c.job_id).where(s.import_file.c.node == node, s.import_file.c.job_id.is_not(None))
    query = select(s.import_job.c.id).where(s.import_job.c.state == UNDOING, s.import_job.c.id.in_(of_file))
    return list(conn.execute(query).scalars())


def undone_by(conn: Connection, job: str) -> str:
    """Return who takes an import back."""
    return str(conn.execute(select(s.import_job.c.undone_by).where(s.import_job.c.id == job)).scalar() or "")


def get(conn: Connection, job: str) -> dict[str, Any]:
    """Return one import.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(s.import_job).where(s.import_job.c.id == job)).first()
    if row is None:
        message = "there is no such import"
        raise NotFoundError(message)
    return _view(row)


def listed(conn: Connection, limit: int = 50) -> list[dict[str, Any]]:
    """Return the latest imports of people; what connectors brought in stands in their runs."""
    table = s.import_job
    peoples = or_(table.c.by.is_(None), ~table.c.by.startswith(CONNECTOR))
    query = select(table).where(peoples).order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)
    return [_view(row) for row in conn.execute(query)]


def current(conn: Connection, job: str) -> dict[str, Any]:
    """Return one import with its counts as they are at this moment.

    Raises:
        NotFoundError: there is none.
    """
    found = get(conn, job)
    return found if found["state"] in {DONE, UNDONE} else found | {"counts": counted(conn, job)}


def rows(conn: Connection, job: str, *, after: int = 0, limit: int = 1000, status: str = "") -> list[Any]:
    """Return rows of an import by number, all or those of a status: (n, status, party_id, object_id, reasons, undone, kept)."""
    row = s.import_row.c
    query = (
        select(row.n, row.status, row.party_id, row.object_id, row.reasons, row.undone, row.kept)
        .where(row.job_id == job, row.n > after, *([row.status == status] if status else []))
        .order_by(row.n)
        .limit(limit)
    )
    return list(conn.execute(query))


def _view(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "state": row.state,
        "file_name": row.file_name,
        "format": row.format,
        "encoding": row.encoding,
        "mapping": row.mapping,
        "options": row.options,
        "counts": row.counts,
        "at": rfc3339(row.at),
        "by": row.by,
        "finished_at": rfc3339(row.finished_at) if row.finished_at else None,
        "undone_at": rfc3339(row.undone_at) if row.undone_at else None,
    }

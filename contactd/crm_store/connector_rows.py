"""Connectors: how far each has read, when it worked last, and what each of its tables brought."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, or_, select, update

from contactd.clock import rfc3339
from contactd.core.errors import NotFoundError
from contactd.crm_store import import_jobs
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

RUNNING, DONE, FAILED = "running", "done", "failed"
MOST_NAMED = 50
"""Things a report of drift names; all are counted."""
_c, _r = s.connector, s.connector_run


def claim(conn: WriteConn, name: str, now: datetime, lease: timedelta) -> bool:
    """Take a connector in hand; False: somebody else has it."""
    conn.execute(insert(_c).values(name=name, cursor={}, drift={}).on_conflict_do_nothing(index_elements=["name"]))
    free = and_(_c.c.name == name, or_(_c.c.lease_until.is_(None), _c.c.lease_until < now))
    taken = {"lease_until": now + lease, "tried_at": now, "asked_at": None}
    return bool(conn.execute(update(_c).where(free).values(**taken)).rowcount)


def change(conn: WriteConn, name: str, **values: Any) -> None:
    """Note something of a connector, which is made if nobody has heard of it."""
    conn.execute(insert(_c).values(name=name, cursor={}, drift={}).on_conflict_do_nothing(index_elements=["name"]))
    conn.execute(update(_c).where(_c.c.name == name).values(**values))


def begin(conn: WriteConn, row: Mapping[str, Any]) -> None:
    """Write down that a table is taken over: id, connector, node, source, file, cursor, at, by."""
    conn.execute(insert(_r).values(state=RUNNING, **row))


def end(conn: WriteConn, ident: str, values: Mapping[str, Any]) -> None:
    """Note how a run ended, once; when it is done, its connector stands where the run says, in the same unit."""
    conn.execute(update(_r).where(_r.c.id == ident, _r.c.state == RUNNING).values(**values))
    if values["state"] == DONE:
        row = conn.execute(select(_r.c.connector, _r.c.cursor).where(_r.c.id == ident)).one()
        if row.cursor is not None:
            change(conn, row.connector, cursor=row.cursor)


def cut_off(conn: Connection, node: str, names: Collection[str]) -> list[Any]:
    """Return the runs of some connectors that a node has left unfinished, the oldest first."""
    query = select(_r).where(_r.c.state == RUNNING, _r.c.node == node, _r.c.connector.in_(names))
    return list(conn.execute(query.order_by(_r.c.id)))


def states(conn: Connection) -> dict[str, Any]:
    """Return connector → its row."""
    return {row.name: row for row in conn.execute(select(_c))}


def runs(conn: Connection, name: str, *, after: str = "", limit: int = 20) -> list[dict[str, Any]]:
    """Return a connector's latest runs, the newest first, from behind one on."""
    older = [_r.c.id < after] if after else []
    query = select(_r).where(_r.c.connector == name, *older).order_by(_r.c.id.desc()).limit(limit)
    return [view(row) for row in conn.execute(query)]


def run(conn: Connection, ident: str) -> dict[str, Any]:
    """Return a run.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(_r).where(_r.c.id == ident)).first()
    if row is None:
        message = "there is no such run"
        raise NotFoundError(message)
    return view(row)


def outcomes(conn: Connection, ident: str, limit: int = 1_000) -> list[dict[str, Any]]:
    """Return what became of each row of a run."""
    job = conn.execute(select(_r.c.job_id).where(_r.c.id == ident)).scalar()
    if job is None:
        return []
    rows = import_jobs.rows(conn, job, limit=limit)
    return [
        {"row": row.n, "status": row.status, "id": row.object_id or row.party_id, "reasons": row.reasons}
        for row in rows
    ]


def prune(conn: WriteConn, now: datetime, keep: timedelta, limit: int = 20) -> int:
    """Forget some runs that ended long ago, with what their imports noted of each row; return how many."""
    old = select(_r.c.id, _r.c.job_id).where(_r.c.ended_at < now - keep).order_by(_r.c.id).limit(limit)
    rows = conn.execute(old).all()
    jobs = [row.job_id for row in rows if row.job_id is not None]
    conn.execute(delete(s.import_row).where(s.import_row.c.job_id.in_(jobs)))
    conn.execute(delete(s.import_job).where(s.import_job.c.id.in_(jobs)))
    conn.execute(delete(_r).where(_r.c.id.in_([row.id for row in rows])))
    return len(rows)


def missing_records(conn: Connection, system: str, seen: Collection[str]) -> tuple[int, list[str]]:
    """Return how many records mirrored from a system it has no more, among the kinds of those seen, and keys of some."""
    table = s.record.c
    rows = conn.execute(
        select(table.id, table.kind, table.external_key).where(table.source == system, table.deleted_at.is_(None))
    ).all()
    kinds = {row.kind for row in rows if row.id in seen}
    gone = sorted(str(row.external_key) for row in rows if row.kind in kinds and row.id not in seen)
    return len(gone), gone[:MOST_NAMED]


def missing_customers(conn: Connection, system: str, seen: Collection[str]) -> tuple[int, list[str]]:
    """Return how many customers known by a system's number it has no more, and some of these numbers."""
    number, own = s.external_id.c, s.party.alias("own")
    query = (
        select(number.value, own.c.canonical_id)
        .select_from(s.external_id.join(own, own.c.id == number.ref_id))
        .where(number.system == system, number.ref_kind == "party")
    )
    gone = sorted(row.value for row in conn.execute(query) if row.canonical_id not in seen)
    return len(gone), gone[:MOST_NAMED]


def survivors(conn: Connection, parties: Collection[str]) -> set[str]:
    """Return who customers are after all merges."""
    found: set[str] = set()
    idents = list(parties)
    for start in range(0, len(idents), 500):
        some = s.party.c.id.in_(idents[start : start + 500])
        found.update(conn.execute(select(s.party.c.canonical_id).where(some)).scalars())
    return found


def view(row: Any) -> dict[str, Any]:
    """Return a run as it is shown."""
    return {
        "id": row.id,
        "connector": row.connector,
        "state": row.state,
        "source": row.source,
        "import": row.job_id,
        "counts": row.counts,
        "error": row.error,
        "at": rfc3339(row.at),
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
        "by": row.by,
    }

"""Files on their way in: brought piece by piece, looked at, tried out, taken over; each step is a row's state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from contactd.clock import rfc3339
from contactd.core.errors import BusyError, ConflictError, NotFoundError
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

UPLOADING, WHOLE, TRYING, RUNNING, DONE, FAILED = "uploading", "whole", "trying", "running", "done", "failed"
AT_WORK = (TRYING, RUNNING)
MOST_OPEN = 20
"""Files one person may have brought and not taken over."""

_f = s.import_file


def add(conn: WriteConn, row: Mapping[str, Any]) -> None:
    """Note a file that is about to be brought (columns of `import_file`).

    Raises:
        BusyError: its owner has brought many already (code `quota`).
    """
    count = select(func.count()).where(_f.c.owner == row["owner"], _f.c.state != DONE)
    if (conn.execute(count).scalar() or 0) >= MOST_OPEN:
        message = "Take over what you have brought first."
        raise BusyError(message, code="quota")
    conn.execute(insert(_f).values(**row))


def row(conn: Connection, ident: str) -> Any:
    """Return a file's row.

    Raises:
        NotFoundError: there is none.
    """
    found = conn.execute(select(_f).where(_f.c.id == ident)).first()
    if found is None:
        message = "There is no such file."
        raise NotFoundError(message)
    return found


def piece(conn: WriteConn, ident: str, number: int, blob: str) -> list[str]:
    """Note that a piece is there; the same piece again is no mistake.  Return all that are.

    Raises:
        NotFoundError: there is no such file.
        ConflictError: another piece is the next (code `out_of_order`), or the file is whole already.
    """
    found = row(conn.connection, ident)
    pieces = list(found.pieces)
    if number < len(pieces) and pieces[number] == blob:
        return pieces
    if found.state != UPLOADING or number != len(pieces):
        message = f"piece {len(pieces)} is the next"
        raise ConflictError(message, code="out_of_order", field="number")
    mine = (_f.c.id == ident, _f.c.state == UPLOADING, _f.c.pieces == found.pieces)
    if not conn.execute(update(_f).where(*mine).values(pieces=[*pieces, blob])).rowcount:
        message = "two pieces came at once"
        raise ConflictError(message, code="out_of_order", field="number")
    return [*pieces, blob]


def change(conn: WriteConn, ident: str, among: Sequence[str], **values: Any) -> bool:
    """Change a file that is in one of some states; tell whether it was."""
    return bool(conn.execute(update(_f).where(_f.c.id == ident, _f.c.state.in_(among)).values(**values)).rowcount)


def at_work(conn: Connection, node: str) -> list[Any]:
    """Return what a node was doing, the oldest first."""
    return list(conn.execute(select(_f).where(_f.c.node == node, _f.c.state.in_(AT_WORK)).order_by(_f.c.created_at)))


def of_job(conn: Connection, job: str) -> Any:
    """Return the file an import took over, or None: it was one of the command line, or its time is over."""
    return conn.execute(select(_f).where(_f.c.job_id == job, _f.c.blob.is_not(None))).first()


def forget(conn: WriteConn, now: datetime) -> int:
    """Strike out files whose time is over; return how many."""
    idle = (_f.c.expires_at < now, _f.c.state.not_in(AT_WORK))
    return conn.execute(delete(_f).where(*idle)).rowcount


def view(found: Any) -> dict[str, Any]:
    """Return a file as it is shown."""
    return {
        "id": found.id,
        "state": found.state,
        "name": found.name,
        "size": found.size,
        "pieces": len(found.pieces),
        "counts": found.counts,
        "faults": found.faults,
        "error": found.error,
        "import": found.job_id,
        "at": rfc3339(found.created_at),
    }

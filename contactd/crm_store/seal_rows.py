"""Sealed months of reports: written once, never changed; what they say can be proved by its digest and the audit log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from contactd.clock import rfc3339
from contactd.core.errors import ConflictError
from contactd.crm_store import audit
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn


def digest(figures: Mapping[str, Any]) -> str:
    """Return the SHA-256 of figures as canonical JSON."""
    text = json.dumps(figures, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def keep(conn: WriteConn, row: Mapping[str, Any], now: datetime) -> None:
    """Seal a month.

    Args:
        conn: the unit's transaction.
        row: `id, month, zone, definition, figures, by`.
        now: the moment.

    Raises:
        ConflictError: this month of this zone is sealed already (code `sealed`).
    """
    if find(conn.connection, row["month"], row["zone"]) is not None:
        message = "This month is sealed already."
        raise ConflictError(message, code="sealed", field="month")
    proof = digest(row["figures"])
    conn.execute(insert(s.report_seal).values(**row, digest=proof, at=now))
    detail = {"month": row["month"], "zone": row["zone"], "digest": proof}
    entry = Entry(actor=row["by"], action="report.seal", object_kind="report_seal", object_id=row["id"], detail=detail)
    audit.append(conn, entry, now)


def find(conn: Connection, month: str, zone: str) -> dict[str, Any] | None:
    """Return a sealed month with its figures, None when it is not sealed."""
    table = s.report_seal
    row = conn.execute(select(table).where(table.c.month == month, table.c.zone == zone)).first()
    return None if row is None else _head(row) | {"figures": row.figures}


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Return what is sealed, the newest month first, without the figures."""
    table = s.report_seal
    query = select(table).order_by(table.c.month.desc(), table.c.zone).limit(240)
    return [_head(row) for row in conn.execute(query)]


def _head(row: Any) -> dict[str, Any]:
    kept = ("id", "month", "zone", "definition", "digest", "by")
    return {name: getattr(row, name) for name in kept} | {
        "at": rfc3339(row.at),
        "whole": digest(row.figures) == row.digest,
        "total": row.figures.get("total", {}),
    }

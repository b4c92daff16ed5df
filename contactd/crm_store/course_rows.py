"""What happened to one thing in the store, numbered: the events of cases, articles and business records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, func, select

from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn


def add(
    owner: Column[str],
    conn: WriteConn,
    ident: str,
    at: datetime,
    kind: str,
    actor: str | None,
    text: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Append to the events of the thing `ident`; `owner` is the column of their table that names it."""
    table = owner.table
    last = select(func.coalesce(func.max(table.c.seq), 0)).where(owner == ident)
    seq = conn.execute(last).scalar_one() + 1
    about = {"at": at, "type": kind, "actor": actor, "text": text, "data": dict(data or {})}
    conn.execute(insert(table).values({owner.name: ident, "seq": seq, **about}))

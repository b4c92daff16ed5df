"""Uploads: files somebody has brought and not yet sent, within what one may bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select

from contactd.core.errors import BusyError
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What one person or program may upload since a moment."""

    files: int
    size: int
    """Bytes of all files together."""
    since: datetime


def refuse_beyond(conn: Connection, owner: str, size: int, quota: Quota) -> None:
    """Refuse a further file of somebody who has uploaded enough.

    Raises:
        BusyError: code `quota`.
    """
    query = select(func.count(), func.coalesce(func.sum(s.upload.c.size), 0))
    files, total = conn.execute(query.where(s.upload.c.owner == owner, s.upload.c.created_at > quota.since)).one()
    if files >= quota.files or int(total) + size > quota.size:
        message = "That is enough for now: come back within the hour."
        raise BusyError(message, code="quota")


def add(conn: WriteConn, row: Mapping[str, Any], quota: Quota) -> None:
    """Store an upload (columns of `upload`).

    Raises:
        BusyError: its owner has uploaded enough (code `quota`).
    """
    refuse_beyond(conn.connection, row["owner"], row["size"], quota)
    conn.execute(insert(s.upload).values(**row))


def forget(conn: WriteConn, now: datetime) -> int:
    """Strike out uploads whose time is over, sent or not; return how many."""
    return conn.execute(delete(s.upload).where(s.upload.c.expires_at < now)).rowcount

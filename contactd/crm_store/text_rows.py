"""Texts people write once and use often: an agent's own, and those that supervisors keep for everybody."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from contactd.clock import rfc3339
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.template import fields
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

MOST = 300
"""Texts of one person, and as many for everybody."""
VERSIONS = 50
"""Earlier versions that are shown."""


def listed(conn: Connection, agent: str) -> list[dict[str, Any]]:
    """Return the texts an agent may use: their own, then everybody's, by name."""
    table = s.text_block
    query = select(table).where(table.c.retired_at.is_(None), or_(table.c.owner == agent, table.c.owner.is_(None)))
    rows = conn.execute(query.order_by(table.c.owner.is_(None), table.c.name, table.c.id))
    return [_view(row) for row in rows]


def get(conn: Connection, ident: str, agent: str) -> dict[str, Any]:
    """Return one text.

    Raises:
        NotFoundError: there is none, or it is somebody else's own.
    """
    return _view(_row(conn, ident, agent))


def versions(conn: Connection, ident: str, agent: str) -> list[dict[str, Any]]:
    """Return how a text has stood, newest first: version, agent, at, name, text, lines.

    Raises:
        NotFoundError: as `get`.
    """
    _row(conn, ident, agent)
    old = s.text_version
    query = select(old).where(old.c.block_id == ident).order_by(old.c.version.desc()).limit(VERSIONS)
    return [
        {
            "version": row.version,
            "agent": row.agent,
            "at": rfc3339(row.at),
            "name": row.name,
            "text": row.text,
            "lines": row.lines,
        }
        for row in conn.execute(query)
    ]


def add(
    conn: WriteConn, ident: str, values: Mapping[str, Any], places: Collection[str], *, owner: str | None, **by: Any
) -> None:
    """Keep a new text (`name`, `text`: language → words, `lines`: none = all); `owner` None: for everybody.

    Args:
        conn: the unit's connection.
        ident: its id.
        values: what it says.
        places: names of the places a text may leave open.
        owner: whose it is.
        by: `agent` who writes it, and `now`.

    Raises:
        BadRequestError: it says nothing, leaves a place open that nobody fills (`unknown_place`), or there are too many.
    """
    _refuse_places(values, places)
    table = s.text_block
    whose = table.c.owner.is_(None) if owner is None else table.c.owner == owner
    count = conn.execute(select(func.count()).select_from(table).where(whose, table.c.retired_at.is_(None))).scalar()
    if int(count or 0) >= MOST:
        message = f"there are {MOST} texts already"
        raise BadRequestError(message, code="quota", field="name")
    row: dict[str, Any] = {"name": values["name"], "text": values["text"], "lines": values.get("lines") or []}
    conn.execute(insert(table).values(id=ident, owner=owner, row_version=1, updated_at=by["now"], **row))
    _keep(conn, ident, 1, row, **by)


def change(
    conn: WriteConn, ident: str, values: Mapping[str, Any], places: Collection[str], *, row_version: int, **by: Any
) -> None:
    """Let a text say something else; how it stood is kept.

    Raises:
        NotFoundError: as `get`.
        ConflictError: somebody has changed it since `row_version` (code `changed`).
        BadRequestError: as `add`.
    """
    old = _row(conn.connection, ident, by["agent"])
    if old.row_version != row_version:
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    row = {name: values.get(name, getattr(old, name)) for name in ("name", "text", "lines")}
    _refuse_places(row, places)
    table = s.text_block
    known = update(table).where(table.c.id == ident, table.c.row_version == row_version)
    conn.execute(known.values(row_version=row_version + 1, updated_at=by["now"], **row))
    _keep(conn, ident, row_version + 1, row, **by)


def retire(conn: WriteConn, ident: str, agent: str, now: datetime) -> None:
    """Put a text away; its versions stay.

    Raises:
        NotFoundError: as `get`.
    """
    _row(conn.connection, ident, agent)
    conn.execute(update(s.text_block).where(s.text_block.c.id == ident).values(retired_at=now))


def _row(conn: Connection, ident: str, agent: str) -> Any:
    row = conn.execute(select(s.text_block).where(s.text_block.c.id == ident)).first()
    if row is None or row.retired_at is not None or row.owner not in {None, agent}:
        message = "there is no such text"
        raise NotFoundError(message)
    return row


def _keep(conn: WriteConn, ident: str, version: int, row: Mapping[str, Any], *, agent: str, now: datetime) -> None:
    conn.execute(insert(s.text_version).values(block_id=ident, version=version, agent=agent, at=now, **row))


def _refuse_places(values: Mapping[str, Any], places: Collection[str]) -> None:
    """Refuse a text that says nothing, or has a place nobody fills."""
    words = [words for words in values["text"].values() if words.strip()]
    if not words or not values["name"].strip():
        message = "a name and words in one language are needed"
        raise BadRequestError(message, code="required", field="text")
    unknown = [name for text in words for name in fields(text) if name not in places]
    if unknown:
        message = f"{{{unknown[0]}}} is none of {', '.join(places)}"
        raise BadRequestError(message, code="unknown_place", field="text")


def _view(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "shared": row.owner is None,
        "name": row.name,
        "text": row.text,
        "lines": row.lines,
        "row_version": row.row_version,
        "updated_at": rfc3339(row.updated_at),
    }

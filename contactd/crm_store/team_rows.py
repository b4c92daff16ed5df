"""Teams as a tree, and the segments whose customers somebody sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from contactd.core.errors import ConflictError, NotFoundError
from contactd.crm_store import agents
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

DEEPEST = 20
"""Teams above one another."""


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Return all teams: `id, name, parent`."""
    query = select(s.team).where(s.team.c.deleted_at.is_(None)).order_by(s.team.c.id)
    return [{"id": row.id, "name": row.name, "parent": row.parent_id} for row in conn.execute(query)]


def put(conn: WriteConn, ident: str, *, name: str, parent: str | None, now: datetime) -> None:
    """Make a team, or say anew what it is called and under which it stands.

    Raises:
        NotFoundError: there is no such team above.
        ConflictError: it would stand above itself (code `cycle`).
    """
    above, seen = parent, 0
    while above is not None:
        row = conn.execute(select(s.team.c.parent_id).where(s.team.c.id == above)).first()
        if row is None:
            message = "there is no such team"
            raise NotFoundError(message)
        seen += 1
        if above == ident or seen > DEEPEST:
            message = "a team cannot stand above itself"
            raise ConflictError(message, code="cycle")
        above = row.parent_id
    values = {"name": name, "parent_id": parent, "deleted_at": None}
    new = insert(s.team).values(id=ident, created_at=now, **values)
    conn.execute(new.on_conflict_do_update(index_elements=["id"], set_=values))


def set_segments(conn: WriteConn, agent: str, segments: Sequence[str]) -> None:
    """Say which segments' customers somebody sees whose scope is `segment`.

    Raises:
        NotFoundError: there is no such person.
    """
    agents.get(conn.connection, agent)
    table = s.agent_segment
    conn.execute(delete(table).where(table.c.agent_id == agent))
    for one in sorted(set(segments)):
        conn.execute(insert(table).values(agent_id=agent, segment=one))

"""Who follows cases: what happened since they last looked, and whom to tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, select, update

from contactd.crm_store import due_rows
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

BATCH = 50
_event, _watcher = s.case_event, s.case_watcher


def watch(conn: WriteConn, case: str, agent: str, *, on: bool) -> None:
    """Let somebody follow a case from now on, or no longer; what is past counts as seen."""
    mine = (_watcher.c.case_id == case, _watcher.c.agent_id == agent)
    if not on:
        conn.execute(delete(_watcher).where(*mine))
        return
    new = insert(_watcher).values(case_id=case, agent_id=agent, seen_seq=_last(conn.connection, case))
    conn.execute(new.on_conflict_do_nothing())


def saw(conn: WriteConn, case: str, agent: str) -> None:
    """Note that a follower has looked at a case."""
    mine = (_watcher.c.case_id == case, _watcher.c.agent_id == agent)
    conn.execute(update(_watcher).where(*mine).values(seen_seq=_last(conn.connection, case)))


def happened(conn: WriteConn, case: str, now: datetime) -> None:
    """Note that something happened to a case: whoever follows it is told behind the live work."""
    due_rows.mark(conn, due_rows.TELL_WATCHERS, case, now)


def news(conn: WriteConn) -> list[dict[str, Any]]:
    """Return whom to tell of what: `agent, case, no, type` (of the last event), `unseen` (how many); struck out here.

    Nobody is told of what they did themselves.
    """
    due = due_rows.take(conn, due_rows.TELL_WATCHERS, BATCH)
    if not due:
        return []
    counted = _unseen().where(_watcher.c.case_id.in_(due)).subquery()
    query = (
        select(counted, s.case_.c.no, _event.c.type)
        .join(s.case_, s.case_.c.id == counted.c.case_id)
        .join(_event, and_(_event.c.case_id == counted.c.case_id, _event.c.seq == counted.c.last))
        .where(s.case_.c.deleted_at.is_(None))
        .order_by(counted.c.case_id, counted.c.agent_id)
    )
    told = [
        {"agent": row.agent_id, "case": row.case_id, "no": row.no, "type": row.type, "unseen": row.n}
        for row in conn.execute(query)
    ]
    due_rows.done(conn, due_rows.TELL_WATCHERS, due)
    return told


def unseen(conn: Connection, agent: str, cases: Sequence[str]) -> dict[str, int]:
    """Return case → how much happened in it that this follower has not seen; cases without any are left out."""
    query = _unseen().where(_watcher.c.agent_id == agent, _watcher.c.case_id.in_(cases))
    return {row.case_id: row.n for row in conn.execute(query)}


def with_news(agent: str) -> Select[Any]:
    """Select the cases in which something happened that this follower has not seen."""
    return select(_unseen().where(_watcher.c.agent_id == agent).subquery().c.case_id)


def _unseen() -> Select[Any]:
    """Select (case, agent, how many, the last) of events followers have not seen, by others than themselves."""
    newer = and_(
        _event.c.case_id == _watcher.c.case_id,
        _event.c.seq > func.coalesce(_watcher.c.seen_seq, 0),
        _event.c.actor.is_distinct_from(_watcher.c.agent_id),
    )
    query = select(
        _watcher.c.case_id, _watcher.c.agent_id, func.count().label("n"), func.max(_event.c.seq).label("last")
    )
    return query.join(_event, newer).group_by(_watcher.c.case_id, _watcher.c.agent_id)


def _last(conn: Connection, case: str) -> int:
    return int(
        conn.execute(select(func.coalesce(func.max(_event.c.seq), 0)).where(_event.c.case_id == case)).scalar_one()
    )

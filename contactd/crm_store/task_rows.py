"""Tasks: work nobody sent, which waits for its time and then comes into the one queue.

A task has an id its cause makes (`<case>:step:<n>`), so that the same cause makes it once.  What became of its turn in the queue
is looked after as long as `in_line` is set; a crash in between is made good by the next look.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from contactd.clock import rfc3339
from contactd.core.errors import NotFoundError
from contactd.core.interaction import State
from contactd.crm_store import cursors
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import cluster, text
from contactd.crm_store.sight import Seen
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

KINDS = ("step", "follow_up", "approval", "quarantine", "campaign", "writeback")
HOUSE = "house"
"""The adapter by which the house's own work comes in."""
OPEN = ("waiting", "queued")
BATCH = 20
_SHOWN = (
    "id", "kind", "subject", "body", "party_id", "case_id", "step", "about_id", "owner", "line", "priority", "state",
    "interaction_id", "result",
)  # fmt: skip


def put(conn: WriteConn, ident: str, values: Mapping[str, Any], *, now: datetime, actor: str | None) -> None:
    """Make a task, or bring one that waits up to date; one that is over waits again.

    Args:
        conn: the unit's transaction.
        ident: the same cause, the same id.
        values: `kind, subject, due_at`, and of `body, party_id, case_id, step, about_id, owner, line, priority`.
        now: the moment.
        actor: who asks.
    """
    new = insert(s.task).values(id=ident, created_at=now, created_by=actor, **values)
    again = {name: value for name, value in values.items() if name != "kind"}
    # What stands in the queue goes on as it is; what was in it is let out first.
    may = and_(s.task.c.state != "queued", s.task.c.in_line.is_(False))
    fresh = {"state": "waiting", "ended_at": None, "ended_by": None, "result": ""}
    conn.execute(new.on_conflict_do_update(index_elements=["id"], set_={**again, **fresh}, where=may))


def end(conn: WriteConn, idents: Collection[str], state: str, *, now: datetime, actor: str | None) -> None:
    """End open tasks (`done` or `dropped`); their turns in the queue are taken out by the next look."""
    if idents:
        mine = (s.task.c.id.in_(idents), s.task.c.state.in_(OPEN))
        conn.execute(update(s.task).where(*mine).values(state=state, ended_at=now, ended_by=actor))


def forget(conn: WriteConn, about: ColumnElement[bool]) -> None:
    """Empty the tasks about somebody who is erased; nobody is to do them any more."""
    conn.execute(update(s.task).where(about, s.task.c.state.in_(OPEN)).values(state="dropped"))
    conn.execute(update(s.task).where(about).values(subject="", body="", result=""))


def open_of(conn: WriteConn, case: str, *kinds: str) -> dict[str, Any]:
    """Return id → row of a case's open tasks of some kinds."""
    query = select(s.task).where(s.task.c.case_id == case, s.task.c.state.in_(OPEN), s.task.c.kind.in_(kinds))
    return {row.id: row for row in conn.execute(query)}


def due(conn: Connection, now: datetime, but: Sequence[str] = ()) -> list[Any]:
    """Return tasks whose time has come, without those of `but`, each with the record its customer is kept under (`canonical`)."""
    query = (
        select(s.task, s.party.c.canonical_id.label("canonical"))
        .outerjoin(s.party, s.party.c.id == s.task.c.party_id)
        .where(s.task.c.state == "waiting", s.task.c.due_at <= now, s.task.c.in_line.is_(False))
        .where(s.task.c.id.not_in(but))
    )
    return list(conn.execute(query.order_by(s.task.c.due_at, s.task.c.id).limit(BATCH)))


def entered(conn: WriteConn, ident: str, interaction: str) -> None:
    """Note that a task stands in the queue as an interaction; one that ended meanwhile is taken out by the next look."""
    mine = (s.task.c.id == ident, s.task.c.in_line.is_(False))
    conn.execute(update(s.task).where(*mine).values(interaction_id=interaction, in_line=True, round=s.task.c.round + 1))
    conn.execute(update(s.task).where(s.task.c.id == ident, s.task.c.state == "waiting").values(state="queued"))


def unsettled(conn: Connection, but: Sequence[str] = ()) -> list[Any]:
    """Return tasks in the queue of which something is to be done: (id, …, `turn`, `outcome`, `agent`).

    Either the turn is over and the task is not settled by it, or the task is over and its turn still stands in the queue.
    Those of `but` are left alone.
    """
    turn = s.interaction
    query = (
        select(s.task, turn.c.state.label("turn"), turn.c.outcome, turn.c.agent)
        .join(turn, turn.c.id == s.task.c.interaction_id)
        .where(
            s.task.c.in_line.is_(True),
            s.task.c.id.not_in(but),
            or_(turn.c.state.in_(_OVER), s.task.c.state.not_in(OPEN)),
        )
    )
    return list(conn.execute(query.order_by(s.task.c.id).limit(BATCH)))


_OVER = (str(State.CLOSED), str(State.ABANDONED))


def let_go(conn: WriteConn, ident: str) -> bool:
    """Note that a task's turn in the queue is over and looked after; False when that was done before."""
    mine = (s.task.c.id == ident, s.task.c.in_line.is_(True))
    return conn.execute(update(s.task).where(*mine).values(in_line=False)).rowcount > 0


def unread(conn: Connection) -> list[Any]:
    """Return quarantined interactions nobody was asked to look at: (id, subject, raw_from)."""
    shelf = s.interaction
    asked = and_(s.task.c.about_id == shelf.c.id, s.task.c.kind == "quarantine")
    query = select(shelf.c.id, shelf.c.subject, shelf.c.raw_from).outerjoin(s.task, asked)
    query = query.where(shelf.c.state == str(State.QUARANTINED), s.task.c.id.is_(None))
    return list(conn.execute(query.order_by(shelf.c.id).limit(BATCH)))


def looked_through(conn: Connection) -> list[str]:
    """Return open tasks about something that is not in quarantine any more."""
    query = select(s.task.c.id).join(s.interaction, s.interaction.c.id == s.task.c.about_id)
    mine = (s.task.c.kind == "quarantine", s.task.c.state.in_(OPEN))
    return list(
        conn.execute(query.where(*mine, s.interaction.c.state != str(State.QUARANTINED)).limit(BATCH)).scalars()
    )


def listed(
    conn: Connection,
    *,
    filters: Mapping[str, str | None],
    seen: Seen = (),
    limit: int,
    cursor: str | None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of tasks, newest first.

    Args:
        conn: a reader's connection.
        filters: of `party, case, kind, state, owner, interaction`; `state=open` are those not over.
        seen: as `sight.of_parties`.
        limit: how many.
        cursor: where the last page ended.
    """
    query = select(s.task).where(*seen)
    columns = {
        "case": s.task.c.case_id,
        "kind": s.task.c.kind,
        "owner": s.task.c.owner,
        "interaction": s.task.c.interaction_id,
    }
    for name, column in columns.items():
        if filters.get(name) is not None:
            query = query.where(column == filters[name])
    if filters.get("party") is not None:
        query = query.where(s.task.c.party_id.in_(cluster(conn, str(filters["party"]))))
    state = filters.get("state")
    if state is not None:
        query = query.where(s.task.c.state.in_(OPEN) if state == "open" else s.task.c.state == state)
    query = cursors.after(query, cursor, s.task.c.created_at, s.task.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "created_at")
    return views(conn, rows), following


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return one task.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(s.task).where(s.task.c.id == ident)).first()
    if row is None:
        message = "there is no such task"
        raise NotFoundError(message)
    return views(conn, [row])[0]


def views(conn: Connection, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Shape tasks for the wire, with the names of their customers and cases."""
    kept = s.party.alias("kept")
    named = select(s.party.c.id, kept.c.display_name).join(kept, kept.c.id == s.party.c.canonical_id)
    names = {one.id: one.display_name for one in conn.execute(named.where(s.party.c.id.in_(_of(rows, "party_id"))))}
    numbered = select(s.case_.c.id, s.case_.c.no).where(s.case_.c.id.in_(_of(rows, "case_id")))
    numbers = {one.id: one.no for one in conn.execute(numbered)}
    return [
        {name: getattr(row, name) for name in _SHOWN}
        | {
            "party_name": names.get(row.party_id, ""),
            "case_no": numbers.get(row.case_id),
            "due_at": rfc3339(row.due_at),
            "created_at": rfc3339(row.created_at),
            "ended_at": text(row.ended_at),
        }
        for row in rows
    ]


def _of(rows: Sequence[Any], name: str) -> set[str]:
    return {getattr(row, name) for row in rows if getattr(row, name) is not None}

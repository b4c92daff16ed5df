"""Cases read: lists, the board, one with everything."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from contactd.clock import rfc3339
from contactd.core.case import CaseState
from contactd.core.errors import NotFoundError
from contactd.crm_store import cursors, promise_rows, sla_rows, task_rows, watch_rows
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import cluster, text
from contactd.crm_store.sight import Seen

OPEN = tuple(
    str(state) for state in (CaseState.NEW, CaseState.OPEN, CaseState.WAITING_CUSTOMER, CaseState.WAITING_INTERNAL)
)
COLUMN = 30
"""Cases shown in one column of the board."""
_SHOWN = (
    "id", "no", "type", "state", "stage", "priority", "severity", "subject", "party_id", "org_party_id", "assignee",
    "team_id", "escalation", "outside_ref", "reopened_n", "parent_id", "source_interaction_id", "template",
    "row_version",
)  # fmt: skip


def listed(
    conn: Connection,
    *,
    party: str | None = None,
    state: str | None = None,
    kind: str | None = None,
    assignee: str | None = None,
    watcher: str | None = None,
    news: bool = False,
    seen: Seen = (),
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of cases, newest first, and the next cursor.

    Args:
        conn: a reader's connection.
        party: any record of a customer.
        state: one, or `active` for all that are not over.
        kind: type of case.
        assignee: whose; `none` for nobody's.
        watcher: who follows; each item says how much is `unseen` by them.
        news: only those with something the watcher has not seen.
        seen: as `sight.cases`.
        limit: how many.
        cursor: where the last page ended.

    Raises:
        BadRequestError: the cursor or the limit is wrong.
    """
    query = select(s.case_).where(s.case_.c.deleted_at.is_(None), *seen)
    if party is not None:
        query = query.where(s.case_.c.party_id.in_(cluster(conn, party)))
    if state == "active":
        query = query.where(s.case_.c.state.in_(OPEN))
    elif state is not None:
        query = query.where(s.case_.c.state == state)
    if kind is not None:
        query = query.where(s.case_.c.type == kind)
    if assignee is not None:
        query = query.where(s.case_.c.assignee.is_(None) if assignee == "none" else s.case_.c.assignee == assignee)
    if watcher is not None:
        query = query.join(s.case_watcher, s.case_watcher.c.case_id == s.case_.c.id)
        query = query.where(s.case_watcher.c.agent_id == watcher)
        query = query.where(s.case_.c.id.in_(watch_rows.with_news(watcher))) if news else query
    query = cursors.after(query, cursor, s.case_.c.created_at, s.case_.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "created_at")
    items = _items(conn, rows)
    if watcher is not None:
        unseen = watch_rows.unseen(conn, watcher, [row.id for row in rows])
        items = [item | {"unseen": unseen.get(item["id"], 0)} for item in items]
    return items, following


def board(conn: Connection, *, assignee: str | None = None, kind: str | None = None, seen: Seen = ()) -> dict[str, Any]:
    """Return the columns of the board: for each state how many, and the first by what is due soonest."""
    columns = []
    for state in CaseState:
        mine = [s.case_.c.state == state, s.case_.c.deleted_at.is_(None), *seen]
        mine += [s.case_.c.assignee == assignee] if assignee else []
        mine += [s.case_.c.type == kind] if kind else []
        count = conn.execute(select(func.count()).where(*mine)).scalar_one()
        timer = s.sla_timer
        due = select(func.min(timer.c.due_at)).where(timer.c.case_id == s.case_.c.id, timer.c.met_at.is_(None))
        soonest = due.correlate(s.case_).scalar_subquery()
        query = select(s.case_).where(*mine)
        query = query.order_by(soonest.is_(None), soonest, s.case_.c.priority.desc(), s.case_.c.id).limit(COLUMN)
        columns.append({"state": str(state), "count": count, "items": _items(conn, list(conn.execute(query)))})
    return {"columns": columns}


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return a case by id or number, with events, clocks, links, parts, watchers, contacts and promises.

    Raises:
        NotFoundError: there is none.
    """
    asked = or_(s.case_.c.id == ident, s.case_.c.no == ident)
    row = conn.execute(select(s.case_).where(asked, s.case_.c.deleted_at.is_(None))).first()
    if row is None:
        message = "there is no such case"
        raise NotFoundError(message)
    contact = s.interaction
    contacts = conn.execute(
        select(
            contact.c.id,
            contact.c.channel,
            contact.c.direction,
            contact.c.subject,
            contact.c.state,
            contact.c.started_at,
        )
        .where(or_(contact.c.case_id == row.id, contact.c.id.in_(_told_of(row.id))))
        .order_by(contact.c.started_at.desc())
        .limit(COLUMN),
    )
    parts = conn.execute(select(s.case_).where(s.case_.c.parent_id == row.id).order_by(s.case_.c.created_at))
    return {
        **_items(conn, [row])[0],
        "body": row.body,
        "remedy": row.remedy,
        "cause_code": row.cause_code,
        "checklist": row.checklist,
        "custom": row.custom,
        "resolved_by": row.resolved_by,
        "events": _events(conn, row.id),
        "links": _links(conn, row.id),
        "parts": _items(conn, list(parts)),
        "watchers": list(
            conn.execute(select(s.case_watcher.c.agent_id).where(s.case_watcher.c.case_id == row.id)).scalars()
        ),
        "contacts": [one._asdict() | {"started_at": rfc3339(one.started_at)} for one in contacts],
        "promises": promise_rows.listed(conn, case=row.id),
        "tasks": task_rows.listed(conn, filters={"case": row.id, "state": "open"}, limit=COLUMN, cursor=None)[0],
    }


def _told_of(case: str) -> Select[Any]:
    """Return the contacts of which one topic among others was the case."""
    return select(s.interaction_topic.c.interaction_id).where(s.interaction_topic.c.case_id == case)


def _items(conn: Connection, rows: list[Any]) -> list[dict[str, Any]]:
    timers = sla_rows.timers(conn, [row.id for row in rows])
    kept = s.party.alias("kept")
    named = select(s.party.c.id, kept.c.display_name).join(kept, kept.c.id == s.party.c.canonical_id)
    parties = {row.party_id for row in rows if row.party_id}
    names = {one.id: one.display_name for one in conn.execute(named.where(s.party.c.id.in_(parties)))}
    people = {row.assignee for row in rows if row.assignee}
    agents = {
        one.id: one.display_name or one.name
        for one in conn.execute(
            select(s.agent.c.id, s.agent.c.display_name, s.agent.c.name).where(s.agent.c.id.in_(people))
        )
    }
    return [
        {name: getattr(row, name) for name in _SHOWN}
        | {
            "party_name": names.get(row.party_id or "", ""),
            "assignee_name": agents.get(row.assignee or "", ""),
            "created_at": text(row.created_at),
            "updated_at": text(row.updated_at),
            "closed_at": text(row.closed_at),
            "timers": timers[row.id],
        }
        for row in rows
    ]


def _events(conn: Connection, ident: str) -> list[dict[str, Any]]:
    event = s.case_event
    query = select(event, s.agent.c.display_name).outerjoin(s.agent, s.agent.c.id == event.c.actor)
    rows = conn.execute(query.where(event.c.case_id == ident).order_by(event.c.seq))
    return [
        {
            "seq": row.seq,
            "at": rfc3339(row.at),
            "type": row.type,
            "actor": row.display_name or row.actor,
            "text": row.text,
            "data": row.data,
        }
        for row in rows
    ]


def _links(conn: Connection, ident: str) -> list[dict[str, Any]]:
    table, other = s.case_link, s.case_.alias("other")
    found = []
    for here, there, way in ((table.c.from_case, table.c.to_case, "to"), (table.c.to_case, table.c.from_case, "from")):
        query = select(table.c.kind, other.c.id, other.c.no, other.c.subject).join(other, other.c.id == there)
        found += [one._asdict() | {"way": way} for one in conn.execute(query.where(here == ident))]
    return found

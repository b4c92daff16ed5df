"""Announcements: to whom, from when until when, who has read them, and who must before becoming ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update

from contactd.clock import rfc3339
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.crm_store import cursors
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

MOST_SHOWN = 100
"""Announcements that hold at once and are looked at."""
DIMENSIONS = ("roles", "lines", "teams")
_A, _READ = s.announcement, s.announcement_read


def create(conn: WriteConn, ident: str, values: Mapping[str, Any], *, now: datetime, actor: str) -> None:
    """Publish an announcement; from then on its words stay.

    Args:
        conn: the unit's transaction.
        ident: a new id.
        values: `title, body, audience {roles, lines, teams}, begins_at, ends_at, must`.
        now: the moment.
        actor: who says it.

    Raises:
        BadRequestError: it ends before it begins.
    """
    if values["ends_at"] is not None and values["ends_at"] <= values["begins_at"]:
        message = "ends_at lies after begins_at"
        raise BadRequestError(message, field="ends_at")
    conn.execute(insert(_A).values(id=ident, **values, created_at=now, created_by=actor))
    # Who wrote it has read it; a program has nothing to read.
    if conn.execute(select(s.agent.c.id).where(s.agent.c.id == actor)).first() is not None:
        conn.execute(insert(_READ).values(announcement_id=ident, agent_id=actor, at=now))


def withdraw(conn: WriteConn, ident: str, *, now: datetime, actor: str) -> None:
    """Show an announcement no more; that it was, and who read it, stays.

    Raises:
        NotFoundError: there is none that holds.
    """
    mine = (_A.c.id == ident, _A.c.withdrawn_at.is_(None))
    if conn.execute(update(_A).where(*mine).values(withdrawn_at=now, withdrawn_by=actor)).rowcount == 0:
        raise _nothing()


def confirm(conn: WriteConn, ident: str, agent: str, now: datetime) -> None:
    """Note that somebody has read an announcement; the first time counts.

    Raises:
        NotFoundError: there is none for them now.
    """
    if ident not in {one["id"] for one in of(conn.connection, agent, now)}:
        raise _nothing()
    conn.execute(insert(_READ).values(announcement_id=ident, agent_id=agent, at=now).on_conflict_do_nothing())


def of(conn: Connection, agent: str, now: datetime) -> list[dict[str, Any]]:
    """Return what is announced to somebody now, newest first, each with `read_at`."""
    people = _people(conn, agent)
    if not people:
        return []
    above = _above(conn)
    query = select(_A, _READ.c.at, s.agent.c.display_name).outerjoin(
        _READ, and_(_READ.c.announcement_id == _A.c.id, _READ.c.agent_id == agent)
    )
    query = query.outerjoin(s.agent, s.agent.c.id == _A.c.created_by)
    rows = conn.execute(query.where(*_holds(now)).order_by(_A.c.begins_at.desc(), _A.c.id.desc()).limit(MOST_SHOWN))
    return [_view(row) | {"read_at": text(row.at)} for row in rows if _meant(people[0], row.audience, above)]


def standing(conn: Connection, now: datetime) -> tuple[str, ...]:
    """Return which announcements hold now, newest first: another answer than before is news for those they mean."""
    query = select(_A.c.id).where(*_holds(now)).order_by(_A.c.begins_at.desc(), _A.c.id.desc()).limit(MOST_SHOWN)
    return tuple(conn.execute(query).scalars())


def unread(conn: Connection, agent: str, now: datetime) -> list[str]:
    """Return the announcements somebody must have read before they become ready, and has not."""
    query = select(_A.c.id).where(*_holds(now), _A.c.must).limit(1)
    # Asked whenever anybody becomes ready: mostly there is none for anybody.
    if conn.execute(query).first() is None:
        return []
    return [one["id"] for one in of(conn, agent, now) if one["must"] and one["read_at"] is None]


def listed(conn: Connection, *, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of all announcements, newest first, each with how many it means and how many of these have read it.

    Raises:
        BadRequestError: the cursor or the limit is wrong.
    """
    query = select(_A, s.agent.c.display_name).outerjoin(s.agent, s.agent.c.id == _A.c.created_by)
    query = cursors.after(query, cursor, _A.c.begins_at, _A.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "begins_at")
    people, above = _people(conn), _above(conn)
    read: dict[str, set[str]] = {}
    for one in conn.execute(select(_READ).where(_READ.c.announcement_id.in_([row.id for row in rows]))):
        read.setdefault(one.announcement_id, set()).add(one.agent_id)
    items = []
    for row in rows:
        meant = {one["id"] for one in people if _meant(one, row.audience, above)}
        items.append(_view(row) | {"meant": len(meant), "read": len(meant & read.get(row.id, set()))})
    return items, following


def readers(conn: Connection, ident: str) -> list[dict[str, Any]]:
    """Return everybody an announcement means, who has not read it first: `agent, name, read_at`.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(_A.c.audience).where(_A.c.id == ident)).first()
    if row is None:
        raise _nothing()
    read = {one.agent_id: one.at for one in conn.execute(select(_READ).where(_READ.c.announcement_id == ident))}
    above = _above(conn)
    found = [
        {"agent": one["id"], "name": one["name"], "read_at": text(read.get(one["id"]))}
        for one in _people(conn)
        if _meant(one, row.audience, above)
    ]
    return sorted(found, key=lambda one: (one["read_at"] is not None, one["read_at"] or "", one["name"]))


def _holds(now: datetime) -> tuple[Any, ...]:
    return (_A.c.withdrawn_at.is_(None), _A.c.begins_at <= now, or_(_A.c.ends_at.is_(None), _A.c.ends_at > now))


def _people(conn: Connection, agent: str | None = None) -> list[dict[str, Any]]:
    """Return those who are here, or one of them: id, name, role, team, lines."""
    table, member = s.agent, s.agent_line
    query = select(table).where(table.c.disabled.is_(False)).order_by(table.c.display_name, table.c.id)
    query = query if agent is None else query.where(table.c.id == agent)
    rows = conn.execute(query).all()
    lines: dict[str, set[str]] = {}
    for one in conn.execute(select(member) if agent is None else select(member).where(member.c.agent_id == agent)):
        lines.setdefault(one.agent_id, set()).add(one.line)
    return [
        {"id": row.id, "name": row.display_name or row.name, "role": row.role, "team": row.team}
        | {"lines": lines.get(row.id, set())}
        for row in rows
    ]


def _above(conn: Connection) -> dict[str, str | None]:
    return {row.id: row.parent_id for row in conn.execute(select(s.team.c.id, s.team.c.parent_id))}


def _meant(person: Mapping[str, Any], audience: Mapping[str, Sequence[str]], above: Mapping[str, str | None]) -> bool:
    """Tell whether somebody is in one of each list that is not empty; who is in a team is in those above it."""
    roles, lines, teams = (set(audience.get(name, ())) for name in DIMENSIONS)
    if roles and person["role"] not in roles:
        return False
    if lines and "*" not in person["lines"] and not lines & person["lines"]:
        return False
    return not teams or bool(teams & _teams(person["team"], above))


def _teams(team: str | None, above: Mapping[str, str | None]) -> set[str]:
    found: set[str] = set()
    while team is not None and team not in found:
        found.add(team)
        team = above.get(team)
    return found


def _view(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "body": row.body,
        "audience": {name: row.audience.get(name, []) for name in DIMENSIONS},
        "begins_at": rfc3339(row.begins_at),
        "ends_at": text(row.ends_at),
        "must": row.must,
        "by": row.created_by,
        "by_name": row.display_name or "",
        "withdrawn_at": text(row.withdrawn_at),
    }


def _nothing() -> NotFoundError:
    message = "there is no such announcement"
    return NotFoundError(message)

"""What somebody who leaves holds, given to another in one unit, and given back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, insert, literal, or_, select, update

from contactd.clock import rfc3339
from contactd.core.case import OVER
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import agents, case_rows, task_rows
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text
from contactd.crm_store.write_conn import WriteConn

SOME = 20
"""Things of a kind that a preview names."""
CONTACT = "contact"
IN_HAND = ("active", "held", "parked")
WAITING = "queued"


@dataclass(frozen=True, slots=True)
class Sort:
    """Things of one sort that people hold."""

    table: Table
    key: str
    owner: str
    label: str
    live: ColumnElement[bool]
    """Which of them still matter."""
    versioned: bool = False
    """Others see that it was changed while they edited it."""

    def held(self, agent: str) -> tuple[ColumnElement[bool], ...]:
        """Say which are an agent's."""
        return (self.table.c[self.owner] == agent, self.live)


SORTS: dict[str, Sort] = {
    "customer": Sort(s.party, "id", "owner_id", "display_name", s.party.c.deleted_at.is_(None), versioned=True),
    "case": Sort(
        s.case_,
        "id",
        "assignee",
        "subject",
        s.case_.c.state.not_in([str(state) for state in OVER]) & s.case_.c.deleted_at.is_(None),
        versioned=True,
    ),
    "promise": Sort(s.promise, "id", "owner", "text", s.promise.c.ended_at.is_(None)),
    "task": Sort(s.task, "id", "owner", "subject", s.task.c.state.in_(task_rows.OPEN)),
    "draft": Sort(s.draft, "interaction_id", "agent", "interaction_id", literal(1) == 1),
    "record": Sort(
        s.record, "id", "owner", "title", s.record.c.source.is_(None) & s.record.c.deleted_at.is_(None), versioned=True
    ),
    "letter": Sort(s.outbox, "id", "agent", "destination", s.outbox.c.state.in_(("queued", "held"))),
    "thread": Sort(s.thread, "id", "last_agent", "subject", literal(1) == 1),
}
"""Kind → where it stands; contacts in hand go by the router."""


def holdings(conn: Connection, agent: str) -> list[dict[str, Any]]:
    """Return what somebody holds, by kind: `kind, count, some: [{id, label}]`.

    Raises:
        NotFoundError: there is no such person.
    """
    agents.get(conn, agent)
    found = []
    for kind, sort in SORTS.items():
        mine = sort.held(agent)
        count = conn.execute(select(func.count()).select_from(sort.table).where(*mine)).scalar_one()
        some = select(sort.table.c[sort.key].label("id"), sort.table.c[sort.label].label("label")).where(*mine)
        rows = conn.execute(some.order_by(sort.table.c[sort.key]).limit(SOME))
        found.append({"kind": kind, "count": count, "some": [row._asdict() for row in rows]})
    contacts = conn.execute(in_hand(agent)).all()
    named = [{"id": row.id, "label": row.subject or row.raw_from} for row in contacts[:SOME]]
    return [*found, {"kind": CONTACT, "count": len(contacts), "some": named}]


def in_hand(agent: str) -> Select[Any]:
    """Return the contacts that can go on with another: somebody has them in hand, or they wait for somebody by name.

    Where they wait is the router's to say: it is told, and writes it down itself.  Nobody waits on the line of any of them.
    """
    table, stands = s.interaction, s.interaction_routing
    held = and_(table.c.agent == agent, table.c.state.in_(IN_HAND))
    waits = and_(stands.c.preferred_agent == agent, table.c.state == WAITING)
    query = select(table.c.id, table.c.subject, table.c.raw_from).outerjoin(
        stands, stands.c.interaction_id == table.c.id
    )
    return query.where(or_(held, waits), table.c.live.is_(False)).order_by(table.c.id)


def hand_over(
    conn: WriteConn, ident: str, leaver: str, heir: str, *, reason: str, now: datetime, actor: str
) -> list[str]:
    """Give everything somebody holds to another, and write down what; return the contacts in hand, for the router.

    Raises:
        NotFoundError: one of the two is not there.
        BadRequestError: the heir is the leaver, or has left.
    """
    gone = _check(conn, leaver, heir)
    row = {"id": ident, "leaver": leaver, "heir": heir, "reason": reason, "at": now, "by": actor, "kept": []}
    row["was_disabled"] = gone
    conn.execute(insert(s.handover).values(row))
    for kind, sort in SORTS.items():
        _note(conn, ident, kind, select(sort.table.c[sort.key]).where(*sort.held(leaver)))
        if kind == "case":
            _tell_cases(conn, ident, leaver, heir, now, actor)
        _give(conn, sort, _items(ident, kind), leaver, heir, now, actor)
    contacts = [row.id for row in conn.execute(in_hand(leaver))]
    _note(conn, ident, CONTACT, select(s.interaction.c.id).where(s.interaction.c.id.in_(contacts)))
    return contacts


def undo(conn: WriteConn, ident: str, *, now: datetime, actor: str) -> dict[str, Any]:
    """Give back what nobody has given on since; what somebody has stays, and is named in `kept`.

    Contacts that were in hand are with whoever took them up; they are named, too.

    Raises:
        NotFoundError: there is no such handover.
        ConflictError: it is undone already (code `settled`).
    """
    op = conn.execute(select(s.handover).where(s.handover.c.id == ident).with_for_update()).first()
    if op is None:
        message = "there is no such handover"
        raise NotFoundError(message)
    if op.undone_at is not None:
        message = "this was undone already"
        raise ConflictError(message, code="settled")
    kept = []
    for kind, sort in SORTS.items():
        moved = sort.table.c[sort.owner].is_distinct_from(op.heir)
        key = sort.table.c[sort.key]
        stays = select(key.label("id"), sort.table.c[sort.owner].label("now")).where(
            key.in_(_items(ident, kind)), moved
        )
        kept += [{"kind": kind, **row._asdict()} for row in conn.execute(stays.order_by(key).limit(1000))]
        if kind == "case":
            _tell_cases(conn, ident, op.heir, op.leaver, now, actor)
        _give(conn, sort, _items(ident, kind), op.heir, op.leaver, now, actor)
    contacts = conn.execute(
        select(s.interaction.c.id, s.interaction.c.agent.label("now")).where(
            s.interaction.c.id.in_(_items(ident, CONTACT))
        )
    )
    kept += [{"kind": CONTACT, **row._asdict()} for row in contacts]
    done = {"undone_at": now, "undone_by": actor, "kept": kept}
    conn.execute(update(s.handover).where(s.handover.c.id == ident).values(done))
    return view(conn.connection, ident)


def listed(conn: Connection, limit: int = 50) -> list[dict[str, Any]]:
    """Return the latest handovers, newest first."""
    rows = conn.execute(select(s.handover.c.id).order_by(s.handover.c.at.desc(), s.handover.c.id.desc()).limit(limit))
    return [view(conn, row.id) for row in rows]


def view(conn: Connection, ident: str) -> dict[str, Any]:
    """Return a handover with how much of each kind it was.

    Raises:
        NotFoundError: there is none.
    """
    op = conn.execute(select(s.handover).where(s.handover.c.id == ident)).first()
    if op is None:
        message = "there is no such handover"
        raise NotFoundError(message)
    item = s.handover_item
    counted = select(item.c.kind, func.count().label("n")).where(item.c.handover_id == ident).group_by(item.c.kind)
    names = select(s.agent.c.id, s.agent.c.name, s.agent.c.display_name).where(s.agent.c.id.in_([op.leaver, op.heir]))
    shown = {row.id: row.display_name or row.name for row in conn.execute(names)}
    return {
        "id": op.id,
        "leaver": op.leaver,
        "leaver_name": shown.get(op.leaver, op.leaver),
        "heir": op.heir,
        "heir_name": shown.get(op.heir, op.heir),
        "reason": op.reason,
        "at": rfc3339(op.at),
        "by": op.by,
        "counts": {row.kind: row.n for row in conn.execute(counted)},
        "undone_at": text(op.undone_at),
        "kept": op.kept,
    }


def may_return(conn: Connection, ident: str) -> bool:
    """Tell whether undoing this handover lets the leaver log in again: it was what ended the account, and they left by no other."""
    op = conn.execute(select(s.handover).where(s.handover.c.id == ident)).one()
    other = select(s.handover.c.id).where(
        s.handover.c.leaver == op.leaver, s.handover.c.id != ident, s.handover.c.undone_at.is_(None)
    )
    return not op.was_disabled and conn.execute(other.limit(1)).first() is None


def _check(conn: WriteConn, leaver: str, heir: str) -> bool:
    """See that one can take over from the other; return whether the leaver's account had ended before."""
    leaving = agents.get(conn.connection, leaver)
    taking: Mapping[str, Any] = agents.get(conn.connection, heir)
    if leaver == heir or taking["disabled"]:
        message = "name a colleague who stays"
        raise BadRequestError(message, field="heir")
    return bool(leaving["disabled"])


def _items(ident: str, kind: str) -> Select[Any]:
    item = s.handover_item
    return select(item.c.ref_id).where(item.c.handover_id == ident, item.c.kind == kind)


def _note(conn: WriteConn, ident: str, kind: str, keys: Select[Any]) -> None:
    """Write down the things of a kind, in one statement however many they are."""
    (key,) = keys.selected_columns
    rows = keys.with_only_columns(literal(ident), literal(kind), key, maintain_column_froms=True)
    conn.execute(insert(s.handover_item).from_select(["handover_id", "kind", "ref_id"], rows))


def _give(conn: WriteConn, sort: Sort, items: Select[Any], before: str, after: str, now: datetime, actor: str) -> None:
    """Give things to another, but for those somebody has given on."""
    table = sort.table
    values: dict[str, Any] = {sort.owner: after}
    if sort.versioned:
        values |= {"updated_at": now, "updated_by": actor, "row_version": table.c.row_version + 1}
    mine = (table.c[sort.key].in_(items), table.c[sort.owner] == before)
    conn.execute(update(table).where(*mine).values(values))


def _tell_cases(conn: WriteConn, ident: str, before: str, after: str, now: datetime, actor: str) -> None:
    """Let each case's history say who has it now."""
    mine = (s.case_.c.id.in_(_items(ident, "case")), s.case_.c.assignee == before)
    for case in conn.execute(select(s.case_.c.id).where(*mine)).scalars().all():
        case_rows.add_event(conn, case, now, "changed", actor, data={"assignee": [before, after]})

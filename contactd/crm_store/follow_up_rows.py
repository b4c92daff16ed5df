"""Follow-up lists (回访): customers to be asked, named or found by their closed cases, as tasks that come one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from contactd.core.errors import BadRequestError, BusyError, NotFoundError
from contactd.crm_store import barred_rows, task_rows
from contactd.crm_store import schema as s
from contactd.crm_store.sight import Seen
from contactd.crm_store.write_conn import WriteConn

MOST = 1000
"""Tasks of one list."""
MOST_WAITING = 5000
"""Tasks of lists that one person or program may have waiting: more is a queue nobody can work through."""
TOP_PRIORITY = 5
"""Nobody waits for a list, so it never goes before those who do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked, from when on, by whom."""

    subject: str
    body: str
    due_at: datetime
    apart_s: float
    line: str | None
    owner: str | None
    priority: int


Whom = list[tuple[str, str | None]]
"""Records of customers, each with the case it is about."""


def named(conn: WriteConn, parties: Sequence[str]) -> Whom:
    """Return the customers of these records.

    Raises:
        NotFoundError: there is no such customer.
    """
    rows = conn.execute(select(s.party.c.id, s.party.c.canonical_id).where(s.party.c.id.in_(parties)))
    kept = {row.id: row.canonical_id for row in rows}
    for place, ident in enumerate(parties):
        if ident not in kept:
            message = "there is no such customer"
            raise NotFoundError(message, field=f"parties.{place}")
    return [(kept[ident], None) for ident in parties]


def closed(conn: WriteConn, kind: str | None, after: datetime, before: datetime, *, seen: Seen = ()) -> Whom:
    """Return the customers of cases closed between two moments, the latest case of each; `seen`: as `sight.of_closed`.

    Raises:
        BadRequestError: they are more than fit on one list.
    """
    case = s.case_
    query = (
        select(case.c.id, s.party.c.canonical_id)
        .join(s.party, s.party.c.id == case.c.party_id)
        .where(case.c.closed_at >= after, case.c.closed_at <= before, case.c.deleted_at.is_(None), *seen)
    )
    if kind is not None:
        query = query.where(case.c.type == kind)
    rows = conn.execute(query.order_by(case.c.closed_at.desc(), case.c.id).limit(MOST + 1)).all()
    if len(rows) > MOST:
        message = f"these are more than {MOST}: take a shorter time"
        raise BadRequestError(message, field="cases")
    return [(row.canonical_id, row.id) for row in rows]


def make(
    conn: WriteConn, batch: str, asking: Asking, whom: Whom, *, now: datetime, actor: str
) -> tuple[list[str], list[dict[str, str]]]:
    """Make a task for each customer, one after another; return their ids, and who was left out with the reason.

    Left out is who asked not to be called, or does not want service calls.

    Raises:
        BusyError: whoever asks would have too many waiting (code `quota`).
    """
    first: dict[str, str | None] = {}
    for party, case in whom:
        first.setdefault(party, case)
    barred = barred_rows.barred(conn.connection, list(first), now)
    first = {party: case for party, case in first.items() if party not in barred}
    _refuse_flood(conn, len(first), actor)
    made = []
    for place, (party, case) in enumerate(first.items()):
        values = {
            "kind": "follow_up",
            "subject": asking.subject,
            "body": asking.body,
            "party_id": party,
            "case_id": case,
            "due_at": asking.due_at + timedelta(seconds=asking.apart_s * place),
            "owner": asking.owner,
            "line": asking.line,
            "priority": asking.priority,
        }
        made.append(f"{batch}:{place}")
        task_rows.put(conn, made[-1], values, now=now, actor=actor)
    return made, [{"party_id": party, "reason": why} for party, why in barred.items()]


def _refuse_flood(conn: WriteConn, more: int, actor: str) -> None:
    """Refuse a list with which one person or program would have too many tasks waiting."""
    mine = (s.task.c.state.in_(task_rows.OPEN), s.task.c.created_by == actor, s.task.c.kind == "follow_up")
    there = int(conn.execute(select(func.count()).where(*mine)).scalar_one())
    if there + more > MOST_WAITING:
        message = f"{there} tasks of your lists wait already, and {MOST_WAITING} are the most"
        raise BusyError(message, code="quota", field="parties")

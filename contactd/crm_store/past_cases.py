"""Cases of the past: with their numbers, times and history, but no clocks, tasks or rules; from now on worked on like any other."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import bindparam, delete, exists, or_, select

from contactd.core.case import STAGES, CaseState, CaseType
from contactd.core.newcomer import Problem
from contactd.core.numbering import BUILT_IN
from contactd.core.past import Past
from contactd.crm_store import case_rows, due_rows, number_rows, past_customers, search_docs
from contactd.crm_store import schema as s
from contactd.crm_store.import_rows import CREATED, UNCHANGED, Errand, Outcome
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

CASE = "case"
_OURS = re.compile(r"C-(\d{1,15})")
_BY_NUMBER = hot(select(s.case_.c.id).where(s.case_.c.no == bindparam("no")))


def take(conn: WriteConn, row: Past, errand: Errand, outcome: Outcome) -> Problem | None:
    """Take one case over; one that is there already stays as it is."""
    key = row.key or row.said("no")
    there = past_customers.known(conn, CASE, errand.options.system, key)
    if there is not None:
        outcome.status, outcome.object = UNCHANGED, there
        return None
    number = row.said("no")
    if number and conn.one(_BY_NUMBER, no=number) is not None:
        return Problem("no", "number_taken", number)
    found = past_customers.customer(conn, row, errand)
    if isinstance(found, Problem):
        return found
    ident = errand.new_id()
    _write(
        conn,
        ident,
        number or number_rows.give(conn, BUILT_IN[CASE], s.case_.c.no, errand.at),
        row,
        found[1].party,
        errand,
    )
    past_customers.remember(conn, CASE, ident, key, errand)
    due_rows.mark(conn, due_rows.INDEX_CASE, ident, errand.at)
    outcome.status, outcome.object, outcome.version = CREATED, ident, 1
    return None


def _write(conn: WriteConn, ident: str, number: str, row: Past, party: str | None, errand: Errand) -> None:
    """Write a case with its history."""
    ours = _OURS.fullmatch(number)
    if ours is not None:
        number_rows.go_on_behind(conn, BUILT_IN[CASE], int(ours[1]), errand.at)
    closed = row.values.get("closed")
    resolved = row.values.get("resolved") or closed
    usual = CaseState.CLOSED if closed else CaseState.RESOLVED if resolved else CaseState.OPEN
    state = row.values.get("state") or usual
    over = state in (CaseState.RESOLVED, CaseState.CLOSED)
    kind = row.values.get("type") or CaseType.INQUIRY
    told = [one.at for one in row.history if one.at is not None]
    last = max([one for one in (row.at, resolved, closed, *told) if one is not None], default=errand.at)
    conn.execute(
        insert(s.case_).values(
            id=ident,
            no=number,
            type=kind,
            state=state,
            stage=STAGES[0] if kind == CaseType.COMPLAINT else None,
            priority=row.values.get("priority") or 0,
            subject=row.said("subject"),
            body=row.said("body"),
            remedy=row.said("remedy"),
            cause_code=row.said("cause") or None,
            outside_ref=row.said("outside") or row.key,
            party_id=party,
            assignee=row.values.get("own_agent"),
            checklist=[],
            created_at=row.at,
            created_by=errand.by,
            updated_at=min(last, errand.at),
            updated_by=errand.by,
            resolved_at=(resolved or last) if over else None,
            closed_at=(closed or last) if state == CaseState.CLOSED else None,
        )
    )
    assert row.at is not None  # noqa: S101 - a row without it has a problem
    about = {"import": errand.job, "system": errand.options.system, "assignee": row.agent or ""}
    case_rows.add_event(conn, ident, row.at, "imported", errand.by, data=about)
    at = row.at
    for one in row.history:
        # What has no time of its own came after the one before it.
        at = one.at or at
        case_rows.add_event(conn, ident, at, "note", errand.by, one.text, {"by": one.actor} if one.actor else {})


def in_use(conn: WriteConn, row: Any) -> list[str]:
    """Tell why a case of the past has to stay: somebody has worked on it, or something belongs to it."""
    found = conn.execute(select(s.case_).where(s.case_.c.id == row.object_id)).one()
    reasons = ["changed"] if found.row_version != row.row_version else []
    ident = row.object_id
    if conn.execute(select(exists().where(s.interaction.c.case_id == ident))).scalar():
        reasons.append("contacts")
    linked = or_(s.case_link.c.from_case == ident, s.case_link.c.to_case == ident)
    if conn.execute(select(exists().where(linked))).scalar():
        reasons.append("links")
    tables = (s.case_watcher, s.sla_timer, s.task, s.promise)
    if any(conn.execute(select(exists().where(table.c.case_id == ident))).scalar() for table in tables):
        reasons.append("changed")
    return list(dict.fromkeys(reasons))


def strike(conn: WriteConn, ident: str) -> None:
    """Take a case of the past out again."""
    search_docs.forget_cases(conn, [ident])
    conn.execute(delete(s.due).where(s.due.c.kind == due_rows.INDEX_CASE, s.due.c.ref == ident))
    conn.execute(delete(s.case_event).where(s.case_event.c.case_id == ident))
    conn.execute(delete(s.external_id).where(s.external_id.c.ref_kind == CASE, s.external_id.c.ref_id == ident))
    conn.execute(delete(s.case_).where(s.case_.c.id == ident))

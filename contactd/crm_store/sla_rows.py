"""The clocks of cases: begun, paused, met, watched; and why each ends when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from contactd.clock import from_ms, rfc3339, to_ms
from contactd.core import sla
from contactd.core.calendar import Calendar
from contactd.core.case import PAUSED, Move
from contactd.core.case_plan import CasePlan
from contactd.core.errors import NotFoundError
from contactd.core.sla import FIRST_RESPONSE, RESOLUTION, Timer
from contactd.crm_store import coverage_rows
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

__all__ = ["FIRST_RESPONSE", "RESOLUTION"]

BATCH = 20


def begin(
    conn: WriteConn, case: str, kind: str, priority: int, plan: CasePlan, now: datetime, level: str | None = None
) -> None:
    """Begin a case's clocks: until the first answer, and until it is resolved; by the contract of a `level` that covers it."""
    first, whole, name = plan.promised(kind, priority, level)
    for target, span in ((FIRST_RESPONSE, first), (RESOLUTION, whole)):
        timer = sla.start(span, to_ms(now))
        row = {"id": f"{case}:{target}", "case_id": case, "target": target, "calendar": name, "started_at": now}
        conn.execute(insert(s.sla_timer).values(**row, **_columns(timer, plan.calendars.get(name or ""))))


def retarget(conn: WriteConn, case: str, kind: str, priority: int, plan: CasePlan, now: datetime) -> None:
    """Give running clocks the spans of another type or priority; what was used up counts."""
    first, whole, _calendar = plan.promised(kind, priority, coverage_rows.level_of(conn.connection, case))
    spans = {FIRST_RESPONSE: first, RESOLUTION: whole}
    for row, timer in _open(conn, case):
        changed = Timer(span=spans[row.target], spent=timer.spent, since=timer.since)
        calendar = plan.calendars.get(row.calendar or "")
        late = None if _ahead(changed, calendar, now) else row.breached_at
        _store(conn, row.id, changed, calendar, breached_at=late)


def follow(conn: WriteConn, case: str, step: Move, calendars: Mapping[str, Calendar], now: datetime) -> None:
    """Let the clocks follow a case's state: they stand while it is the customer's turn, and are met at the end."""
    if step.reopens:
        _run_again(conn, case, calendars, now)
        return
    for row, timer in _open(conn, case):
        calendar = calendars.get(row.calendar or "")
        if step.resolves or step.closes:
            _store(conn, row.id, sla.pause(timer, to_ms(now), calendar), calendar, met_at=now)
        elif step.state in PAUSED and row.target == RESOLUTION and timer.since is not None:
            pauses = [*row.pauses, [to_ms(now), None, str(step.state)]]
            _store(conn, row.id, sla.pause(timer, to_ms(now), calendar), calendar, pauses=pauses)
        elif step.state not in PAUSED and timer.since is None:
            pauses = [*row.pauses[:-1], [*row.pauses[-1][:1], to_ms(now), row.pauses[-1][2]]] if row.pauses else []
            _store(conn, row.id, sla.resume(timer, to_ms(now)), calendar, pauses=pauses)


def meet(conn: WriteConn, case: str, target: str, now: datetime) -> None:
    """Note that a target is met."""
    table = s.sla_timer
    mine = (table.c.case_id == case, table.c.target == target, table.c.met_at.is_(None))
    conn.execute(update(table).where(*mine).values(met_at=now, since=None, due_at=None))


def breached(conn: WriteConn, now: datetime) -> list[tuple[str, str, str]]:
    """Note the clocks that ran out; return (case, its number, target) of each."""
    table = s.sla_timer
    late = (table.c.due_at <= now, table.c.met_at.is_(None), table.c.breached_at.is_(None))
    query = select(table.c.id, table.c.case_id, table.c.target, s.case_.c.no).join(
        s.case_, s.case_.c.id == table.c.case_id
    )
    rows = conn.execute(query.where(*late).order_by(table.c.due_at).limit(BATCH)).all()
    for row in rows:
        conn.execute(update(table).where(table.c.id == row.id).values(breached_at=now))
    return [(row.case_id, row.no, row.target) for row in rows]


def timers(conn: Connection, cases: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Return case → its clocks, for the wire."""
    found: dict[str, list[dict[str, Any]]] = {one: [] for one in cases}
    for row in conn.execute(select(s.sla_timer).where(s.sla_timer.c.case_id.in_(cases)).order_by(s.sla_timer.c.id)):
        found[row.case_id].append(
            {
                "target": row.target,
                "state": _state(row),
                "due_at": rfc3339(row.due_at) if row.due_at else None,
                "met_at": rfc3339(row.met_at) if row.met_at else None,
                "breached_at": rfc3339(row.breached_at) if row.breached_at else None,
                "span_s": row.span_ms / 1000,
                "spent_s": row.spent_ms / 1000,
            },
        )
    return found


def why(conn: Connection, case: str, plan: CasePlan) -> list[dict[str, Any]]:
    """Say of each clock why it ends when it ends: its contract, span, pauses, and the stretches of open time it is made of.

    Raises:
        NotFoundError: the case has none.
    """
    rows = conn.execute(select(s.sla_timer).where(s.sla_timer.c.case_id == case).order_by(s.sla_timer.c.id)).all()
    if not rows:
        message = "there is no such case"
        raise NotFoundError(message)
    by = coverage_rows.told(conn, case, plan.terms)
    return [_explained(row, plan.calendars.get(row.calendar or "")) | by for row in rows]


def _explained(row: Any, calendar: Calendar | None) -> dict[str, Any]:
    timer = _timer(row)
    due = calendar.why(timer.since, max(timer.span - timer.spent, 0)) if calendar and timer.since is not None else None
    return {
        "target": row.target,
        "state": _state(row),
        "calendar": row.calendar,
        "started_at": rfc3339(row.started_at),
        "span_s": row.span_ms / 1000,
        "spent_s": row.spent_ms / 1000,
        "due_at": rfc3339(row.due_at) if row.due_at else None,
        "pauses": [
            {"from": rfc3339(from_ms(begin)), "to": rfc3339(from_ms(end)) if end else None, "reason": reason}
            for begin, end, reason in row.pauses
        ],
        "stretches": [
            {"from": rfc3339(from_ms(one.begin)), "to": rfc3339(from_ms(one.end))}
            for one in sla.pieces(timer, calendar)
        ],
        "passed_over": [
            {"day": day.isoformat(), "kind": about.kind, "name": dict(about.name), "estimated": about.estimated}
            for day, about in (due.passed_over if due else ())
        ],
    }


def _open(conn: WriteConn, case: str) -> list[tuple[Any, Timer]]:
    query = select(s.sla_timer).where(s.sla_timer.c.case_id == case, s.sla_timer.c.met_at.is_(None))
    return [(row, _timer(row)) for row in conn.execute(query.order_by(s.sla_timer.c.id))]


def _run_again(conn: WriteConn, case: str, calendars: Mapping[str, Calendar], now: datetime) -> None:
    """Let the clock of the resolution run on after a reopening: time between resolved and reopened does not count."""
    table = s.sla_timer
    row = conn.execute(select(table).where(table.c.case_id == case, table.c.target == RESOLUTION)).first()
    if row is not None and row.met_at is not None:
        pauses = [*row.pauses, [to_ms(row.met_at), to_ms(now), "resolved"]]
        calendar = calendars.get(row.calendar or "")
        _store(conn, row.id, sla.resume(_timer(row), to_ms(now)), calendar, met_at=None, pauses=pauses)


def _ahead(timer: Timer, calendar: Calendar | None, now: datetime) -> bool:
    due = sla.due(timer, calendar)
    return due is None or due > to_ms(now)


def _timer(row: Any) -> Timer:
    return Timer(span=row.span_ms, spent=row.spent_ms, since=to_ms(row.since) if row.since else None)


def _columns(timer: Timer, calendar: Calendar | None) -> dict[str, Any]:
    due = sla.due(timer, calendar)
    return {
        "span_ms": timer.span,
        "spent_ms": timer.spent,
        "since": from_ms(timer.since) if timer.since is not None else None,
        "due_at": from_ms(due) if due is not None else None,
    }


def _store(conn: WriteConn, ident: str, timer: Timer, calendar: Calendar | None, **more: Any) -> None:
    conn.execute(update(s.sla_timer).where(s.sla_timer.c.id == ident).values(**_columns(timer, calendar), **more))


def _state(row: Any) -> str:
    if row.met_at is not None:
        return "late" if row.breached_at is not None else "met"
    if row.breached_at is not None:
        return "breached"
    return "running" if row.since is not None else "paused"

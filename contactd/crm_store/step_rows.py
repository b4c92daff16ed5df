"""What is to be done in a case: its checklist, and the tasks that its steps, its closing and its aftermath make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contactd.clock import from_ms, parse_rfc3339, rfc3339, to_ms
from contactd.core.case import OVER, CaseState, CaseType
from contactd.core.case_plan import CasePlan, Template
from contactd.core.errors import ConflictError
from contactd.crm_store import schema as s
from contactd.crm_store import task_rows
from contactd.crm_store.write_conn import WriteConn

MOST = 100
"""Steps of one case."""


def of_template(template: Template, kind: str, plan: CasePlan, now: datetime) -> list[dict[str, Any]]:
    """Return the checklist a template makes, with the moments its steps are due."""
    return [
        {
            "text": step.text,
            "done": False,
            "required": step.required,
            "line": step.line,
            "due_at": None if step.after_ms is None else rfc3339(from_ms(plan.due(kind, to_ms(now), step.after_ms))),
        }
        for step in template.steps
    ]


def numbered(checklist: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give each step of a checklist an id by which its task is known."""
    used = {step.get("id") for step in checklist}
    free = (f"s{n}" for n in range(1, 2 * MOST + 2) if f"s{n}" not in used)
    seen: set[str] = set()
    steps = []
    for step in checklist:
        ident = step.get("id")
        if not ident or ident in seen:
            ident = next(free)
        seen.add(ident)
        steps.append({**step, "id": ident})
    return steps


def fits(step: Any) -> bool:
    """Tell whether something is a step of a checklist."""
    if not isinstance(step, dict) or not isinstance(step.get("text"), str) or not isinstance(step.get("done"), bool):
        return False
    return _is_moment(step.get("due_at")) and all(
        value is None or isinstance(value, str) for value in (step.get("id"), step.get("line"))
    )


def _is_moment(value: Any) -> bool:
    if value is None:
        return True
    try:
        return isinstance(value, str) and bool(parse_rfc3339(value))
    except ValueError:
        return False


def refuse_undone(case: Any) -> None:
    """Let a case be resolved only when its required steps are done.

    Raises:
        ConflictError: one is not (code `open_steps`).
    """
    undone = [step["text"] for step in case.checklist if step.get("required") and not step["done"]]
    if undone:
        message = f"{undone[0]} is still to be done"
        raise ConflictError(message, code="open_steps", details={"steps": undone})


def follow(conn: WriteConn, ident: str, plan: CasePlan, *, now: datetime, actor: str | None) -> None:
    """Let the tasks of a case follow what it has become: steps that are due, and who is to close it."""
    case = conn.execute(select(s.case_).where(s.case_.c.id == ident)).one()
    wanted = {} if case.state in OVER else _steps(case, plan)
    done = {f"{ident}:step:{step['id']}" for step in case.checklist if step["done"] and step.get("id")}
    here = task_rows.open_of(conn, ident, "step")
    task_rows.end(conn, here.keys() & done, "done", now=now, actor=actor)
    task_rows.end(conn, here.keys() - wanted.keys() - done, "dropped", now=now, actor=actor)
    for task, values in wanted.items():
        task_rows.put(conn, task, values, now=now, actor=actor)
    _approval(conn, case, plan, now=now, actor=actor)


def _steps(case: Any, plan: CasePlan) -> dict[str, dict[str, Any]]:
    """Return the tasks of a case's undone steps that have a time."""
    return {
        f"{case.id}:step:{step['id']}": {
            **_about(case),
            "kind": "step",
            "subject": step["text"],
            "step": step["id"],
            "due_at": parse_rfc3339(step["due_at"]),
            "owner": case.assignee,
            "line": step.get("line") or plan.line_of("step"),
        }
        for step in case.checklist
        if not step["done"] and step.get("due_at") and step.get("id")
    }


def _approval(conn: WriteConn, case: Any, plan: CasePlan, *, now: datetime, actor: str | None) -> None:
    """Ask somebody to close a complaint that is resolved; the question ends with the state."""
    line = plan.line_of("approval")
    here = task_rows.open_of(conn, case.id, "approval")
    if case.state != CaseState.RESOLVED:
        task_rows.end(conn, here, "done" if case.state == CaseState.CLOSED else "dropped", now=now, actor=actor)
    elif line is not None and case.type == CaseType.COMPLAINT and not here:
        values = {**_about(case), "kind": "approval", "subject": case.subject, "due_at": now, "line": line}
        task_rows.put(conn, f"{case.id}:approval:{case.reopened_n}", values, now=now, actor=actor)


def after_closing(conn: WriteConn, ident: str, plan: CasePlan, *, now: datetime, actor: str | None) -> None:
    """Let the customer be asked, some time after, whether all is well: where the policy says so for the case's type."""
    case = conn.execute(select(s.case_).where(s.case_.c.id == ident)).one()
    span = plan.follow_up_ms.get(case.type)
    if span is None or case.party_id is None:
        return
    values = {
        **_about(case),
        "kind": "follow_up",
        "subject": case.subject,
        "due_at": from_ms(plan.due(case.type, to_ms(now), span)),
        "owner": case.assignee,
        "line": plan.line_of("follow_up"),
    }
    task_rows.put(conn, f"{ident}:follow_up:{case.reopened_n}", values, now=now, actor=actor)


def drop_follow_ups(conn: WriteConn, ident: str, *, now: datetime, actor: str | None) -> None:
    """Ask nobody about a case that is open again."""
    task_rows.end(conn, task_rows.open_of(conn, ident, "follow_up"), "dropped", now=now, actor=actor)


def _about(case: Any) -> dict[str, Any]:
    return {"case_id": case.id, "party_id": case.party_id, "priority": case.priority}

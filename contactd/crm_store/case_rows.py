"""Cases written: made, moved, changed, noted; every change an event, with its clocks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select, update

from contactd.core import case as rules
from contactd.core.case import CaseState, CaseType
from contactd.core.case_plan import CasePlan, Template
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.numbering import BUILT_IN, CASE
from contactd.crm_store import (
    case_fields,
    course_rows,
    coverage_rows,
    due_rows,
    number_rows,
    sla_rows,
    step_rows,
    watch_rows,
)
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

_add = partial(course_rows.add, s.case_event.c.case_id)


def add_event(
    conn: WriteConn,
    ident: str,
    at: datetime,
    kind: str,
    actor: str | None,
    text: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Append to the events of a case; who follows it is told."""
    _add(conn, ident, at, kind, actor, text, data)
    watch_rows.happened(conn, ident, at)


def create(
    conn: WriteConn, ident: str, values: Mapping[str, Any], *, plan: CasePlan, now: datetime, actor: str | None
) -> str:
    """Make a case of `values` (`FIELDS` and `source_interaction_id, parent_id, template`), with number, clocks and steps.

    Return its number.

    Raises:
        BadRequestError: a field is unknown, or of a wrong type.
    """
    source, parent = values.get("source_interaction_id"), values.get("parent_id")
    fields = case_fields.checked({name: value for name, value in values.items() if name in case_fields.FIELDS})
    kind = str(fields.get("type", CaseType.INQUIRY))
    number = number_rows.give(conn, plan.numbers.pattern(CASE, kind) or BUILT_IN[CASE], s.case_.c.no, now)
    template = _template(values.get("template"), kind, plan)
    if template is not None and not fields.get("checklist"):
        fields["checklist"] = step_rows.of_template(template, kind, plan, now)
    fields["checklist"] = step_rows.numbered(fields.get("checklist", ()))
    covered = coverage_rows.cover(conn, {**fields, "source_interaction_id": source}, kind, plan, now)
    conn.execute(
        insert(s.case_).values(
            **{"type": kind, **fields},
            id=ident,
            no=number,
            state=CaseState.NEW,
            stage=rules.STAGES[0] if kind == CaseType.COMPLAINT else None,
            source_interaction_id=source,
            parent_id=parent,
            contract_id=covered.get("id"),
            template=template.name if template else None,
            created_at=now,
            created_by=actor,
            updated_at=now,
            updated_by=actor,
        ),
    )
    add_event(conn, ident, now, "created", actor, data={"interaction": source} if source else {})
    if covered:
        add_event(conn, ident, now, "covered" if "id" in covered else "not_covered", None, data=covered)
    sla_rows.begin(conn, ident, kind, fields.get("priority", 0), plan, now, covered.get("level"))
    if fields["checklist"]:
        step_rows.follow(conn, ident, plan, now=now, actor=actor)
    due_rows.mark(conn, due_rows.INDEX_CASE, ident, now)
    return number


def _template(name: str | None, kind: str, plan: CasePlan) -> Template | None:
    found = plan.template(name, kind)
    if name is not None and found is None:
        message = f"there is no template {name}"
        raise BadRequestError(message, field="template")
    return found


def patch(
    conn: WriteConn,
    ident: str,
    values: Mapping[str, Any],
    *,
    row_version: int | None,
    plan: CasePlan,
    now: datetime,
    actor: str | None,
) -> None:
    """Change fields of a case; a new type or priority sets the clocks' targets anew.

    Raises:
        NotFoundError: there is none.
        ConflictError: somebody changed it since `row_version` (code `changed`).
        BadRequestError: a field is unknown, or of a wrong type.
    """
    fields = case_fields.checked(values)
    if "checklist" in fields:
        fields["checklist"] = step_rows.numbered(fields["checklist"])
    old = locked(conn, ident, row_version)
    changed = {name: value for name, value in fields.items() if getattr(old, name) != value}
    if not changed:
        return
    _set(conn, ident, changed, now, actor)
    told = {name: [getattr(old, name), value] for name, value in changed.items() if name not in {"custom", "body"}}
    add_event(conn, ident, now, "changed", actor, data=told)
    if {"type", "priority"} & changed.keys():
        kind, priority = changed.get("type", old.type), changed.get("priority", old.priority)
        sla_rows.retarget(conn, ident, kind, priority, plan, now)
    if {"checklist", "assignee", "party_id", "priority", "subject"} & changed.keys():
        step_rows.follow(conn, ident, plan, now=now, actor=actor)


def tick(conn: WriteConn, ident: str, step: str, *, plan: CasePlan, now: datetime, actor: str | None) -> None:
    """Note that a step of a case is done; one that is done, or not there any more, stays as it is."""
    old = locked(conn, ident, None)
    done = [{**one, "done": one["done"] or one.get("id") == step} for one in old.checklist]
    if done != old.checklist:
        _set(conn, ident, {"checklist": done}, now, actor)
        text = next(one["text"] for one in done if one.get("id") == step)
        add_event(conn, ident, now, "step", actor, text, {"step": step})
        step_rows.follow(conn, ident, plan, now=now, actor=actor)


def move(
    conn: WriteConn,
    ident: str,
    state: str,
    *,
    text: str,
    plan: CasePlan,
    now: datetime,
    actor: str,
    row_version: int | None = None,
) -> None:
    """Bring a case into another state, by the table `core.case.MOVES`.

    A complaint is closed by somebody other than who resolved it.

    Raises:
        NotFoundError, ConflictError, BadRequestError: as `patch`; `bad_state`: that state cannot follow; `four_eyes`;
            `open_parts`: a part of it is still open; `open_steps`: a required step is not done.
    """
    old = locked(conn, ident, row_version)
    step = rules.move(old.state, state)
    if step.closes and old.type == CaseType.COMPLAINT and actor == old.resolved_by:
        message = "a complaint is closed by somebody other than who resolved it"
        raise ConflictError(message, code="four_eyes")
    if step.resolves or step.closes:
        _refuse_open_parts(conn, ident)
        step_rows.refuse_undone(old)
    values: dict[str, Any] = {"state": step.state}
    if step.reopens:
        values |= {"reopened_n": old.reopened_n + 1, "closed_at": None, "resolved_at": None, "resolved_by": None}
    if step.resolves:
        values |= {"resolved_at": now, "resolved_by": actor}
    if step.closes:
        values["closed_at"] = now
    _set(conn, ident, values, now, actor)
    add_event(
        conn, ident, now, "reopened" if step.reopens else "moved", actor, text, {"from": old.state, "to": step.state}
    )
    sla_rows.follow(conn, ident, step, plan.calendars, now)
    step_rows.follow(conn, ident, plan, now=now, actor=actor)
    if step.reopens:
        step_rows.drop_follow_ups(conn, ident, now=now, actor=actor)
    elif step.closes:
        step_rows.after_closing(conn, ident, plan, now=now, actor=actor)


def advance(conn: WriteConn, ident: str, stage: str, *, text: str, now: datetime, actor: str) -> None:
    """Bring a complaint to its next stage.

    Raises:
        NotFoundError: there is no such case.
        BadRequestError: it is no complaint, or no such stage.
        ConflictError: the stage cannot follow (code `bad_state`).
    """
    old = locked(conn, ident, None)
    if old.type != CaseType.COMPLAINT:
        message = "only complaints have stages"
        raise BadRequestError(message, field="stage")
    new = rules.next_stage(old.stage, stage)
    _set(conn, ident, {"stage": new}, now, actor)
    add_event(conn, ident, now, "stage", actor, text, {"from": old.stage, "to": new})


def escalate(conn: WriteConn, ident: str, *, text: str, to: str | None, now: datetime, actor: str) -> int:
    """Bring a case one step up the ladder, to another person if named; return the step.

    Raises:
        NotFoundError: there is no such case.
        ConflictError: it stands at the top (code `bad_state`).
    """
    old = locked(conn, ident, None)
    if old.escalation >= rules.LADDER:
        message = "it cannot be escalated further"
        raise ConflictError(message, code="bad_state")
    values: dict[str, Any] = {"escalation": old.escalation + 1}
    if to is not None:
        values["assignee"] = to
    _set(conn, ident, values, now, actor)
    add_event(conn, ident, now, "escalated", actor, text, {"step": old.escalation + 1, "to": to})
    return int(old.escalation) + 1


def note(conn: WriteConn, ident: str, text: str, *, public: bool, now: datetime, actor: str) -> None:
    """Write a note; one that went to the customer (`public`) meets the first answer."""
    old = locked(conn, ident, None)
    add_event(conn, ident, now, "answered" if public else "note", actor, text)
    if public:
        sla_rows.meet(conn, ident, sla_rows.FIRST_RESPONSE, now)
    values = {"state": CaseState.OPEN} if old.state == CaseState.NEW else {}
    _set(conn, ident, values, now, actor)


def link(conn: WriteConn, ident: str, other: str, kind: str, *, now: datetime, actor: str) -> None:
    """Link two cases.

    Raises:
        BadRequestError: a case with itself, or no such kind of link.
        NotFoundError: there is no such case.
    """
    if kind not in rules.LINKS or ident == other:
        message = f"a link is {', '.join(rules.LINKS)}, to another case"
        raise BadRequestError(message, field="kind")
    for one in (ident, other):
        locked(conn, one, None)
    conn.execute(insert(s.case_link).values(from_case=ident, to_case=other, kind=kind).on_conflict_do_nothing())
    add_event(conn, ident, now, "linked", actor, data={"case": other, "kind": kind})


def attach(
    conn: WriteConn, ident: str, interaction: str, *, now: datetime, actor: str | None, first: bool = True
) -> None:
    """Note that a contact is about a case; `first`: before all others it may be about, too.

    Raises:
        NotFoundError: there is no such case or contact.
    """
    locked(conn, ident, None)
    values = {"case_id": ident, "updated_at": now} if first else {"updated_at": now}
    done = conn.execute(update(s.interaction).where(s.interaction.c.id == interaction).values(values))
    if done.rowcount == 0:
        message = "there is no such contact"
        raise NotFoundError(message, code="unknown_interaction", field="interaction")
    add_event(conn, ident, now, "contact", actor, data={"interaction": interaction})


def locked(conn: WriteConn, ident: str, row_version: int | None) -> Any:
    """Return a case's row and keep others from changing it meanwhile.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is not of `row_version` any more (code `changed`).
    """
    query = select(s.case_).where(s.case_.c.id == ident, s.case_.c.deleted_at.is_(None)).with_for_update()
    row = conn.execute(query).first()
    if row is None:
        message = "there is no such case"
        raise NotFoundError(message)
    if row_version is not None and row.row_version != row_version:
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    return row


def _set(conn: WriteConn, ident: str, values: Mapping[str, Any], now: datetime, actor: str | None) -> None:
    new = dict(values) | {"updated_at": now, "updated_by": actor, "row_version": s.case_.c.row_version + 1}
    conn.execute(update(s.case_).where(s.case_.c.id == ident).values(new))
    due_rows.mark(conn, due_rows.INDEX_CASE, ident, now)


def _refuse_open_parts(conn: WriteConn, ident: str) -> None:
    over = [str(state) for state in rules.OVER]
    part = select(s.case_.c.no).where(s.case_.c.parent_id == ident, s.case_.c.state.not_in(over)).limit(1)
    number = conn.execute(part).scalar()
    if number is not None:
        message = f"a part of it, {number}, is still open"
        raise ConflictError(message, code="open_parts", details={"case": number})

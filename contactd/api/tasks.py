"""Tasks: work nobody sent, on its way into the queue; follow-up lists made from customers or from closed cases."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, PartsOf, answer, looks, may, page
from contactd.core.errors import BadRequestError
from contactd.crm_store import audit, follow_up_rows, sight, task_rows
from contactd.desk.rights import Actor, authorize

router = APIRouter(prefix="/api/v1", tags=["cases"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Word = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Text = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
_Writer = Annotated[Actor, may("case.edit")]
FURTHEST = timedelta(days=3660)
"""How far ahead a list may begin: a list is put into time, which has an end."""
_LOOKED_OVER = frozenset({"approval", "quarantine"})
_Reader = Annotated[Looking, looks("case.read", "task")]


class Task(Shape):
    """Work nobody sent."""

    id: str
    kind: str
    """step | follow_up | approval | quarantine | campaign"""
    subject: str
    state: str
    """waiting | queued | done | dropped"""
    party_id: str | None
    case_id: str | None
    about_id: str | None
    """The interaction in quarantine it is about."""
    interaction_id: str | None
    """What it is in the queue."""
    owner: str | None
    due_at: str


class Since(BaseModel):
    """Closed cases that are asked after."""

    model_config = ConfigDict(extra="ignore")
    type: _Word | None = None
    closed_after: AwareDatetime
    closed_before: AwareDatetime | None = None


class FollowUps(BaseModel):
    """Whom to ask, what, and from when on."""

    model_config = ConfigDict(extra="ignore")
    subject: Annotated[_Word, StringConstraints(min_length=1)]
    body: _Text = ""
    due_at: AwareDatetime | None = None
    """Without it: now."""
    apart_s: Annotated[float, Field(ge=0, le=86_400)] = 0
    """Time between two of a list."""
    line: _Word | None = None
    owner: _Id | None = None
    priority: Annotated[int, Field(ge=0, le=follow_up_rows.TOP_PRIORITY)] = 0
    parties: Annotated[list[_Id], Field(max_length=1000)] = []
    cases: Since | None = None


class Made(Shape):
    """What a list made."""

    tasks: list[str]
    """Ids, in the order they come."""
    left_out: list[dict[str, str]]
    """Who must not be called: `party_id`, `reason` (do_not_call | consent_refused | restricted)."""


@router.get("/tasks", summary="List tasks, newest first", responses=gives(Page[Task]))
async def listed(
    parts: PartsOf,
    looking: _Reader,
    party: Filter = None,
    case: Filter = None,
    kind: Filter = None,
    state: Filter = None,
    owner: Filter = None,
    interaction: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of tasks; `state=open` are those not over, `owner=me` my own."""
    filters = {
        "party": party,
        "case": case,
        "kind": kind,
        "state": state,
        "owner": looking.actor.id if owner == "me" else owner,
        "interaction": interaction,
    }
    seen = sight.of_tasks(looking.actor.sight, parts.clock.now())
    items, following = await parts.store.read(
        lambda conn: task_rows.listed(conn, filters=filters, seen=seen, limit=limit, cursor=cursor)
    )
    looking.saw_all(item["id"] for item in items)
    return page(items, following)


@router.post("/follow-ups", status_code=201, summary="Make a follow-up list", responses=gives(Made, 201))
async def follow_ups(request: Request, parts: PartsOf, given: FollowUps, actor: _Writer) -> Response:
    """Let customers be asked: each named one, or of each case of a sort that was closed lately; each of them once.

    Each comes into the queue when its time has come.
    """
    _check(given, parts)

    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()
        plan = follow_up_rows.Asking(
            subject=given.subject,
            body=given.body,
            due_at=given.due_at or now,
            apart_s=given.apart_s,
            line=given.line or parts.policy()[1].cases.line_of("follow_up"),
            owner=given.owner,
            priority=given.priority,
        )
        batch = parts.idents.new()
        seen = sight.of_closed(actor.sight, now)

        def unit(conn: Any) -> dict[str, Any]:
            whom = follow_up_rows.named(conn, given.parties)
            if given.cases is not None:
                one = given.cases
                whom += follow_up_rows.closed(conn, one.type, one.closed_after, one.closed_before or now, seen=seen)
            tasks, left_out = follow_up_rows.make(conn, batch, plan, whom, now=now, actor=actor.id)
            made = {"tasks": tasks, "left_out": left_out}
            audit.note(conn, actor.id, "task.make", ("task", batch), now, tasks=len(tasks))
            this.keep(conn, 201, made)
            return made

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.post("/tasks/{ident}/drop", summary="Let a task not be done", responses=gives(Task))
async def drop(parts: PartsOf, ident: Ident, actor: _Writer) -> Response:
    """End a task that is not needed any more; what stands in the queue is taken out.

    That somebody looks over a colleague's work, or at what could not be read, only supervisors let not be done.
    """
    now = parts.clock.now()

    def unit(conn: Any) -> dict[str, Any]:
        if task_rows.get(conn.connection, ident)["kind"] in _LOOKED_OVER:
            authorize(actor, "interaction.dismiss")
        task_rows.end(conn, [ident], "dropped", now=now, actor=actor.id)
        audit.note(conn, actor.id, "task.drop", ("task", ident), now)
        return task_rows.get(conn.connection, ident)

    return answer(await parts.store.write(unit))


def _check(given: FollowUps, parts: Any) -> None:
    if not given.parties and given.cases is None:
        message = "Name customers, or closed cases."
        raise BadRequestError(message, field="parties")
    if given.due_at is not None and given.due_at > parts.clock.now() + FURTHEST:
        message = "That is too far away."
        raise BadRequestError(message, field="due_at")
    if given.line is not None and given.line not in parts.policy()[1].lines:
        message = "There is no such line."
        raise BadRequestError(message, code="unknown_line", field="line")

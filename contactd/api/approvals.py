"""Approvals: what one person asks another to allow, and what was decided."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, PartsOf, actor_of, may, page, parts_of, see_named
from contactd.crm_store import approval_rows
from contactd.crm_store.sight import of_approvals
from contactd.desk.rights import Actor, authorize, permitted

router = APIRouter(prefix="/api/v1", tags=["approvals"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00]*$")]


class Asked(BaseModel):
    """What is to be allowed."""

    model_config = ConfigDict(extra="ignore")
    kind: Literal["identity", "case_close"]
    party: _Id | None = None
    """identity: whose fields and records are to be open."""
    level: Annotated[int, Field(ge=1, le=3)] | None = None
    case: _Id | None = None
    """case_close: a resolved case that is to be closed."""
    reason: _Reason
    until: AwareDatetime
    """Until when it may be decided, and holds; within a day."""


class Decided(BaseModel):
    """What somebody else decides."""

    model_config = ConfigDict(extra="ignore")
    decision: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = ""
    """Why; a refusal says it."""


class Approval(Shape):
    """What was asked, and how it stands."""

    id: str
    kind: str
    state: str
    """asked | granted | refused | expired"""
    reason: str
    asked_by: str
    until: str


async def _looking(request: Request) -> Looking:
    """Let somebody look: at all, or at what they asked for themselves."""
    actor = await actor_of(request)
    authorize(actor, "approval.read", (actor.id,))
    await see_named(request, actor)
    client = request.client.host if request.client else ""
    return Looking(actor, parts_of(request).reads, "approval.read", "approval", client)


@router.get("/approvals", summary="What is to be allowed", responses=gives(Page[Approval]))
async def approvals(
    parts: PartsOf,
    looking: Annotated[Looking, Depends(_looking)],
    state: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page, newest first: all, or for who does not decide, what they asked for themselves."""
    actor, now = looking.actor, parts.clock.now()
    own = None if permitted(actor, "approval.read") else actor.id
    seen = of_approvals(actor.sight, now) if own is None else ()
    look = partial(approval_rows.listed, state=state, own=own, seen=seen, now=now, limit=limit, cursor=cursor)
    items, following = await parts.store.read(look)
    looking.saw_all(item["id"] for item in items)
    return page(items, following)


@router.post("/approvals", status_code=201, summary="Ask somebody to allow something", responses=gives(Approval, 201))
async def ask(request: Request, parts: PartsOf, given: Asked, actor: Annotated[Actor, may("approval.ask")]) -> Response:
    """Ask with a reason; somebody else decides."""

    async def do(this: Try) -> tuple[int, Any]:
        ident, now, plan = parts.idents.new(), parts.clock.now(), parts.policy()[1].cases

        def unit(conn: Any) -> dict[str, Any]:
            approval_rows.ask(conn, ident, given.model_dump(), plan=plan, now=now, actor=actor.id)
            shown = approval_rows.get(conn.connection, ident, now)
            this.keep(conn, 201, shown)
            return shown

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.post("/approvals/{ident}/grant", summary="Allow it", responses=gives(Approval))
async def grant(
    request: Request, parts: PartsOf, ident: Ident, given: Decided, actor: Annotated[Actor, may("approval.decide")]
) -> Response:
    """Allow what somebody else asked for; it happens, or is open, at once."""
    return await _decide(request, parts, actor, ident, given.decision, grant=True)


@router.post("/approvals/{ident}/refuse", summary="Do not allow it", responses=gives(Approval))
async def refuse(
    request: Request, parts: PartsOf, ident: Ident, given: Decided, actor: Annotated[Actor, may("approval.decide")]
) -> Response:
    """Refuse it, and say why."""
    return await _decide(request, parts, actor, ident, given.decision, grant=False)


async def _decide(request: Request, parts: Any, actor: Actor, ident: str, decision: str, *, grant: bool) -> Response:
    async def do(this: Try) -> tuple[int, Any]:
        now, plan = parts.clock.now(), parts.policy()[1].cases

        def unit(conn: Any) -> dict[str, Any]:
            about: dict[str, Any] = {"in_person": actor.scopes is None, "grant": grant, "decision": decision}
            approval_rows.decide(conn, ident, by=actor.id, plan=plan, now=now, **about)
            shown = approval_rows.get(conn.connection, ident, now)
            this.keep(conn, 200, shown)
            return shown

        return 200, await parts.store.write(unit)

    return await once(request, parts, actor, do)

"""Assessments: given by quality, seen by who had the contact, objected to and answered; and two of one contact side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import (
    Cursor,
    Filter,
    Ident,
    Limit,
    Looking,
    PartsOf,
    actor_of,
    answer,
    looks,
    may,
    page,
    parts_of,
    see_named,
)
from contactd.crm_store import qa_rows
from contactd.crm_store.sight import interactions
from contactd.desk.rights import Actor, authorize, permitted

router = APIRouter(prefix="/api/v1", tags=["quality"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Key = Annotated[str, StringConstraints(min_length=1, max_length=40)]
_Said = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
_Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000, pattern=r"^[^\x00]*$")]
_Answers = Annotated[dict[_Key, int | None], Field(max_length=60)]
_Assessor = Annotated[Actor, may("quality.assess")]


class Wanted(BaseModel):
    """A contact that is to be assessed though it was not drawn."""

    model_config = ConfigDict(extra="ignore")
    interaction: _Id
    scorecard: _Id


class Assessment(BaseModel):
    """What is said of a contact."""

    model_config = ConfigDict(extra="ignore")
    answers: _Answers
    """Question → value (yes 1, no 0; a scale from 0); null: does not apply."""
    remarks: Annotated[dict[_Key, _Said], Field(max_length=60)] = {}
    comment: _Said = ""
    row_version: int | None = None


class Objection(BaseModel):
    """Why who had the contact sees it otherwise."""

    model_config = ConfigDict(extra="ignore")
    reason: _Reason


class Settlement(BaseModel):
    """The answer to an objection."""

    model_config = ConfigDict(extra="ignore")
    reply: _Reason
    answers: _Answers | None = None
    """Null: it stays as it was."""


class Review(Shape):
    """An assessment."""

    id: str
    interaction: str
    agent: str
    state: str
    score: int | None


class Compared(Shape):
    """Assessments of one contact, the first and those that calibrate it."""

    items: list[dict[str, Any]]


async def _looking(request: Request) -> Looking:
    """Let somebody look: at all assessments, or at their own (see `_own`)."""
    actor = await actor_of(request)
    authorize(actor, "quality.read", (actor.id,))
    await see_named(request, actor)
    client = request.client.host if request.client else ""
    return Looking(actor, parts_of(request).reads, "quality.read", "review", client)


def own(actor: Actor) -> str | None:
    """Return whose results alone somebody may see; None = everybody's."""
    return None if permitted(actor, "quality.read") else actor.id


async def _objector(request: Request) -> Actor:
    actor = await actor_of(request)
    authorize(actor, "quality.object", (actor.id,))
    await see_named(request, actor)
    return actor


_Looks = Annotated[Looking, Depends(_looking)]


@router.get("/reviews", summary="Assessments", responses=gives(Page[Review]))
async def listed(
    parts: PartsOf,
    looking: _Looks,
    state: Filter = None,
    agent: Filter = None,
    interaction: Filter = None,
    assessor: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page, newest first: all, or who had the contacts only what is said of themselves; `state=given`: all that are."""
    actor = looking.actor
    seen = interactions(actor.sight, parts.clock.now())
    filters = {"state": state, "agent": agent, "interaction": interaction, "assessor": assessor}
    look = partial(
        qa_rows.listed, filters=filters, own=own(actor), seen_by=seen, limit=limit, cursor=cursor, blind=actor.id
    )
    items, following = await parts.store.read(look)
    looking.saw_all(item["id"] for item in items)
    return page(items, following)


@router.get("/reviews/{ident}", summary="One assessment", responses=gives(Review))
async def one(parts: PartsOf, ident: Ident, looking: _Looks) -> Response:
    """Return an assessment with the questions it answers; that who had the contact saw it is noted."""
    actor = looking.actor
    found = await parts.store.read(partial(qa_rows.get, ident=ident, own=own(actor), blind=actor.id))
    if found["agent"] == actor.id and found["seen_at"] is None and found["state"] != "drawn":
        now = parts.clock.now()
        await parts.store.write(partial(qa_rows.seen, ident=ident, now=now, actor=actor.id))
    looking.saw(ident)
    return answer(found)


@router.get("/reviews/{ident}/calibrations", summary="The same contact by several", responses=gives(Compared))
async def compared(
    parts: PartsOf, ident: Ident, looking: Annotated[Looking, looks("quality.assess", "review")]
) -> Response:
    """Return the first assessment and those that calibrate it, once one's own is given."""
    found = await parts.store.read(partial(qa_rows.calibrations, ident=ident, blind=looking.actor.id))
    looking.saw(ident, "calibrations")
    return answer({"items": found})


@router.post("/reviews", status_code=201, summary="Assess a contact that was not drawn", responses=gives(Review, 201))
async def ask(request: Request, parts: PartsOf, given: Wanted, actor: _Assessor) -> Response:
    """Let a contact be assessed; it does not count in figures, which are made of what was drawn."""
    ident, now = parts.idents.new(), parts.clock.now()
    act = partial(
        qa_rows.ask, ident=ident, interaction=given.interaction, form=given.scorecard, now=now, actor=actor.id
    )
    return await _done(request, parts, actor, act, ident, 201)


@router.post("/reviews/{ident}/assess", summary="Give an assessment", responses=gives(Review))
async def assess(request: Request, parts: PartsOf, ident: Ident, given: Assessment, actor: _Assessor) -> Response:
    """Say what is to be said of a contact; nobody assesses their own."""
    now = parts.clock.now()
    act = partial(qa_rows.assess, ident=ident, given=given.model_dump(), now=now, actor=actor.id)
    return await _done(request, parts, actor, act, ident)


@router.post("/reviews/{ident}/calibrate", status_code=201, summary="Assess it too", responses=gives(Review, 201))
async def calibrate(request: Request, parts: PartsOf, ident: Ident, actor: _Assessor) -> Response:
    """Assess the same contact without seeing the first answers; it does not count, and the agent does not see it."""
    new, now = parts.idents.new(), parts.clock.now()
    act = partial(qa_rows.calibrate, ident=new, of=ident, now=now, actor=actor.id)
    return await _done(request, parts, actor, act, new, 201)


@router.post("/reviews/{ident}/object", summary="Object to one's own result", responses=gives(Review))
async def object_to(
    request: Request, parts: PartsOf, ident: Ident, given: Objection, actor: Annotated[Actor, Depends(_objector)]
) -> Response:
    """Say, once, why it is to be seen otherwise."""
    now = parts.clock.now()
    act = partial(qa_rows.object_to, ident=ident, reason=given.reason, now=now, actor=actor.id)
    return await _done(request, parts, actor, act, ident)


@router.post("/reviews/{ident}/settle", summary="Answer an objection", responses=gives(Review))
async def settle(request: Request, parts: PartsOf, ident: Ident, given: Settlement, actor: _Assessor) -> Response:
    """Answer it, with other answers or as it was; what it was before is kept."""
    now = parts.clock.now()
    act = partial(qa_rows.settle, ident=ident, reply=given.reply, answers=given.answers, now=now, actor=actor.id)
    return await _done(request, parts, actor, act, ident)


async def _done(
    request: Request, parts: Any, actor: Actor, act: Callable[[Any], None], ident: str, status: int = 200
) -> Response:
    """Carry one act out and answer with the assessment as it stands then."""

    async def do(this: Try) -> tuple[int, Any]:
        def unit(conn: Any) -> dict[str, Any]:
            act(conn)
            shown = qa_rows.get(conn.connection, ident, blind=actor.id)
            this.keep(conn, status, shown)
            return shown

        return status, await parts.store.write(unit)

    return await once(request, parts, actor, do)

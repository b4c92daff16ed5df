"""Surveys: what customers are asked after a contact, what they said, and what it comes to."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, PartsOf, answer, looks, may, page
from contactd.core.errors import BadRequestError
from contactd.crm_store import audit, survey_reads, survey_rows
from contactd.crm_store.audit import Entry
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["surveys"])
_Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Language = Literal["zh", "en"]
_Words = dict[_Language, Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]]
_Writer = Annotated[Actor, may("survey.edit")]
_DEFAULT_SPAN = timedelta(days=30)


class Question(BaseModel):
    """One thing that is asked: a score, or words."""

    key: _Word
    kind: Literal["score", "text"] = "score"
    text: _Words
    lowest: int = 1
    best: int = 5


class Change(BaseModel):
    """Fields of a survey; those that are left out stay."""

    model_config = ConfigDict(extra="ignore")
    name: _Word | None = None
    line: _Word | None = None
    """Null: every line."""
    channel: _Word | None = None
    """Null: every channel."""
    language: _Language | None = None
    """Asked in this language where the customer's is not known."""
    questions: Annotated[list[Question], Field(max_length=20)] | None = None
    intro: _Words | None = None
    closing: _Words | None = None
    share: int | None = None
    """Of a hundred contacts, so many are asked."""
    every_days: int | None = None
    """Nobody is asked again within so many days, by whatever survey."""
    valid_hours: int | None = None
    low: int | None = None
    """A first score at or below opens a follow-up; null: none does."""
    active: bool | None = None
    row_version: int | None = None

    def columns(self) -> dict[str, Any]:
        """Return what is given."""
        return self.model_dump(exclude_unset=True, exclude={"row_version"})


class NewSurvey(Change):
    """A survey to be made."""

    name: Annotated[_Word, StringConstraints(min_length=1)]
    questions: Annotated[list[Question], Field(min_length=1, max_length=20)]


class Survey(Shape):
    """A survey."""

    id: str
    name: str
    questions: list[dict[str, Any]]


class Surveys(Shape):
    """Every survey."""

    items: list[Survey]


class Invite(Shape):
    """One customer asked after one contact."""

    id: str
    survey: str
    interaction: str
    state: str
    score: int | None
    percent: int | None


class Figures(Shape):
    """What was said, summed up."""

    items: list[dict[str, Any]]


@router.get("/surveys", summary="What customers are asked", responses=gives(Surveys))
async def surveys(parts: PartsOf, actor: Annotated[Actor, may("survey.read")]) -> Response:
    """Return every survey with its questions and the rule who is asked."""
    _ = actor
    return answer({"items": await parts.store.read(survey_rows.listed)})


@router.post("/surveys", status_code=201, summary="Make a survey", responses=gives(Survey, 201))
async def create(request: Request, parts: PartsOf, given: NewSurvey, actor: _Writer) -> Response:
    """Ask customers of a line and channel from now on."""

    async def do(this: Try) -> tuple[int, Any]:
        ident, now = parts.idents.new(), parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            survey_rows.create(conn, ident, given.columns(), now=now, actor=actor.id)
            audit.append(
                conn, Entry(actor=actor.id, action="survey.create", object_kind="survey", object_id=ident), now
            )
            made = survey_rows.get(conn.connection, ident)
            this.keep(conn, 201, made)
            return made

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.patch("/surveys/{ident}", summary="Change a survey", responses=gives(Survey))
async def change(request: Request, parts: PartsOf, ident: Ident, given: Change, actor: _Writer) -> Response:
    """Change a survey; whoever is asked already is asked what stood then."""
    columns = given.columns()

    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            survey_rows.patch(conn, ident, columns, row_version=given.row_version, now=now, actor=actor.id)
            told = {"fields": sorted(columns)}
            entry = Entry(actor=actor.id, action="survey.edit", object_kind="survey", object_id=ident, detail=told)
            audit.append(conn, entry, now)
            shown = survey_rows.get(conn.connection, ident)
            this.keep(conn, 200, shown)
            return shown

        return 200, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.delete("/surveys/{ident}", status_code=204, summary="Take a survey away")
async def drop(parts: PartsOf, ident: Ident, actor: _Writer) -> Response:
    """Ask nobody any more; what was answered stays."""
    now = parts.clock.now()

    def unit(conn: Any) -> None:
        survey_rows.drop(conn, ident, now=now, actor=actor.id)
        audit.append(conn, Entry(actor=actor.id, action="survey.drop", object_kind="survey", object_id=ident), now)

    await parts.store.write(unit)
    return Response(status_code=204)


@router.get("/invitations", summary="Who was asked, and what they said", responses=gives(Page[Invite]))
async def invitations(
    parts: PartsOf,
    looking: Annotated[Looking, looks("survey.read", "survey_invite")],
    survey: Filter = None,
    agent: Filter = None,
    state: Filter = None,
    low: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of invitations, newest first; `low=true` are those that opened a follow-up."""
    items, following = await parts.store.read(
        lambda conn: survey_reads.listed(
            conn, survey=survey, agent=agent, state=state, low=low, limit=limit, cursor=cursor
        ),
    )
    looking.saw_all(item["id"] for item in items)
    return page(items, following)


@router.get("/satisfaction", summary="What customers said, summed up", responses=gives(Figures))
async def satisfaction(
    parts: PartsOf,
    actor: Annotated[Actor, may("survey.read")],
    by: Filter = "agent",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> Response:
    """Return figures by agent, line, channel or survey, of invitations of the last 30 days unless said otherwise."""
    _ = actor
    if by not in survey_reads.GROUPS:
        message = f"by is {', '.join(survey_reads.GROUPS)}"
        raise BadRequestError(message, field="by")
    end = until or parts.clock.now()
    begin = since or end - _DEFAULT_SPAN
    return answer(
        {"items": await parts.store.read(lambda conn: survey_reads.figures(conn, by, since=begin, until=end))}
    )

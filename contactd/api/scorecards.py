"""Scorecards and sampling: what contacts are judged by, which are drawn, and what was drawn."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Ident, PartsOf, answer, may
from contactd.crm_store import audit, qa_form_rows, qa_rule_rows
from contactd.crm_store.audit import Entry
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["quality"])
_Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Words = dict[Literal["zh", "en"], Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]]
_Writer = Annotated[Actor, may("quality.edit")]
_Reader = Annotated[Actor, may("quality.assess")]


class Question(BaseModel):
    """One thing that is judged."""

    key: _Word
    kind: Literal["yes", "scale"] = "yes"
    text: _Words
    best: int = 5
    """Of a scale from 0."""
    weight: int = 1
    fatal: bool = False
    """The lowest answer makes the assessment 0."""
    optional: bool = False
    """May not apply."""


class Section(BaseModel):
    """Questions under one heading."""

    title: _Words
    questions: Annotated[list[Question], Field(min_length=1, max_length=60)]


class Change(BaseModel):
    """Fields of a scorecard; those that are left out stay."""

    model_config = ConfigDict(extra="ignore")
    name: _Word | None = None
    channel: _Word | None = None
    """Null: every channel."""
    sections: Annotated[list[Section], Field(max_length=20)] | None = None
    active: bool | None = None
    row_version: int | None = None

    def columns(self) -> dict[str, Any]:
        """Return what is given."""
        return self.model_dump(exclude_unset=True, exclude={"row_version"})


class NewScorecard(Change):
    """A scorecard to be made."""

    name: Annotated[_Word, StringConstraints(min_length=1)]
    sections: Annotated[list[Section], Field(min_length=1, max_length=20)]


class RuleChange(BaseModel):
    """Fields of a rule; those that are left out stay."""

    model_config = ConfigDict(extra="ignore")
    name: _Word | None = None
    form_id: _Word | None = None
    """The scorecard."""
    line: _Word | None = None
    channel: _Word | None = None
    how: Literal["number", "percent"] | None = None
    amount: int | None = None
    """Contacts, or of a hundred, of every agent and week."""
    least_s: int | None = None
    """Talk and hold of at least so many seconds."""
    most_percent: int | None = None
    """The customer's score was at or below (0-100)."""
    complaint: bool | None = None
    """Belongs to a complaint."""
    zone: _Word | None = None
    """By whose clock a week begins."""
    active: bool | None = None
    row_version: int | None = None

    def columns(self) -> dict[str, Any]:
        """Return what is given."""
        return self.model_dump(exclude_unset=True, exclude={"row_version"})


class NewRule(RuleChange):
    """A rule to be made."""

    name: Annotated[_Word, StringConstraints(min_length=1)]
    form_id: Annotated[_Word, StringConstraints(min_length=1)]


class Scorecard(Shape):
    """A scorecard as it stands."""

    id: str
    name: str
    version: int
    sections: list[dict[str, Any]]


class Scorecards(Shape):
    """Every scorecard."""

    items: list[Scorecard]


class Sampling(Shape):
    """A rule who is drawn."""

    id: str
    name: str
    form_id: str
    how: str
    amount: int


class Samplings(Shape):
    """Every rule, and the newest draws with their seeds."""

    items: list[Sampling]
    draws: list[dict[str, Any]]


class Versions(Shape):
    """What a scorecard asked over time."""

    items: list[dict[str, Any]]


@router.get("/scorecards", summary="What contacts are judged by", responses=gives(Scorecards))
async def scorecards(parts: PartsOf, actor: _Reader) -> Response:
    """Return every scorecard with its questions."""
    _ = actor
    return answer({"items": await parts.store.read(qa_form_rows.listed)}, ours=True)


@router.get("/scorecards/{ident}/versions", summary="What a scorecard asked over time", responses=gives(Versions))
async def versions(parts: PartsOf, ident: Ident, actor: _Reader) -> Response:
    """Return every version, newest first."""
    _ = actor
    return answer({"items": await parts.store.read(lambda conn: qa_form_rows.versions(conn, ident))}, ours=True)


@router.post("/scorecards", status_code=201, summary="Make a scorecard", responses=gives(Scorecard, 201))
async def create(request: Request, parts: PartsOf, given: NewScorecard, actor: _Writer) -> Response:
    """Make a scorecard; version 1."""
    return await _made(request, parts, actor, _FORM, given.columns())


@router.patch("/scorecards/{ident}", summary="Change a scorecard", responses=gives(Scorecard))
async def change(request: Request, parts: PartsOf, ident: Ident, given: Change, actor: _Writer) -> Response:
    """Change a scorecard; other questions are a new version, and what was judged keeps its own."""
    return await _changed(request, parts, actor, _FORM, ident, given)


@router.delete("/scorecards/{ident}", status_code=204, summary="Take a scorecard away")
async def drop(parts: PartsOf, ident: Ident, actor: _Writer) -> Response:
    """Judge nothing more by it; its rules draw no more, assessments stay."""
    return await _dropped(parts, actor, _FORM, ident)


@router.get("/samplings", summary="Which contacts are drawn", responses=gives(Samplings))
async def samplings(parts: PartsOf, actor: _Reader) -> Response:
    """Return every rule, and the newest draws with their seeds: who draws again finds the same contacts."""
    _ = actor
    rules, draws = await parts.store.read(lambda conn: (qa_rule_rows.listed(conn), qa_rule_rows.draws(conn)))
    return answer({"items": rules, "draws": draws}, ours=True)


@router.post("/samplings", status_code=201, summary="Let contacts be drawn", responses=gives(Sampling, 201))
async def sample(request: Request, parts: PartsOf, given: NewRule, actor: _Writer) -> Response:
    """Draw by lot from every agent's contacts of each week that is over, beginning with the last."""
    return await _made(request, parts, actor, _RULE, given.columns())


@router.patch("/samplings/{ident}", summary="Change who is drawn", responses=gives(Sampling))
async def change_rule(request: Request, parts: PartsOf, ident: Ident, given: RuleChange, actor: _Writer) -> Response:
    """Change a rule; weeks that are drawn stay as they are."""
    return await _changed(request, parts, actor, _RULE, ident, given)


@router.delete("/samplings/{ident}", status_code=204, summary="Draw no more")
async def drop_rule(parts: PartsOf, ident: Ident, actor: _Writer) -> Response:
    """Draw no more by this rule."""
    return await _dropped(parts, actor, _RULE, ident)


_FORM: tuple[str, Any] = ("scorecard", qa_form_rows)
_RULE: tuple[str, Any] = ("sampling", qa_rule_rows)


async def _made(request: Request, parts: Any, actor: Actor, what: tuple[str, Any], columns: dict[str, Any]) -> Response:
    kind, rows = what

    async def do(this: Try) -> tuple[int, Any]:
        ident, now = parts.idents.new(), parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            rows.create(conn, ident, columns, now=now, actor=actor.id)
            audit.append(conn, Entry(actor=actor.id, action=f"{kind}.create", object_kind=kind, object_id=ident), now)
            made: dict[str, Any] = rows.get(conn.connection, ident)
            this.keep(conn, 201, made)
            return made

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


async def _changed(
    request: Request, parts: Any, actor: Actor, what: tuple[str, Any], ident: str, given: Change | RuleChange
) -> Response:
    kind, rows = what
    columns = given.columns()

    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            rows.patch(conn, ident, columns, row_version=given.row_version, now=now, actor=actor.id)
            told = {"fields": sorted(columns)}
            entry = Entry(actor=actor.id, action=f"{kind}.edit", object_kind=kind, object_id=ident, detail=told)
            audit.append(conn, entry, now)
            shown: dict[str, Any] = rows.get(conn.connection, ident)
            this.keep(conn, 200, shown)
            return shown

        return 200, await parts.store.write(unit)

    return await once(request, parts, actor, do)


async def _dropped(parts: Any, actor: Actor, what: tuple[str, Any], ident: str) -> Response:
    kind, rows = what
    now = parts.clock.now()

    def unit(conn: Any) -> None:
        rows.drop(conn, ident, now=now, actor=actor.id)
        audit.append(conn, Entry(actor=actor.id, action=f"{kind}.drop", object_kind=kind, object_id=ident), now)

    await parts.store.write(unit)
    return Response(status_code=204)

"""Announcements: what is said to the people here, who has read it, and who must."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Ident, Limit, PartsOf, answer, may, page
from contactd.crm_store import announcement_rows, audit
from contactd.crm_store.audit import Entry
from contactd.desk.rights import Actor, authorize
from contactd.settings import RoleName

router = APIRouter(prefix="/api/v1", tags=["announcements"])
_Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]
_Body = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
_Code = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Writer = Annotated[Actor, may("announcement.write")]
_Reader = Annotated[Actor, may("announcement.read")]


class Audience(BaseModel):
    """Who is meant: in one of each list that is not empty."""

    roles: Annotated[list[RoleName], Field(max_length=20)] = []
    lines: Annotated[list[_Code], Field(max_length=100)] = []
    teams: Annotated[list[_Code], Field(max_length=100)] = []


class New(BaseModel):
    """What is to be said."""

    model_config = ConfigDict(extra="ignore")
    title: _Title
    body: _Body = ""
    audience: Audience = Audience()
    begins_at: AwareDatetime | None = None
    """Null: now."""
    ends_at: AwareDatetime | None = None
    must: bool = False
    """Who has not read it does not become ready."""


class Announcement(Shape):
    """An announcement."""

    id: str
    title: str
    body: str
    begins_at: str
    ends_at: str | None
    must: bool


class Readers(Shape):
    """Who is meant, and when they read it."""

    items: list[dict[str, Any]]


class Made(Shape):
    """What was made."""

    id: str


@router.get("/announcements", summary="What is announced", responses=gives(Page[Announcement]))
async def announcements(
    parts: PartsOf,
    actor: _Reader,
    everything: Annotated[bool, Query(alias="all")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return what is announced to who asks, with `read_at`; `all=1` (who may write them): all, with how many have read each."""
    if not everything:
        now = parts.clock.now()
        return page(await parts.store.read(lambda conn: announcement_rows.of(conn, actor.id, now)), None)
    authorize(actor, "announcement.write")
    items, following = await parts.store.read(partial(announcement_rows.listed, limit=limit, cursor=cursor))
    return page(items, following)


@router.post("/announcements", status_code=201, summary="Announce something", responses=gives(Made, 201))
async def create(request: Request, parts: PartsOf, given: New, actor: _Writer) -> Response:
    """Say something to those who are meant; its words stay as they are: what was wrong is withdrawn and said anew."""

    async def do(this: Try) -> tuple[int, Any]:
        ident, now = parts.idents.new(), parts.clock.now()
        values = given.model_dump() | {"begins_at": given.begins_at or now}

        def unit(conn: Any) -> dict[str, str]:
            announcement_rows.create(conn, ident, values, now=now, actor=actor.id)
            _note(conn, actor, "announcement.create", ident, now)
            made = {"id": ident}
            this.keep(conn, 201, made)
            return made

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.post("/announcements/{ident}/withdraw", status_code=204, summary="Take an announcement back")
async def withdraw(parts: PartsOf, ident: Ident, actor: _Writer) -> Response:
    """Show it no more; who read it stays on record."""
    now = parts.clock.now()

    def unit(conn: Any) -> None:
        announcement_rows.withdraw(conn, ident, now=now, actor=actor.id)
        _note(conn, actor, "announcement.withdraw", ident, now)

    await parts.store.write(unit)
    return Response(status_code=204)


@router.post("/announcements/{ident}/read", status_code=204, summary="Say that one has read it")
async def read(parts: PartsOf, ident: Ident, actor: Annotated[Actor, may("announcement.confirm")]) -> Response:
    """Note when who asks has read it; the first time counts."""
    now = parts.clock.now()
    await parts.store.write(lambda conn: announcement_rows.confirm(conn, ident, actor.id, now))
    return Response(status_code=204)


@router.get("/announcements/{ident}/readers", summary="Who has read it", responses=gives(Readers))
async def readers(parts: PartsOf, ident: Ident, actor: _Writer) -> Response:
    """Return everybody it means, who has not read it first."""
    _ = actor
    return answer({"items": await parts.store.read(lambda conn: announcement_rows.readers(conn, ident))})


def _note(conn: Any, actor: Actor, action: str, ident: str, now: Any) -> None:
    audit.append(conn, Entry(actor=actor.id, action=action, object_kind="announcement", object_id=ident), now)

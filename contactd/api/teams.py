"""Teams as a tree, and whose customers of which segments somebody sees: what scopes below `all` are measured by."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Shape, gives
from contactd.api.parts import Ident, PartsOf, answer, may
from contactd.crm_store import audit, team_rows
from contactd.crm_store.audit import Entry
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["people"])
_Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Chief = Annotated[Actor, may("team.manage")]


class Team(BaseModel):
    """A team and the one it belongs to."""

    model_config = ConfigDict(extra="ignore")
    name: _Word
    parent: _Word | None = None


class Segments(BaseModel):
    """Whose customers somebody sees."""

    model_config = ConfigDict(extra="ignore")
    segments: Annotated[list[_Word], Field(max_length=100)]


class Teams(Shape):
    """All teams: `id, name, parent`."""

    items: list[dict[str, Any]]


@router.get("/teams", summary="Teams, and which belongs to which", responses=gives(Teams))
async def listed(parts: PartsOf, _actor: Annotated[Actor, may("agent.list")]) -> Response:
    """Return every team."""
    return answer({"items": await parts.store.read(team_rows.listed)})


@router.put("/teams/{ident}", status_code=204, summary="Make or change a team")
async def put(parts: PartsOf, ident: Ident, given: Team, actor: _Chief) -> Response:
    """Say what a team is called and under which it stands; agents name it by its id (`user add --team`)."""
    now, detail = parts.clock.now(), {"parent": given.parent}
    entry = Entry(actor=actor.id, action="team.put", object_kind="team", object_id=ident, detail=detail)

    def unit(conn: Any) -> None:
        team_rows.put(conn, ident, name=given.name, parent=given.parent, now=now)
        audit.append(conn, entry, now)

    await parts.store.write(unit)
    return Response(status_code=204)


@router.put("/agents/{ident}/segments", status_code=204, summary="Say whose customers somebody sees")
async def segments(parts: PartsOf, ident: Ident, given: Segments, actor: _Chief) -> Response:
    """Replace the segments of somebody whose scope is `segment`."""
    now, detail = parts.clock.now(), {"segments": sorted(set(given.segments))}
    entry = Entry(actor=actor.id, action="agent.segments", object_kind="agent", object_id=ident, detail=detail)

    def unit(conn: Any) -> None:
        team_rows.set_segments(conn, ident, given.segments)
        audit.append(conn, entry, now)

    await parts.store.write(unit)
    return Response(status_code=204)

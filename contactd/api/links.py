"""Who belongs to whom: links between customers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from contactd.api.answers import Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Ident, Looking, PartsOf, answer, looks, may
from contactd.crm_store import audit, link_rows
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["customers"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Word = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class NewLink(BaseModel):
    """To whom a customer belongs, and as what."""

    model_config = ConfigDict(extra="ignore")
    to: _Id
    role: _Word
    title: _Word = ""
    department: _Word = ""
    primary: bool = False


class Picture(Shape):
    """Who stands around a customer."""

    nodes: list[dict[str, Any]]
    """`id, name, kind, hop`: the customer (hop 0), who is linked with them, and who with those."""
    links: list[dict[str, Any]]
    """`id, from, to, role, title, department`."""


@router.get("/parties/{ident}/links", summary="Who a customer belongs to", responses=gives(Picture))
async def around(parts: PartsOf, looking: Annotated[Looking, looks("party.read", "party")], ident: Ident) -> Response:
    """Return the small picture around a customer, two steps deep."""
    found = await parts.store.read(lambda conn: link_rows.around(conn, ident))
    looking.saw(ident, "links")
    return answer(found)


@router.post("/parties/{ident}/links", status_code=201, summary="Link two customers", responses=gives(Picture, 201))
async def add(
    request: Request, parts: PartsOf, ident: Ident, given: NewLink, actor: Annotated[Actor, may("party.edit")]
) -> Response:
    """Say that a customer works for, reports to, is a dealer of … another."""

    async def do(this: Try) -> tuple[int, Any]:
        link, now = parts.idents.new(), parts.clock.now()
        values = {
            "from_party": ident,
            "to_party": given.to,
            "role": given.role,
            "title": given.title,
            "department": given.department,
            "is_primary": given.primary,
        }

        def unit(conn: Any) -> dict[str, Any]:
            link_rows.add(conn, link, values, now=now, actor=actor.id)
            told = {"link": link, "to": given.to, "role": given.role}
            audit.note(conn, actor.id, "party.link", ("party", ident), now, **told)
            made = link_rows.around(conn.connection, ident)
            this.keep(conn, 201, made)
            return made

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.delete("/links/{ident}", status_code=204, summary="End a link")
async def end(parts: PartsOf, ident: Ident, actor: Annotated[Actor, may("party.edit")]) -> Response:
    """Let a link hold no longer; that it was stays on record."""
    now = parts.clock.now()

    def unit(conn: Any) -> None:
        party = link_rows.end(conn, ident, now=now)
        audit.note(conn, actor.id, "party.unlink", ("party", party), now, link=ident)

    await parts.store.write(unit)
    return Response(status_code=204)

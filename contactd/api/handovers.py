"""Somebody leaves: what they hold, handed over to a colleague in one operation, and taken back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from contactd.api.answers import Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Ident, PartsOf, answer, may
from contactd.core.agent import Role
from contactd.crm_store import handover_rows
from contactd.desk.leaving import Leaving, Returning
from contactd.desk.rights import PROGRAM, Actor

router = APIRouter(prefix="/api/v1", tags=["agents"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Word = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Chief = Annotated[Actor, may("user.leave")]


class NewHandover(BaseModel):
    """Who leaves, and who takes over."""

    model_config = ConfigDict(extra="ignore")
    leaver: _Id
    heir: _Id
    reason: _Word = ""


class Handover(Shape):
    """What changed hands."""

    id: str
    leaver: str
    heir: str
    counts: dict[str, int]
    kept: list[dict[str, Any]]


class Holdings(Shape):
    """What somebody holds."""

    items: list[dict[str, Any]]
    """Each `kind, count, some`."""


class Handovers(Shape):
    """The latest ones."""

    items: list[Handover]


@router.get("/agents/{ident}/holdings", summary="What somebody holds", responses=gives(Holdings))
async def holdings(parts: PartsOf, ident: Ident, _actor: _Chief) -> Response:
    """Return customers, cases, promises, tasks, drafts, letters, conversations and contacts of an agent, counted and some named."""
    return answer({"items": await parts.store.read(lambda conn: handover_rows.holdings(conn, ident))})


@router.get("/handovers", summary="Who left, and who took over", responses=gives(Handovers))
async def listed(parts: PartsOf, _actor: _Chief) -> Response:
    """Return the latest handovers, newest first."""
    return answer({"items": await parts.store.read(handover_rows.listed)})


@router.post("/handovers", status_code=201, summary="Let somebody leave", responses=gives(Handover, 201))
async def leave(request: Request, parts: PartsOf, given: NewHandover, actor: _Chief) -> Response:
    """Give everything somebody holds to a colleague and end their account, in one operation that can be undone."""

    async def do(this: Try) -> tuple[int, Any]:
        leaving = Leaving(
            leaver=given.leaver,
            heir=given.heir,
            reason=given.reason,
            actor=actor.id,
            node=parts.store.node,
            now=parts.clock.now(),
            ident=parts.idents.new(),
            idents=parts.idents,
            chief=_is_chief(actor),
        )

        def unit(conn: Any) -> dict[str, Any]:
            done = leaving.unit(conn)
            this.keep(conn, 201, done)
            return done

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.post("/handovers/{ident}/undo", summary="Take a handover back", responses=gives(Handover))
async def undo(parts: PartsOf, ident: Ident, actor: _Chief) -> Response:
    """Give back what nobody has given on since (the rest is named in `kept`), and let the person log in again, if this ended it."""
    returning = Returning(
        handover=ident,
        actor=actor.id,
        node=parts.store.node,
        now=parts.clock.now(),
        idents=parts.idents,
        chief=_is_chief(actor),
    )
    return answer(await parts.store.write(returning.unit))


def _is_chief(actor: Actor) -> bool:
    """Tell whether an admin asks; a program has its scope from one."""
    return actor.role in {Role.ADMIN, PROGRAM}

"""Promises: what we said we would do by when."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from contactd.api.answers import Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Filter, Ident, Looking, PartsOf, answer, looks, may
from contactd.crm_store import audit, promise_rows, sight
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["cases"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Word = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Writer = Annotated[Actor, may("case.edit")]
_Reader = Annotated[Looking, looks("case.read", "case")]


class NewPromise(BaseModel):
    """What we say we will do by when."""

    model_config = ConfigDict(extra="ignore")
    text: Annotated[_Word, StringConstraints(min_length=1)]
    due_at: AwareDatetime
    owner: _Id | None = None
    party: _Id | None = None
    case: _Id | None = None
    interaction: _Id | None = None


class Settled(BaseModel):
    """How a promise ended."""

    model_config = ConfigDict(extra="ignore")
    broken: _Word | None = None


class Promises(Shape):
    """Open promises."""

    items: list[dict[str, Any]]


@router.get("/promises", summary="What we said we would do", responses=gives(Promises))
async def promises(parts: PartsOf, looking: _Reader, party: Filter = None, owner: Filter = None) -> Response:
    """Return open promises, those due first in front: a customer's, or somebody's own (`owner=me`)."""
    whose = looking.actor.id if owner == "me" else owner
    seen = sight.of_promises(looking.actor.sight, parts.clock.now())
    items = await parts.store.read(lambda conn: promise_rows.listed(conn, party=party, owner=whose, seen=seen))
    looking.saw_all(item["id"] for item in items)
    return answer({"items": items})


@router.post("/promises", status_code=201, summary="Promise something", responses=gives(Shape, 201))
async def promise(request: Request, parts: PartsOf, given: NewPromise, actor: _Writer) -> Response:
    """Write down what is promised; its owner is reminded before it breaks."""

    async def do(this: Try) -> tuple[int, Any]:
        ident, now = parts.idents.new(), parts.clock.now()
        values = {
            "text": given.text,
            "due_at": given.due_at,
            "owner": given.owner or actor.id,
            "party_id": given.party,
            "case_id": given.case,
            "interaction_id": given.interaction,
        }

        def unit(conn: Any) -> dict[str, Any]:
            promise_rows.make(conn, ident, values, now=now, actor=actor.id)
            told = {"party": given.party, "case": given.case}
            audit.note(conn, actor.id, "promise.make", ("promise", ident), now, **told)
            this.keep(conn, 201, {"id": ident})
            return {"id": ident}

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.post("/promises/{ident}", status_code=204, summary="Say how a promise ended")
async def settle(parts: PartsOf, ident: Ident, given: Settled, actor: _Writer) -> Response:
    """Kept, or broken with a reason."""
    now = parts.clock.now()

    def unit(conn: Any) -> None:
        promise_rows.settle(conn, ident, broken=given.broken, now=now)
        audit.note(conn, actor.id, "promise.settle", ("promise", ident), now, broken=bool(given.broken))

    await parts.store.write(unit)
    return Response(status_code=204)

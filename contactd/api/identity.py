"""Identity check of the customer of a contact in hand: what may be asked, and whether an answer is right; never the answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from contactd.api.answers import Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Ident, PartsOf, actor_of, answer, see_named
from contactd.crm_store import approval_rows, identity_rows
from contactd.desk.rights import Actor, authorize

router = APIRouter(prefix="/api/v1", tags=["identity"])


class Given(BaseModel):
    """What the customer answered."""

    model_config = ConfigDict(extra="ignore")
    question: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    answer: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Identity(Shape):
    """How far the customer is known."""

    party: str | None
    level: int
    needed: list[int]
    """Right answers that reach level 1, 2, 3."""
    granted: int = 0
    """Level somebody else granted to who asks."""
    questions: list[dict[str, Any]]
    wrong_left: int


async def _asker(request: Request) -> Actor:
    actor = await actor_of(request)
    authorize(actor, "identity.check", (actor.id,))
    await see_named(request, actor)
    return actor


_Asker = Annotated[Actor, Depends(_asker)]


@router.get("/interactions/{ident}/identity", summary="How far the customer is known", responses=gives(Identity))
async def state(parts: PartsOf, ident: Ident, actor: _Asker) -> Response:
    """Return the level, and what may be asked, of a contact in one's own hands; without questions there is nothing to ask."""
    now = parts.clock.now()

    def look(conn: Any) -> dict[str, Any]:
        found = identity_rows.view(conn, ident, parts.identity, agent=actor.id, now=now)
        granted = approval_rows.opened(conn, actor.id, now) if found["party"] else {}
        return found | {"granted": granted.get(found["party"], 0)}

    return answer(await parts.store.read(look), ours=True)


@router.post("/interactions/{ident}/identity", summary="Hold an answer against what is kept", responses=gives(Identity))
async def check(request: Request, parts: PartsOf, ident: Ident, given: Given, actor: _Asker) -> Response:
    """Say whether an answer is right; each question once in a contact, and few wrong ones."""

    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            found = identity_rows.answer(
                conn, ident, given.question, given.answer, parts.identity, agent=actor.id, now=now
            )
            this.keep(conn, 200, found)
            return found

        return 200, await parts.store.write(unit)

    return await once(request, parts, actor, do)

"""Drafts for other systems: orders, returns and addresses written here, looked over, sent, and what became of them."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, PartsOf, answer, looks, may, page
from contactd.core import writeback as rules
from contactd.core.errors import ForbiddenError
from contactd.crm_store import writeback_rows
from contactd.crm_store.sight import of_writebacks
from contactd.desk.rights import Actor, authorize

router = APIRouter(prefix="/api/v1", tags=["writebacks"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Note = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
_Writer = Annotated[Actor, may("writeback.write")]


class NewDraft(BaseModel):
    """What is to change in another system."""

    model_config = ConfigDict(extra="ignore")
    connector: _Id
    kind: Literal["order", "return", "address"]
    party: _Id
    case: _Id | None = None
    interaction: _Id | None = None
    payload: dict[str, Any]
    """`reference, reason, note, lines: [{item, quantity, note}], address: {street, city …}`, as its kind needs."""


class Words(BaseModel):
    """What a draft says now."""

    model_config = ConfigDict(extra="ignore")
    payload: dict[str, Any]
    row_version: int | None = None


class Act(BaseModel):
    """submit | return | approve | drop | retry, and why."""

    model_config = ConfigDict(extra="ignore")
    act: _Id
    note: _Note = ""


class Draft(Shape):
    """A draft and how it stands."""

    id: str
    connector: str
    kind: str
    state: str
    """draft | review | queued | sending | done | refused | failed | dropped"""
    maybe: bool
    """It may have arrived: its answer did not come, and it is asked again under the same key."""
    number: str
    """What the other system calls it."""
    last_error: str
    payload: dict[str, Any]


class Targets(Shape):
    """Where drafts may go."""

    items: list[dict[str, Any]]


@router.get("/writeback-targets", summary="Where drafts may go", responses=gives(Targets))
async def targets(parts: PartsOf, actor: Annotated[Actor, may("writeback.read")]) -> Response:
    """Return the systems drafts are sent to, each with the sorts somebody else looks over first."""
    _ = actor
    return answer({"items": parts.writing_back.targets(), "kinds": list(rules.KINDS)})


@router.get("/writebacks", summary="Drafts for other systems", responses=gives(Page[Draft]))
async def listed(
    parts: PartsOf,
    looking: Annotated[Looking, looks("writeback.read", "writeback")],
    party: Filter = None,
    case: Filter = None,
    state: Filter = None,
    author: Filter = None,
    connector: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page, newest first; `state=open` are those not over, `author=me` my own."""
    actor = looking.actor
    filters = {"party": party, "case": case, "state": state, "connector": connector}
    filters["author"] = actor.id if author == "me" else author
    seen = of_writebacks(actor.sight, parts.clock.now())
    look = partial(writeback_rows.listed, filters=filters, seen=seen, limit=limit, cursor=cursor)
    items, following = await parts.store.read(look)
    looking.saw_all(item["id"] for item in items)
    return page(items, following)


@router.post("/writebacks", status_code=201, summary="Write a draft", responses=gives(Draft, 201))
async def create(request: Request, parts: PartsOf, given: NewDraft, actor: _Writer) -> Response:
    """Keep a draft; nothing is sent before it is submitted."""
    parts.writing_back.system(given.connector)
    row: dict[str, Any] = {
        "connector": given.connector,
        "kind": given.kind,
        "payload": rules.payload(given.kind, given.payload),
    }
    row |= {"party_id": given.party, "case_id": given.case, "interaction_id": given.interaction}

    async def do(this: Try) -> tuple[int, Any]:
        ident, now = parts.idents.new(), parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            writeback_rows.create(conn, ident, row, now=now, actor=actor.id)
            shown = writeback_rows.get(conn.connection, ident)
            this.keep(conn, 201, shown)
            return shown

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.get("/writebacks/{ident}", summary="One draft", responses=gives(Draft))
async def one(
    parts: PartsOf, ident: Ident, looking: Annotated[Looking, looks("writeback.read", "writeback")]
) -> Response:
    """Return a draft, how it stands, and what the other system answered."""
    found = await _seen(parts, looking.actor, ident)
    looking.saw(ident)
    return answer(found)


@router.patch("/writebacks/{ident}", summary="Change what a draft says", responses=gives(Draft))
async def write(request: Request, parts: PartsOf, ident: Ident, given: Words, actor: _Writer) -> Response:
    """Change a draft that was not submitted yet; 409 when somebody else changed it since `row_version`."""
    there = await _seen(parts, actor, ident)
    payload = rules.payload(there["kind"], given.payload)

    def change(conn: Any, now: Any) -> None:
        writeback_rows.write(conn, ident, payload, row_version=given.row_version, now=now, actor=actor.id)

    return await _changed(request, parts, actor, ident, change)


@router.post("/writebacks/{ident}/act", summary="Submit, approve, return, drop, retry", responses=gives(Draft))
async def act(request: Request, parts: PartsOf, ident: Ident, given: Act, actor: _Writer) -> Response:
    """Move a draft; where two pairs of eyes are asked for, somebody who wrote none of it approves it, in person."""
    there = await _seen(parts, actor, ident)
    four_eyes = parts.writing_back.four_eyes(there["connector"], there["kind"])
    if given.act in {"approve", "return"}:
        authorize(actor, "writeback.approve")
    if given.act == "approve" and four_eyes and actor.scopes is not None:
        # A token is in the hands of whoever made it, who may have written the draft.
        message = "Somebody else looks it over, logged in themselves."
        raise ForbiddenError(message, code="four_eyes")
    about: dict[str, Any] = {"four_eyes": four_eyes, "system": parts.writing_back.system(there["connector"])}

    def change(conn: Any, now: Any) -> None:
        writeback_rows.act(conn, ident, given.act, note=given.note, now=now, actor=actor.id, **about)

    return await _changed(request, parts, actor, ident, change)


async def _seen(parts: Any, actor: Actor, ident: str) -> dict[str, Any]:
    """Return a draft whose customer the actor sees.

    Raises:
        NotFoundError: there is none such.
    """
    seen = of_writebacks(actor.sight, parts.clock.now())
    found: dict[str, Any] = await parts.store.read(partial(writeback_rows.get, ident=ident, seen=seen))
    return found


async def _changed(request: Request, parts: Any, actor: Actor, ident: str, change: Any) -> Response:
    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            change(conn, now)
            shown = writeback_rows.get(conn.connection, ident)
            this.keep(conn, 200, shown)
            return shown

        return 200, await parts.store.write(unit)

    return await once(request, parts, actor, do)

"""Rights of customers: erasure that two people decide, legal holds, consent with its evidence, all that is kept of one."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.imports import fetched
from contactd.api.once import Try, once
from contactd.api.parts import Filter, Ident, Looking, PartsOf, answer, looks, may, page
from contactd.core.errors import ForbiddenError
from contactd.crm_store import privacy_rows, sight
from contactd.desk.rights import Actor, permitted

router = APIRouter(prefix="/api/v1", tags=["privacy"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Text = Annotated[str, StringConstraints(min_length=3, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Asked(BaseModel):
    """Somebody who is to be erased."""

    model_config = ConfigDict(extra="ignore")
    party: _Id
    reason: _Text
    verified_how: _Text
    """How it was made sure that it is they who ask."""


class Decided(BaseModel):
    """What somebody else decides."""

    model_config = ConfigDict(extra="ignore")
    decision: _Word = ""


class Held(BaseModel):
    """Records that must stay."""

    model_config = ConfigDict(extra="ignore")
    party: _Id
    reason: _Text


class Said(BaseModel):
    """What a customer said about a purpose."""

    model_config = ConfigDict(extra="ignore")
    purpose: Literal["service", "marketing", "recording", "profiling"]
    state: Literal["granted", "denied", "withdrawn"]
    channel: _Word = ""
    text_version: _Word = ""
    evidence: _Word = ""
    interaction: _Word = ""
    expires_at: AwareDatetime | None = None


class PrivacyRequest(Shape):
    """A request and how far it is."""

    id: str
    party_id: str
    state: str
    asked_by: str
    asked_at: str
    decided_by: str | None
    certificate: dict[str, Any] | None


class Consents(Shape):
    """What a customer said, newest first, and what stands of it."""

    items: list[dict[str, Any]]
    standing: list[dict[str, Any]]


class Hold(Shape):
    """A legal hold."""

    id: str
    party_id: str
    reason: str
    at: str


@router.post("/privacy/requests", status_code=201, summary="Ask for an erasure", responses=gives(PrivacyRequest, 201))
async def ask(request: Request, parts: PartsOf, given: Asked, actor: Annotated[Actor, may("privacy.ask")]) -> Response:
    """Note that a customer wants to be erased; nothing happens until somebody else approves."""

    async def do(this: Try) -> tuple[int, Any]:
        ident, now = parts.idents.new(), parts.clock.now()
        row = {"id": ident, "party_id": given.party, "reason": given.reason, "verified_how": given.verified_how}

        def unit(conn: Any) -> dict[str, Any]:
            privacy_rows.ask(conn, row | {"asked_by": privacy_rows.asker(conn.connection, actor.id, actor.login)}, now)
            made = privacy_rows.view(privacy_rows.get(conn.connection, ident))
            this.keep(conn, 201, made)
            return made

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.get("/privacy/requests", summary="Requests of customers", responses=gives(Page[PrivacyRequest]))
async def listed(
    parts: PartsOf, looking: Annotated[Looking, looks("privacy.read", "privacy")], state: Filter = None
) -> Response:
    """Return the newest requests, all or those in a state: asked, refused, running, done."""
    seen = sight.of_requests(looking.actor.sight, parts.clock.now())
    items = await parts.store.read(partial(privacy_rows.listed, state=state or "", seen=seen))
    looking.saw_all(item["id"] for item in items)
    return page(items, None)


@router.get("/privacy/requests/{ident}", summary="One request", responses=gives(PrivacyRequest))
async def one(parts: PartsOf, ident: Ident, looking: Annotated[Looking, looks("privacy.read", "privacy")]) -> Response:
    """Return a request; when it is done, with its certificate."""
    found = await parts.store.read(lambda conn: privacy_rows.view(privacy_rows.get(conn, ident)))
    looking.saw(ident)
    return answer(found)


@router.post("/privacy/requests/{ident}/approve", summary="Approve it", responses=gives(PrivacyRequest))
async def approve(
    parts: PartsOf, ident: Ident, given: Decided, actor: Annotated[Actor, may("privacy.decide")]
) -> Response:
    """Let the erasure happen; refused for who asked, under a legal hold, and while work is open."""
    return await _decide(parts, ident, actor, given.decision, approve=True)


@router.post("/privacy/requests/{ident}/refuse", summary="Refuse it", responses=gives(PrivacyRequest))
async def refuse(
    parts: PartsOf, ident: Ident, given: Decided, actor: Annotated[Actor, may("privacy.decide")]
) -> Response:
    """Say that the erasure does not happen, and why."""
    return await _decide(parts, ident, actor, given.decision, approve=False)


async def _decide(parts: Any, ident: str, actor: Actor, decision: str, *, approve: bool) -> Response:
    now = parts.clock.now()

    def unit(conn: Any) -> dict[str, Any]:
        in_person = actor.scopes is None
        privacy_rows.decide(conn, ident, actor.id, in_person=in_person, approve=approve, decision=decision, now=now)
        return privacy_rows.view(privacy_rows.get(conn.connection, ident))

    return answer(await parts.store.write(unit))


@router.get("/privacy/holds", summary="Legal holds", responses=gives(Page[Hold]))
async def holds(parts: PartsOf, looking: Annotated[Looking, looks("privacy.read", "privacy")]) -> Response:
    """Return the legal holds that stand."""
    seen = sight.of_holds(looking.actor.sight, parts.clock.now())
    items = await parts.store.read(partial(privacy_rows.holds, seen=seen))
    looking.saw_all(item["id"] for item in items)
    return page(items, None)


@router.post("/privacy/holds", status_code=201, summary="Keep records from erasure", responses=gives(Hold, 201))
async def hold(parts: PartsOf, given: Held, actor: Annotated[Actor, may("privacy.ask")]) -> Response:
    """Put a customer's records under a legal hold."""
    ident, now = parts.idents.new(), parts.clock.now()
    await parts.store.write(lambda conn: privacy_rows.hold(conn, ident, given.party, given.reason, actor.id, now))
    return answer({"id": ident, "party_id": given.party, "reason": given.reason}, 201)


@router.delete("/privacy/holds/{ident}", status_code=204, summary="Lift a legal hold")
async def lift(parts: PartsOf, ident: Ident, actor: Annotated[Actor, may("privacy.decide")]) -> Response:
    """Let the records go their way again."""
    now = parts.clock.now()
    await parts.store.write(lambda conn: privacy_rows.lift(conn, ident, actor.id, now))
    return Response(status_code=204)


@router.get("/parties/{ident}/consents", summary="What a customer agreed to", responses=gives(Consents))
async def consents(parts: PartsOf, ident: Ident, looking: Annotated[Looking, looks("party.read", "party")]) -> Response:
    """Return all that was said, with its evidence, and what stands now; of merged records the most restrictive word wins."""
    now = parts.clock.now()
    items, standing = await parts.store.read(
        lambda conn: (privacy_rows.said(conn, ident), privacy_rows.standing(conn, ident, now)),
    )
    looking.saw(ident, "consents")
    return answer({"items": items, "standing": standing})


@router.post("/parties/{ident}/consents", status_code=201, summary="Note a consent", responses=gives(Consents, 201))
async def say(
    request: Request, parts: PartsOf, ident: Ident, given: Said, actor: Annotated[Actor, may("consent.say")]
) -> Response:
    """Note what a customer said about a purpose: given only with evidence, denied or withdrawn at once."""

    async def do(this: Try) -> tuple[int, Any]:
        now, new = parts.clock.now(), parts.idents.new()
        row = {"id": new, "party_id": ident, "by": actor.id, "interaction_id": given.interaction or None}
        row |= given.model_dump(include={"purpose", "state", "channel", "text_version", "evidence", "expires_at"})

        def unit(conn: Any) -> dict[str, Any]:
            privacy_rows.say(conn, row, now)
            told = {"items": privacy_rows.said(conn.connection, ident)}
            told["standing"] = privacy_rows.standing(conn.connection, ident, now)
            this.keep(conn, 201, told)
            return told

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.get("/parties/{ident}/archive", summary="All that is kept of a customer")
async def archive(
    parts: PartsOf, ident: Ident, looking: Annotated[Looking, looks("party.archive", "party")]
) -> Response:
    """Return a zip: `data.json`, a page to read, and the originals of mail, files and, for who may listen, recordings."""
    if looking.actor.levels.narrow:
        message = "Who sees numbers masked takes no archive."
        raise ForbiddenError(message, code="masked")
    path = await parts.handing_out.archive(ident, looking.actor.id, heard=permitted(looking.actor, "recording.listen"))
    looking.saw(ident, "archive")
    return fetched(path, f"customer-{ident}.zip")

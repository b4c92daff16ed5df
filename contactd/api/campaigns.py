"""Campaigns: who is to be called, how far it has come, and what became of each call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, Parts, PartsOf, answer, looks, may, page
from contactd.core import campaigning as rules
from contactd.core.errors import BadRequestError, ForbiddenError
from contactd.crm_store import audit, campaign_reads, campaign_rows, sight
from contactd.crm_store.audit import Entry
from contactd.desk import campaigns
from contactd.desk.rights import Actor, permitted

router = APIRouter(prefix="/api/v1", tags=["records"])
_Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
MOST = 20_000
"""Customers looked at in one request at most; who wants more goes on after the last."""
LONGEST_ROW = 10
"""Digits of the number of a row, and one."""
_PARTY = "party:"
_ROW = "row:"


class Whom(BaseModel):
    """Who is to be called: named customers, those of a segment, or of an import."""

    model_config = ConfigDict(extra="ignore")
    parties: Annotated[list[_Id], Field(max_length=1000)] = []
    segment: _Word | None = None
    job: _Id | None = None
    """An import."""
    after: _Id | None = None
    """Go on with a segment or an import: `after` of the answer before."""
    most: Annotated[int, Field(ge=1, le=MOST)] = MOST
    """How many are looked at before the answer: less, to see how it goes on."""


class Added(Shape):
    """What became of them."""

    added: int
    already: int
    left_out: dict[str, int]
    """restricted | do_not_call | consent_refused | no_consent | no_number → how many."""
    more: bool
    """There are more than one request takes: ask again with `after`."""
    after: str | None
    """The last one looked at; None when all were."""
    looked_at: int
    """How many customers (of an import: rows) this request went through."""


class Member(Shape):
    """A customer in a campaign."""

    id: str
    campaign: str
    party_id: str
    party_name: str
    state: str
    """open | queued | tried | reached | refused | done | left_out"""
    reason: str | None
    attempts: int
    outcome: str
    next_at: str | None
    last_at: str | None
    last_by: str | None


class Figures(Shape):
    """How far a campaign has come."""

    members: int
    states: dict[str, int]
    reasons: dict[str, int]
    attempts: int
    reached_rate: float | None
    """Reached or refused, of those whose calls are over."""


class Outcome(BaseModel):
    """What became of a call."""

    model_config = ConfigDict(extra="ignore")
    outcome: _Word
    """reached | tried (nobody answered) | refused"""
    text: Annotated[str, StringConstraints(max_length=campaign_rows.LONGEST, pattern=r"^[^\x00]*$")] = ""


@router.post("/records/{ident}/members", summary="Add customers to a campaign", responses=gives(Added))
async def add(parts: PartsOf, ident: Ident, given: Whom, actor: Annotated[Actor, may("campaign.manage")]) -> Response:
    """Add each once; who must not be called for its purpose is left out, with the reason."""
    if not given.parties and given.segment is None and given.job is None:
        message = "Name customers, a segment or an import."
        raise BadRequestError(message, field="parties")
    row = await parts.store.read(partial(campaign_rows.campaign, ident=ident))
    policy = parts.policy()[1]
    if given.segment is not None and given.segment not in policy.customers.segments:
        message = "There is no such segment."
        raise BadRequestError(message, field="segment")
    only_agreed = campaigns.granted(policy, campaign_rows.rules_of(row))
    told: dict[str, Any] = {"added": 0, "already": 0, "left_out": {}, "more": False, "after": None, "looked_at": 0}
    async for some, looked, place in _whom(parts, given, actor):
        if told["after"] is not None and told["looked_at"] >= given.most:
            told["more"] = True
            break
        unit = partial(
            campaign_rows.add, row=row, parties=some, granted=only_agreed, now=parts.clock.now(), actor=actor.id
        )
        made = await parts.store.write(unit, bulk=True)
        told["looked_at"] += looked
        told["after"] = place
        told["added"] += made["added"]
        told["already"] += made["already"]
        for why, n in made["left_out"].items():
            told["left_out"][why] = told["left_out"].get(why, 0) + n
    if not told["more"]:
        told["after"] = None
    detail = {"added": told["added"], "segment": given.segment, "import": given.job}
    entry = Entry(actor=actor.id, action="campaign.add", object_kind="record", object_id=row.id, detail=detail)
    await parts.store.write(lambda conn: audit.append(conn, entry, parts.clock.now()))
    return answer(told)


@router.get("/records/{ident}/members", summary="Members of a campaign", responses=gives(Page[Member]))
async def members(
    parts: PartsOf,
    ident: Ident,
    looking: Annotated[Looking, looks("record.read", "record")],
    state: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of members, the latest added first."""
    seen = sight.of_members(looking.actor.sight, parts.clock.now())
    items, following = await parts.store.read(
        lambda conn: campaign_reads.members(conn, ident, state=state, seen=seen, limit=limit, cursor=cursor)
    )
    looking.saw_all(item["party_id"] for item in items)
    return page(items, following)


@router.get("/records/{ident}/figures", summary="How far a campaign has come", responses=gives(Figures))
async def figures(parts: PartsOf, ident: Ident, actor: Annotated[Actor, may("record.read")]) -> Response:
    """Count members by state, and why some are left out; of those whoever asks sees."""
    seen = sight.of_members(actor.sight, parts.clock.now())
    return answer(await parts.store.read(partial(campaign_reads.figures, ident=ident, seen=seen)))


@router.post("/tasks/{ident}/outcome", summary="Say what became of a campaign's call", responses=gives(Member))
async def outcome(
    parts: PartsOf, ident: Ident, given: Outcome, actor: Annotated[Actor, may("record.edit")]
) -> Response:
    """Note it, as who has the call or a supervisor; who refuses marketing is not called for it any more.

    The task itself is finished as ever.
    """
    if given.outcome not in rules.OUTCOMES:
        message = f"An outcome is {', '.join(rules.OUTCOMES)}."
        raise BadRequestError(message, field="outcome")
    now, fresh = parts.clock.now(), parts.idents.new()

    def unit(conn: Any) -> dict[str, Any]:
        if not permitted(actor, "campaign.manage") and campaign_rows.caller(conn.connection, ident) != actor.id:
            message = "Who has the call says what became of it."
            raise ForbiddenError(message, code="not_yours")
        member = campaign_rows.say(conn, ident, given.outcome, text=given.text, ident=fresh, now=now, actor=actor.id)
        audit.note(conn, actor.id, "campaign.outcome", ("task", ident), now, outcome=given.outcome, member=member)
        return campaign_reads.view(conn.connection, member)

    return answer(await parts.store.write(unit))


async def _whom(parts: Parts, given: Whom, actor: Actor) -> AsyncIterator[tuple[list[str], int, str | None]]:
    """Yield (customers, how many were gone through for them, where to go on) a few at a time.

    Of a segment or an import only those whoever asks sees; named ones come first, all with the first request.
    """
    after, row = _place(given)
    for some in campaigns.parts(given.parties if given.after is None else []):
        yield some, len(some), None
    seen = sight.parties(actor.sight, parts.clock.now())
    while given.segment is not None and after is not None:
        some = await parts.store.read(partial(campaign_rows.of_segment, segment=given.segment, after=after, seen=seen))
        if not some:
            break
        after = some[-1]
        yield some, len(some), f"{_PARTY}{after}"
    while given.job is not None:
        rows = await parts.store.read(partial(campaign_rows.of_import, job=given.job, after=row))
        if not rows:
            break
        row = rows[-1][0]
        named = list(dict.fromkeys(party for _, party in rows if party is not None))
        some = await parts.store.read(partial(campaign_rows.only_seen, parties=named, seen=seen))
        yield some, len(rows), f"{_ROW}{row}"


def _place(given: Whom) -> tuple[str | None, int]:
    """Return the customer of a segment (None = it is through) and the row of an import after which it goes on."""
    if given.after is None:
        return "", 0
    if given.after.startswith(_PARTY):
        return given.after.removeprefix(_PARTY), 0
    row = given.after.removeprefix(_ROW)
    if row == given.after or not (row.isascii() and row.isdigit() and len(row) < LONGEST_ROW):
        message = "This is not where an answer ended."
        raise BadRequestError(message, field="after")
    return None, int(row)

"""One customer out of several records: merge, take back, split, and the work list of who may be whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.narrowing import refuse_mingling, refuse_taking
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, PartsOf, answer, looks, may, page
from contactd.core import address
from contactd.core.matching import Profile
from contactd.crm_store import match_rows, merge_journal, merging, parties, sight, unmerging
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["customers"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Word = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class NewMerge(BaseModel):
    """Records that are one customer."""

    model_config = ConfigDict(extra="ignore")
    survivor: _Id
    losers: Annotated[list[_Id], Field(min_length=1, max_length=merging.MOST)]
    fields: Annotated[dict[_Word, _Id], Field(max_length=50)] = {}
    """Field → the record its value is taken from; others stay the survivor's."""
    reason: _Word = ""


class Undoing(BaseModel):
    """How a merge is taken back."""

    model_config = ConfigDict(extra="ignore")
    restore: Annotated[list[_Word], Field(max_length=50)] = []
    """Fields to put back although somebody changed them since."""


class Splitting(BaseModel):
    """What goes along with a record that is parted."""

    model_config = ConfigDict(extra="ignore")
    points: Annotated[list[_Id], Field(max_length=100)] = []
    reason: _Word = ""


class Decision(BaseModel):
    """What somebody says of a pair."""

    model_config = ConfigDict(extra="ignore")
    state: _Word
    until: AwareDatetime | None = None


class Proposal(BaseModel):
    """Two records somebody holds for one customer."""

    model_config = ConfigDict(extra="ignore")
    a: _Id
    b: _Id


class Newcomer(BaseModel):
    """Somebody who is about to be added."""

    model_config = ConfigDict(extra="ignore")
    name: _Word = ""
    kind: _Word = "person"
    uscc: _Word = ""
    points: Annotated[list[_Word], Field(max_length=50)] = []
    organisation: _Word = ""


class Named(Shape):
    """A record and its name."""

    party_id: str
    name: str


class Merge(Shape):
    """An entry of the journal of merges and splits."""

    id: str
    kind: str
    survivor: str
    survivor_name: str
    losers: list[Named]
    fields: list[dict[str, Any]]
    reason: str
    at: str
    by: str | None
    undone_at: str | None
    kept: list[dict[str, Any]]


class Merges(Shape):
    """The merges of a customer."""

    items: list[Merge]


class Record(Shape):
    """One record of a customer, as it is by itself."""

    id: str
    name: str
    canonical: bool


class Records(Shape):
    """All records of a customer."""

    items: list[Record]


class Pair(Shape):
    """Two records that may be one customer."""

    id: str
    a: Named
    b: Named
    score: float
    reasons: list[str]
    state: str


class Alike(Shape):
    """Whom a newcomer may already be."""

    items: list[dict[str, Any]]


@router.post("/merges", status_code=201, summary="Merge records of one customer", responses=gives(Merge, 201))
async def merge(
    request: Request, parts: PartsOf, given: NewMerge, actor: Annotated[Actor, may("party.merge")]
) -> Response:
    """Let the losers lead to the survivor; nothing is moved, and it can be taken back."""
    _refuse(actor, given.fields)
    refuse_mingling(actor.levels, (given.survivor, *given.losers))

    async def do(this: Try) -> tuple[int, Any]:
        ident, now = parts.idents.new(), parts.clock.now()
        choices = {_COLUMNS.get(name, name): source for name, source in given.fields.items()}

        def unit(conn: Any) -> dict[str, Any]:
            refuse_taking(conn.connection, actor.sight, (given.survivor, *given.losers))
            done = merging.merge(
                conn,
                ident,
                given.survivor,
                given.losers,
                choices=choices,
                reason=given.reason,
                actor=actor.id,
                now=now,
            )
            this.keep(conn, 201, done)
            return done

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.post("/merges/{ident}/undo", summary="Take a merge or a split back", responses=gives(Merge))
async def undo(
    request: Request, parts: PartsOf, ident: Ident, given: Undoing, actor: Annotated[Actor, may("party.unmerge")]
) -> Response:
    """Part the records again; fields that somebody changed since stay, and `kept` names them."""
    _refuse(actor, given.restore)

    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()
        restore = [_COLUMNS.get(name, name) for name in given.restore]

        def unit(conn: Any) -> dict[str, Any]:
            done = unmerging.undo(conn, ident, restore=restore, actor=actor.id, now=now)
            this.keep(conn, 200, done)
            return done

        return 200, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.post("/parties/{ident}/split", status_code=201, summary="Part a merged record", responses=gives(Merge, 201))
async def split(
    request: Request, parts: PartsOf, ident: Ident, given: Splitting, actor: Annotated[Actor, may("party.unmerge")]
) -> Response:
    """Make one merged record a customer of its own, with what it always had and the contact points named."""

    async def do(this: Try) -> tuple[int, Any]:
        new, now = parts.idents.new(), parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            done = unmerging.split(conn, new, ident, given.points, reason=given.reason, actor=actor.id, now=now)
            this.keep(conn, 201, done)
            return done

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.get("/parties/{ident}/merges", summary="A customer's merges and splits", responses=gives(Merges))
async def of_party(parts: PartsOf, looking: Annotated[Looking, looks("party.read", "party")], ident: Ident) -> Response:
    """Return the newest 50 entries any record of the customer took part in."""
    items = await parts.store.read(lambda conn: merge_journal.operations(conn, ident))
    looking.saw(ident, "merges")
    return answer({"items": items})


@router.get("/parties/{ident}/records", summary="A customer's records", responses=gives(Records))
async def records(parts: PartsOf, looking: Annotated[Looking, looks("party.read", "party")], ident: Ident) -> Response:
    """Return every record merged into the customer, each with its own fields, the one it is kept under first."""
    items = await parts.store.read(lambda conn: parties.records(conn, ident))
    looking.saw_all(item["id"] for item in items)
    return answer({"items": items})


@router.get("/duplicates", summary="Who may be whom", responses=gives(Page[Pair]))
async def duplicates(
    parts: PartsOf,
    looking: Annotated[Looking, looks("duplicate.read", "party")],
    state: Filter = "open",
    party: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of pairs, newest first; who sees only some customers gets those of which they see both."""
    now = parts.clock.now()
    seen = sight.of_pairs(looking.actor.sight, now)
    items, following = await parts.store.read(
        lambda conn: match_rows.proposals(
            conn, now=now, state=state or "open", party=party, seen=seen, limit=limit, cursor=cursor
        ),
    )
    looking.saw_all(item[side]["party_id"] for item in items for side in "ab")
    return page(items, following)


@router.post("/duplicates", status_code=204, summary="Propose a pair")
async def propose(parts: PartsOf, given: Proposal, actor: Annotated[Actor, may("duplicate.propose")]) -> Response:
    """Put two records on the work list of who may merge them: what one may not merge oneself, or does not even see."""
    new, now = parts.idents.new(), parts.clock.now()
    await parts.store.write(lambda conn: match_rows.propose(conn, new, given.a, given.b, actor=actor.id, now=now))
    return Response(status_code=204)


@router.post("/duplicates/{ident}", status_code=204, summary="Decide on a pair")
async def decide(
    parts: PartsOf, ident: Ident, given: Decision, actor: Annotated[Actor, may("duplicate.decide")]
) -> Response:
    """Say that two records are not one customer, or that it is to be asked again."""
    now = parts.clock.now()
    until: datetime | None = given.until
    await parts.store.write(
        lambda conn: match_rows.decide(conn, ident, given.state, until=until, actor=actor.id, now=now),
    )
    return Response(status_code=204)


@router.post("/parties/check", summary="Whom a newcomer may already be", responses=gives(Alike))
async def check(
    parts: PartsOf, given: Newcomer, looking: Annotated[Looking, looks("duplicate.read", "party")]
) -> Response:
    """Return name and owner of everybody who agrees in something telling, whoever owns them; not in what one is not shown."""
    points = [
        (point.kind, point.value, point.ext, point.shared)
        for text in given.points
        if (point := address.email(text) or address.phone_point(text, region=parts.region)) is not None
    ]
    unseen = looking.actor.levels.unseen
    profile = Profile(
        kind=given.kind,
        name="" if unseen("name") else given.name,
        uscc="" if unseen("uscc") else given.uscc,
        points=points,
        organisations=[given.organisation] if given.organisation and not unseen("name") else [],
    )
    items = await parts.store.read(lambda conn: match_rows.like(conn, profile))
    looking.saw_all(item["party_id"] for item in items)
    return answer({"items": items})


def _refuse(actor: Actor, fields: Collection[str]) -> None:
    """Let nobody choose a value for what they may not change; the house's own fields are taken together.

    Raises:
        ForbiddenError: a field is not theirs to change (code `field`).
    """
    fixed = [
        name.removeprefix("custom.")
        for name in actor.levels.fixed | actor.levels.closed.keys()
        if name.startswith("custom.")
    ]
    actor.levels.refuse(fields, fixed if "custom" in fields else ())


_COLUMNS = {"name": "display_name", "language": "lang", "owner": "owner_id"}

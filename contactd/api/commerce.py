"""Business with customers: records of every kind, kept here or mirrored, as lists, one by one, and as a customer's cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.narrowing import refuse_guessing, refuse_guessing_cards
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, Parts, PartsOf, answer, looks, may, page
from contactd.core import commerce as rules
from contactd.crm_store import audit, commerce_reads, commerce_rows, sight
from contactd.crm_store.audit import Entry
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["commerce"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Note = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
_Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^(https?://[^\x00-\x20\x7f\"<>]*)?$")]
_Reader = Annotated[Looking, looks("record.read", "record")]
_Writer = Annotated[Actor, may("record.edit")]
_Mirror = Annotated[Actor, may("record.mirror")]
MOST = 200
_CREATED = 201
"""Records mirrored by one request."""


class Change(BaseModel):
    """Fields of a record; those that are left out stay."""

    model_config = ConfigDict(extra="ignore")
    title: _Word | None = None
    party: _Id | None = None
    parent: _Id | None = None
    owner: _Id | None = None
    amount: int | None = None
    """In the currency's smallest unit."""
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    begins_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    url: _Url | None = None
    fields: dict[str, Any] | None = None
    row_version: int | None = None

    def refuse_fixed(self, actor: Actor) -> None:
        """Let nobody change what they may not.

        Raises:
            ForbiddenError: a field is not theirs to change (code `field`).
        """
        actor.levels.refuse([*self.model_fields_set, *(self.fields or ())])

    def columns(self) -> dict[str, Any]:
        """Return what is given, under the store's names."""
        names = {"party": "party_id", "parent": "parent_id"}
        other = {"row_version", "kind", "stage", "external_key", "as_of"}
        given = self.model_dump(exclude_unset=True, exclude=other)
        return {names.get(name, name): value for name, value in given.items() if value is not None or name != "url"}


class NewRecord(Change):
    """A record to be kept here."""

    kind: _Word
    stage: _Word | None = None


class Mirrored(Change):
    """A record as another system has it."""

    kind: _Word
    external_key: _Id
    stage: _Word | None = None
    as_of: AwareDatetime | None = None


class Batch(BaseModel):
    """What a system has."""

    model_config = ConfigDict(extra="ignore")
    source: Annotated[_Word, StringConstraints(min_length=1, max_length=40)]
    records: Annotated[list[Mirrored], Field(min_length=1, max_length=MOST)]


class Moving(BaseModel):
    """Where a record goes."""

    model_config = ConfigDict(extra="ignore")
    stage: _Word
    text: _Note = ""


class Record(Shape):
    """A record; with a `source` it is kept in another system, and stood so at `as_of`."""

    id: str
    kind: str
    no: str
    title: str
    stage: str
    source: str | None
    as_of: str | None


class Cards(Shape):
    """A customer's records by kind."""

    contract: dict[str, Any] | None
    """The service contract that holds now."""
    items: list[dict[str, Any]]


class Kinds(Shape):
    """What kinds of records there are."""

    items: list[dict[str, Any]]


@router.get("/record-kinds", summary="Kinds of records, their fields and stages", responses=gives(Kinds))
async def kinds(actor: Annotated[Actor, may("record.read")]) -> Response:
    """Return what forms, lists and cards are made of."""
    _ = actor
    return answer({"items": rules.as_json()})


@router.get("/records", summary="List records, the latest changed first", responses=gives(Page[Record]))
async def listed(
    parts: PartsOf,
    looking: _Reader,
    kind: Filter = None,
    party: Filter = None,
    stage: Filter = None,
    owner: Filter = None,
    parent: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of records; `owner=me` are my own."""
    refuse_guessing(looking.actor, {"kind": kind, "stage": stage, "owner": owner})
    whose = looking.actor.id if owner == "me" else owner
    others = owner if whose != looking.actor.id else None
    refuse_guessing_cards(looking.actor, kind, party, {"stage": stage, "owner": others, "parent": parent})
    items, following = await parts.store.read(
        lambda conn: commerce_reads.listed(
            conn,
            kind=kind,
            party=party,
            stage=stage,
            owner=whose,
            parent=parent,
            seen=sight.of_records(looking.actor.sight, parts.clock.now()),
            limit=limit,
            cursor=cursor,
        ),
    )
    looking.saw_all(item["id"] for item in items)
    return page(items, following)


@router.get("/records/{ident}", summary="One record, by id or number", responses=gives(Record))
async def one(parts: PartsOf, looking: _Reader, ident: Ident) -> Response:
    """Return a record with what happened to it."""
    found = await parts.store.read(lambda conn: commerce_reads.get(conn, ident))
    looking.saw(found["id"])
    return answer(found)


@router.get("/parties/{ident}/cards", summary="A customer's records by kind", responses=gives(Cards))
async def cards(parts: PartsOf, looking: _Reader, ident: Ident) -> Response:
    """Return a customer's records, what is open first, and until when they have a service contract."""
    now = parts.clock.now()
    found = await parts.store.read(lambda conn: commerce_reads.cards(conn, ident, now))
    looking.saw_all(record["id"] for group in found["items"] for record in group["records"])
    return answer(found)


@router.post("/records", status_code=201, summary="Make a record", responses=gives(Record, 201))
async def create(request: Request, parts: PartsOf, given: NewRecord, actor: _Writer) -> Response:
    """Make a record that is kept here."""
    given.refuse_fixed(actor)
    ident = parts.idents.new()

    def act(conn: Any, now: Any) -> None:
        commerce_rows.create(
            conn,
            ident,
            given.kind,
            given.columns(),
            stage=given.stage,
            now=now,
            actor=actor.id,
            numbers=parts.policy()[1].numbers,
        )

    return await _changed(request, parts, ident, actor, act, status=_CREATED)


@router.patch("/records/{ident}", summary="Change a record", responses=gives(Record))
async def change(request: Request, parts: PartsOf, ident: Ident, given: Change, actor: _Writer) -> Response:
    """Change a record that is kept here; a mirrored one is refused (409 `mirrored`)."""
    given.refuse_fixed(actor)

    def act(conn: Any, now: Any) -> None:
        commerce_rows.patch(conn, ident, given.columns(), row_version=given.row_version, now=now, actor=actor.id)

    return await _changed(request, parts, ident, actor, act)


@router.post("/records/{ident}/stage", summary="Bring a record to its next stage", responses=gives(Record))
async def move(request: Request, parts: PartsOf, ident: Ident, given: Moving, actor: _Writer) -> Response:
    """Go to another stage, by the table of the kind."""
    actor.levels.refuse(["stage"])

    def act(conn: Any, now: Any) -> None:
        commerce_rows.move(conn, ident, given.stage, text=given.text, now=now, actor=actor.id)

    return await _changed(request, parts, ident, actor, act)


@router.post("/records/{ident}/convert", summary="Make an opportunity of a lead", responses=gives(Record))
async def convert(request: Request, parts: PartsOf, ident: Ident, actor: _Writer) -> Response:
    """Make an opportunity of a qualified lead and return it."""
    made = parts.idents.new()

    def act(conn: Any, now: Any) -> None:
        commerce_rows.convert(conn, ident, made, now=now, actor=actor.id, numbers=parts.policy()[1].numbers)

    return await _changed(request, parts, made, actor, act)


@router.post("/records/mirrored", summary="Take over what another system has", responses=gives(Kinds))
async def mirror(request: Request, parts: PartsOf, given: Batch, actor: _Mirror) -> Response:
    """Take over up to 200 records of a system, by their keys there; what is older than what is known changes nothing."""
    for one in given.records:
        one.refuse_fixed(actor)
    ids = [parts.idents.new() for _ in given.records]

    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            done = []
            for ident, record in zip(ids, given.records, strict=True):
                values = record.columns() | {"stage": record.stage, "as_of": record.as_of}
                known = commerce_rows.mirror(conn, ident, record.kind, given.source, record.external_key, values, now)
                done.append({"external_key": record.external_key, "id": known})
            told = {"source": given.source, "records": len(done)}
            audit.append(conn, Entry(actor=actor.id, action="record.mirror", object_kind="record", detail=told), now)
            this.keep(conn, 200, {"items": done})
            return {"items": done}

        return 200, await parts.store.write(unit)

    return await once(request, parts, actor, do)


async def _changed(
    request: Request, parts: Parts, ident: str, actor: Actor, act: Callable[[Any, Any], None], *, status: int = 200
) -> Response:
    """Carry out a change of a record and answer with the whole of it."""

    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            act(conn, now)
            shown = commerce_reads.get(conn.connection, ident)
            action = "record.create" if status == _CREATED else "record.edit"
            audit.note(conn, actor.id, action, ("record", shown["id"]), now, kind=shown["kind"], stage=shown["stage"])
            this.keep(conn, status, shown)
            return shown

        return status, await parts.store.write(unit)

    return await once(request, parts, actor, do)

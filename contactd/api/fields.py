"""Fields a house adds to customers and cases: what they are called, hold, offer and are found by."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Filter, Ident, PartsOf, answer, may
from contactd.crm_store import audit, field_rows
from contactd.crm_store.audit import Entry
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["customers"])
_Word = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Chief = Annotated[Actor, may("field.manage")]


class Option(BaseModel):
    """Something that may be chosen."""

    model_config = ConfigDict(extra="ignore")
    key: Annotated[_Word, StringConstraints(min_length=1)]
    label: dict[_Word, _Word] = {}
    retired: bool = False


class Change(BaseModel):
    """What may change of a field; what is left out stays."""

    model_config = ConfigDict(extra="ignore")
    labels: Annotated[dict[_Word, _Word], Field(max_length=10)] | None = None
    options: Annotated[list[Option], Field(max_length=500)] | None = None
    required: bool | None = None
    searchable: bool | None = None
    filterable: bool | None = None
    place: Annotated[int, Field(ge=0, le=10_000)] | None = None
    retired: bool | None = None
    row_version: int | None = None


class NewField(Change):
    """A field to be added."""

    entity: _Word = "party"
    key: _Word
    type: _Word


class Definition(Shape):
    """A defined field."""

    id: str
    entity: str
    key: str
    type: str
    labels: dict[str, str]
    options: list[dict[str, Any]]
    required: bool
    searchable: bool
    filterable: bool
    retired_at: str | None


class Definitions(Shape):
    """All of them."""

    items: list[Definition]


@router.get("/fields", summary="Fields this house has added", responses=gives(Definitions))
async def listed(
    parts: PartsOf, _actor: Annotated[Actor, may("policy.read")], entity: Filter = None, retired: bool = False
) -> Response:
    """Return the definitions of an entity (`party`, `case`), or all, in the order of forms."""
    found = await parts.store.read(lambda conn: field_rows.listed(conn, entity, retired=retired))
    return answer({"items": found})


@router.post("/fields", status_code=201, summary="Add a field", responses=gives(Definition, 201))
async def define(request: Request, parts: PartsOf, given: NewField, actor: _Chief) -> Response:
    """Add a field; what it is filtered by is made behind the live work."""
    values = given.model_dump(exclude_none=True, exclude={"retired", "row_version"})

    async def do(this: Try) -> tuple[int, Any]:
        ident, now = parts.idents.new(), parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            field_rows.define(conn, ident, values, now=now, actor=actor.id)
            told = Entry(actor=actor.id, action="field.define", object_kind="field", object_id=ident)
            audit.append(conn, told, now)
            made = field_rows.get(conn.connection, ident)
            this.keep(conn, 201, made)
            return made

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.patch("/fields/{ident}", summary="Change or retire a field", responses=gives(Definition))
async def change(parts: PartsOf, ident: Ident, given: Change, actor: _Chief) -> Response:
    """Change what a field is called, offers, asks and is found by; a retired one keeps its values and is asked no more."""
    values = given.model_dump(exclude_none=True, exclude={"retired", "row_version"})
    now = parts.clock.now()

    def unit(conn: Any) -> dict[str, Any]:
        field_rows.change(conn, ident, values, retire=given.retired, now=now, row_version=given.row_version)
        told = Entry(actor=actor.id, action="field.change", object_kind="field", object_id=ident)
        audit.append(conn, told, now)
        return field_rows.get(conn.connection, ident)

    return answer(await parts.store.write(unit))

"""Customers taken out as a file: chosen, in the columns wanted, masked for who may not know numbers, on record."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.imports import fetched
from contactd.api.narrowing import refuse_guessing
from contactd.api.parts import PartsOf, may
from contactd.crm_store.export_rows import Chosen
from contactd.crm_store.facet_rows import SCORES
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["imports"])
_Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Taken(BaseModel):
    """Which customers are taken out, and how."""

    model_config = ConfigDict(extra="ignore")
    form: Literal["csv", "xlsx", "jsonl"] = "csv"
    q: _Word = ""
    lifecycle: _Word = ""
    kind: _Word = ""
    owner: _Word = ""
    segment: _Word = ""
    value_class: _Word = ""
    contact_class: _Word = ""
    vip: Annotated[int, Field(ge=0, le=3)] = 0
    to_call: bool = False
    """Without those who asked not to be called."""
    columns: Annotated[list[_Word], Field(max_length=200)] = []


@router.post("/exports", summary="Take customers out as a file")
async def export(parts: PartsOf, given: Taken, actor: Annotated[Actor, may("party.export")]) -> Response:
    """Return CSV (UTF-8 with a mark, as Excel reads it), Excel, or JSON lines; ids let it be corrected and imported."""
    asked = given.model_dump(include={"lifecycle", "kind", "owner", "vip", "segment", "value_class", "contact_class"})
    asked["preferences"] = given.to_call
    refuse_guessing(actor, {name: value for name, value in asked.items() if value})
    chosen = Chosen(
        q=given.q,
        lifecycle=given.lifecycle,
        kind=given.kind,
        owner=given.owner,
        vip=given.vip,
        facets={kind: getattr(given, kind) for kind in SCORES if getattr(given, kind)},
        to_call=given.to_call,
        guarded=actor.masked,
        addresses_guarded=actor.levels.addresses,
        nameless=actor.levels.unseen("name"),
    )
    path = await parts.handing_out.customers(
        actor.id, form=given.form, chosen=chosen, columns=given.columns, levels=actor.levels, sight=actor.sight
    )
    return fetched(path, f"customers-{parts.clock.now():%Y%m%d-%H%M}.{given.form}")

"""Sealed months of reports: which there are, sealing one, and what would be counted otherwise today."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.parts import Parts, PartsOf, answer, may, page
from contactd.api.reports import ZONE, Zone, figuring, zone_of
from contactd.crm_store import seal_rows
from contactd.desk.month_seals import Month, MonthSeals
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["reports"])
_Name = Annotated[str, Path(max_length=7, pattern=r"^\d{4}-\d{2}$")]


class Seal(Shape):
    """A sealed month; `whole`: its figures still have the digest they were sealed with."""

    id: str
    month: str
    zone: str
    definition: int
    digest: str
    by: str
    at: str
    whole: bool
    total: dict[str, Any]


class Compared(Seal):
    """A sealed month with its figures, and what would be counted otherwise today."""

    figures: dict[str, Any]
    differ: int
    differences: list[dict[str, Any]]


class ToSeal(BaseModel):
    """Which month."""

    model_config = ConfigDict(extra="forbid")

    month: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}$")]
    zone: Annotated[str, StringConstraints(max_length=60, pattern=ZONE)] = "UTC"


@router.get("/reports/seals", summary="Sealed months", responses=gives(Page[Seal]))
async def listed(parts: PartsOf, _actor: Annotated[Actor, may("report.read")]) -> Response:
    """Return what is sealed, the newest month first."""
    return page(await parts.store.read(seal_rows.listed), None)


@router.post("/reports/seals", status_code=201, summary="Seal a month", responses=gives(Seal, 201))
async def seal(parts: PartsOf, given: ToSeal, actor: Annotated[Actor, may("report.seal")]) -> Response:
    """Let the figures of a month that is over stay what they are now; reports of this month say them from now on."""
    month = Month.of(given.month, zone_of(given.zone))
    made = await _seals(parts).seal(parts.idents.new(), month, actor.id)
    return answer({name: value for name, value in made.items() if name != "figures"}, 201)


@router.get("/reports/seals/{month}", summary="A sealed month", responses=gives(Compared))
async def compared(
    parts: PartsOf, month: _Name, _actor: Annotated[Actor, may("report.read")], zone: Zone = "UTC"
) -> Response:
    """Return the figures as they were sealed, and which would be others if they were counted today."""
    return answer(await _seals(parts).compared(Month.of(month, zone_of(zone))))


def _seals(parts: Parts) -> MonthSeals:
    return MonthSeals(parts.store, parts.clock, figuring(parts))

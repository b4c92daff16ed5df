"""How long each class is kept, what is due to go, and letting it go now."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response

from contactd.api.answers import Shape, gives
from contactd.api.parts import Parts, PartsOf, answer, may
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["privacy"])


class Class(Shape):
    """One class: how long it is kept, how much is due, how much of that something holds."""

    name: str
    days: int
    due: int
    held: int
    oldest: str | None


class Classes(Shape):
    """What is kept for a time."""

    items: list[Class]


@router.get("/privacy/retention", summary="What is due to go", responses=gives(Classes))
async def preview(parts: PartsOf, _actor: Annotated[Actor, may("retention.read")]) -> Response:
    """Return each class with its counts; nothing is changed."""
    return answer(await _due(parts))


@router.post("/privacy/retention", status_code=202, summary="Let go what is due", responses=gives(Classes, 202))
async def run(parts: PartsOf, actor: Annotated[Actor, may("retention.run")]) -> Response:
    """Begin now what would be done at night, and return what is due; what a hold, an open case or an open contact keeps stays."""
    found = await _due(parts)
    if parts.retention is not None:
        parts.retention.begin(actor.id)
    return answer(found, 202)


async def _due(parts: Parts) -> dict[str, list[dict[str, Any]]]:
    found = await parts.retention.preview() if parts.retention is not None else []
    return {"items": [{"name": one["class"], **one} for one in found]}

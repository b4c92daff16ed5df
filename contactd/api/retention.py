"""How long each class is kept, what is due to go, and letting it go now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from contactd.api.answers import Shape, gives
from contactd.api.parts import PartsOf, answer, may
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


class Gone(Shape):
    """How much of each class went."""

    gone: dict[str, int]


@router.get("/privacy/retention", summary="What is due to go", responses=gives(Classes))
async def preview(parts: PartsOf, _actor: Annotated[Actor, may("retention.read")]) -> Response:
    """Return each class with its counts; nothing is changed."""
    found = await parts.retention.preview() if parts.retention is not None else []
    return answer({"items": [{"name": one["class"], **one} for one in found]})


@router.post("/privacy/retention", summary="Let go what is due", responses=gives(Gone))
async def run(parts: PartsOf, actor: Annotated[Actor, may("retention.run")]) -> Response:
    """Erase now what would go at night; what a hold, an open case or an open contact keeps stays."""
    gone = await parts.retention.erase(actor.id) if parts.retention is not None else {}
    return answer({"gone": gone})

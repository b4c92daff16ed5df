"""Segments of customers: which there are, how many belong to each, and how many would, before the policy says so."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from contactd.api.answers import Shape, gives
from contactd.api.parts import Looking, PartsOf, answer, looks, may
from contactd.clock import rfc3339
from contactd.core import segmenting
from contactd.core.errors import BadRequestError, ForbiddenError
from contactd.crm_store import score_rows, sight
from contactd.desk.rights import Actor
from contactd.routing.customer_rules import MOST_CONDITIONS, read_conditions

router = APIRouter(prefix="/api/v1", tags=["customers"])
MOST_LOOKED = 20_000
"""Customers a trial looks at; of more it says how many it looked at, of how many."""
SAMPLE = 10


class Segment(Shape):
    """Customers who are alike."""

    key: str
    label: dict[str, str]
    conditions: list[dict[str, Any]]
    count: int
    """How many there are, as of the last count."""


class Segments(Shape):
    """All of them, and how many customers are of which class."""

    items: list[Segment]
    value: dict[str, int]
    """A | B | C → customers."""
    contact: dict[str, int]
    as_of: str | None
    """When all were counted last."""
    counting: bool
    """They are being counted anew."""
    fields: list[str]
    """What conditions may ask beside `custom.<key>`."""


class Trial(BaseModel):
    """Conditions to be tried out."""

    model_config = ConfigDict(extra="ignore")
    conditions: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_CONDITIONS)]
    """Each `{field, is | is_not | any_of | has | lacks | at_least | at_most | known}`."""


class Tried(Shape):
    """Of whom they hold."""

    count: int
    looked_at: int
    more: bool
    """There are more customers than were looked at."""
    sample: list[dict[str, str]]


@router.get("/segments", summary="Segments of customers, and how many belong to each", responses=gives(Segments))
async def listed(parts: PartsOf, actor: Annotated[Actor, may("segment.read")]) -> Response:
    """Return the policy's segments with counts as of the last time all were counted; of those whoever asks sees."""
    plan = parts.policy()[1].customers
    seen = sight.parties(actor.sight, parts.clock.now())
    counts, last = await parts.store.read(lambda conn: (score_rows.counted(conn, seen), score_rows.standing(conn)))
    items = [
        {
            "key": one.key,
            "label": dict(one.label),
            "conditions": [each.as_json() for each in one.conditions],
            "count": counts["segment"].get(one.key, 0),
        }
        for one in plan.segments.values()
    ]
    return answer(
        {
            "items": items,
            "value": counts["value_class"],
            "contact": counts["contact_class"],
            "as_of": None if last is None else rfc3339(last.at),
            "counting": parts.scoring is not None and parts.scoring.going,
            "fields": list(segmenting.PLAIN),
        }
    )


@router.post("/segments/preview", summary="How many customers a segment would have", responses=gives(Tried))
async def preview(parts: PartsOf, given: Trial, looking: Annotated[Looking, looks("segment.try", "party")]) -> Response:
    """Count the customers of whom all conditions hold, a few at a time, with some of their names."""
    actor = looking.actor
    conditions, problems = read_conditions(given.conditions)
    if problems:
        path, wrong = problems[0]
        message = f"{path} {wrong}"
        raise BadRequestError(message, field=path.removeprefix("segment.").replace("all", "conditions", 1))
    for one in conditions:
        if actor.levels.unseen(one.field):
            message = f"You may not ask by {one.field}."
            raise ForbiddenError(message, code="field", field=one.field)
    now = parts.clock.now()
    seen = sight.parties(actor.sight, now)
    after: str | None = ""
    count, looked = 0, 0
    sample: list[dict[str, str]] = []
    while after is not None and looked < MOST_LOOKED:
        # Each part in a read of its own: one long look would keep a reader from everybody else.
        part = partial(score_rows.fitting, conditions=conditions, after=after, now=now, seen=seen)
        fit, some, after = await parts.store.read(part)
        count, looked = count + len(fit), looked + some
        sample += [{"party_id": ident, "name": name} for ident, name in fit[: SAMPLE - len(sample)]]
    looking.saw_all(one["party_id"] for one in sample)
    return answer({"count": count, "looked_at": looked, "more": after is not None, "sample": sample})


@router.post("/segments/refresh", status_code=202, summary="Count all customers anew", responses=gives(Segments, 202))
async def refresh(parts: PartsOf, actor: Annotated[Actor, may("segment.try")]) -> Response:
    """Begin to count now instead of at the next time; nobody waits for it."""
    if parts.scoring is not None:
        parts.scoring.begin()
    return await listed(parts, actor)

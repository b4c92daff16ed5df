"""Segments of customers: which there are, how many belong to each, and how many would, before the policy says so."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Shape, gives
from contactd.api.parts import Ident, Looking, Parts, PartsOf, answer, looks, may
from contactd.clock import rfc3339
from contactd.core import segmenting
from contactd.core.errors import BadRequestError, ForbiddenError
from contactd.core.segmenting import CustomerPlan
from contactd.crm_store import score_rows, sight
from contactd.desk import segments
from contactd.desk.rights import Actor
from contactd.routing.customer_rules import MOST_CONDITIONS, read_conditions

router = APIRouter(prefix="/api/v1", tags=["customers"])
MOST_LOOKED = 20_000
"""Customers a trial looks at; of more it says how many it looked at, of how many."""
SAMPLE = 10
_Words = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Version = Annotated[str | None, StringConstraints(max_length=64)]
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Segment(Shape):
    """Customers who are alike."""

    key: str
    label: dict[str, str]
    conditions: list[dict[str, Any]]
    count: int
    """How many there are, as of the last count."""
    version: str
    """Stands for what it says now: named when it is changed or taken out."""


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
    in_file: bool
    """The policy is a file's: segments are changed there."""


class Trial(BaseModel):
    """Conditions to be tried out."""

    model_config = ConfigDict(extra="ignore")
    conditions: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_CONDITIONS)]
    """Each `{field, is | is_not | any_of | has | lacks | at_least | at_most | known}`."""


class Given(Trial):
    """A segment as it shall be."""

    label: Annotated[dict[Literal["zh", "en"], _Words], Field(min_length=1)]
    version: _Version = None
    """Of the segment that is changed; None = a new one."""


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
    return answer(await _shown(parts, actor, parts.policy()[1].customers))


@router.post("/segments/preview", summary="How many customers a segment would have", responses=gives(Tried))
async def preview(parts: PartsOf, given: Trial, looking: Annotated[Looking, looks("segment.try", "party")]) -> Response:
    """Count the customers of whom all conditions hold, a few at a time, with some of their names."""
    actor = looking.actor
    conditions = _askable(given, actor)
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


@router.put("/segments/{ident}", summary="Make a segment, or change it", responses=gives(Segments))
async def put(parts: PartsOf, ident: Ident, given: Given, actor: Annotated[Actor, may("segment.edit")]) -> Response:
    """Publish a policy with this segment in it, and begin to count; return them all, with the counts of the last time."""
    if _KEY.fullmatch(ident) is None:
        message = "A key is small letters, digits and _, and begins with a letter."
        raise BadRequestError(message, field="key")
    if not any(given.label.values()):
        message = "Name it in at least one language."
        raise BadRequestError(message, field="label")
    conditions = [one.as_json() for one in _askable(given, actor)]
    label = {str(name): text for name, text in given.label.items()}
    policy = await _shelf(parts).put(ident, label, conditions, version=given.version, actor=actor.id)
    return answer(await _shown(parts, actor, policy.customers))


@router.delete("/segments/{ident}", summary="Take a segment out", responses=gives(Segments))
async def drop(
    parts: PartsOf,
    ident: Ident,
    actor: Annotated[Actor, may("segment.edit")],
    version: Annotated[_Version, Query()] = None,
) -> Response:
    """Publish a policy without it; return those that are left. One that rules go by stays (`segment_used`)."""
    policy = await _shelf(parts).drop(ident, version=version, actor=actor.id)
    return answer(await _shown(parts, actor, policy.customers))


def _shelf(parts: Parts) -> segments.Segments:
    return segments.Segments(parts.store, parts.clock, parts.idents, from_file=parts.policy_from_file)


def _askable(given: Trial, actor: Actor) -> tuple[segmenting.Condition, ...]:
    """Read conditions, as far as they are right and ask only what whoever gives them may see."""
    conditions, problems = read_conditions(given.conditions)
    if problems:
        path, wrong = problems[0]
        message = f"{path} {wrong}"
        raise BadRequestError(message, field=path.removeprefix("segment.").replace("all", "conditions", 1))
    for one in conditions:
        if actor.levels.unseen(one.field):
            message = f"You may not ask by {one.field}."
            raise ForbiddenError(message, code="field", field=one.field)
    return conditions


async def _shown(parts: Parts, actor: Actor, plan: CustomerPlan) -> dict[str, Any]:
    seen = sight.parties(actor.sight, parts.clock.now())
    counts, last = await parts.store.read(lambda conn: (score_rows.counted(conn, seen), score_rows.standing(conn)))
    items = [
        {
            "key": one.key,
            "label": dict(one.label),
            "conditions": [each.as_json() for each in one.conditions],
            "count": counts["segment"].get(one.key, 0),
            "version": segments.mark(one),
        }
        for one in plan.segments.values()
    ]
    return {
        "items": items,
        "value": counts["value_class"],
        "contact": counts["contact_class"],
        "as_of": None if last is None else rfc3339(last.at),
        "counting": parts.scoring is not None and parts.scoring.going,
        "fields": list(segmenting.PLAIN),
        "in_file": parts.policy_from_file,
    }

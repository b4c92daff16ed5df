"""Reports: what lines and agents did over some time, the contacts behind a number, and both as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from contactd.api.answers import Page, Shape, gives
from contactd.api.parts import Cursor, Filter, Limit, Looking, Parts, PartsOf, actor_of, answer, looks, may, page
from contactd.api.reviews import own
from contactd.core.errors import BadRequestError
from contactd.core.report import Sums, figures
from contactd.crm_store import agents, team_rows
from contactd.crm_store.report_reads import Chosen
from contactd.desk import service_quality
from contactd.desk.exchange import report_file
from contactd.desk.figuring import Figuring
from contactd.desk.month_seals import MonthSeals
from contactd.desk.rights import Actor, authorize

router = APIRouter(prefix="/api/v1", tags=["reports"])
_Form = Annotated[Literal["json", "csv", "xlsx"], Query()]
ZONE = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$"
"""What the name of a time zone looks like."""
Zone = Annotated[str, Query(max_length=60, pattern=ZONE)]
_DEFAULT_SPAN = timedelta(days=1)
_STAY_FIELDS = ("key", *figures(Sums()))
_AGENT_FIELDS = (
    *("name", "answered", "aht_s", "talk_s", "hold_s", "wrap_s", "signed_in_s", "ready", "occupancy"),
    *("offer_accepted", "offer_rejected", "offer_timed_out"),
)


class Line(Shape):
    """The figures of one group; parts of 1, seconds; null where nothing counts."""

    key: str | None
    offered: int
    answered: int
    within: int
    abandoned: int
    short: int
    overflowed: int
    open: int
    service_level: float | None
    answer_rate: float | None
    abandon_rate: float | None
    asa_s: float | None
    aht_s: float | None


class Stays(Shape):
    """A report of lines."""

    definition: int
    since: str
    until: str
    by: str
    zone: str
    items: list[Line]
    total: dict[str, Any]
    sealed: dict[str, Any] | None = None
    """When the whole of a sealed month was asked for: at, by, digest, whole."""


class Agent(Shape):
    """What an agent did."""

    key: str
    name: str
    answered: int
    aht_s: float | None
    signed_in_s: float
    states: dict[str, float]
    reasons: dict[str, float]
    offers: dict[str, int]
    occupancy: float | None


class Agents(Shape):
    """A report of agents."""

    definition: int
    since: str
    until: str
    items: list[Agent]


class Quality(Shape):
    """A report of service quality; parts of 1, seconds, scores 0-100; null where nothing counts."""

    since: str
    until: str
    by: str
    days: int
    items: list[dict[str, Any]]
    total: dict[str, Any]


class Stay(Shape):
    """One stay of a contact in a line."""

    interaction: str
    segment: int
    channel: str
    line: str | None
    agent: str | None
    entered_at: str
    answered_at: str | None
    outcome: str | None


@router.get("/reports/stays", summary="What lines did", responses=gives(Stays))
async def stays(
    parts: PartsOf,
    actor: Annotated[Actor, may("report.read")],
    by: Filter = "line",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    zone: Zone = "UTC",
    line: Filter = None,
    channel: Filter = None,
    agent: Filter = None,
    form: _Form = "json",
) -> Response:
    """Return figures by line, channel, agent or an interval (quarter … weekday_hour); of the last 24 hours unless said."""
    chosen = Chosen(*_span(parts, since, until), line, channel, agent)
    by, there, counting = by or "line", zone_of(zone), figuring(parts)
    sealed = await MonthSeals(parts.store, parts.clock, counting).instead(chosen, by, there)
    found = sealed or await counting.stays(chosen, by, there)
    if form == "json":
        return answer(found)
    names = await _names(parts, found["by"], actor)
    rows = [item | {"key": names.get(item["key"] or "", item["key"])} for item in found["items"]]
    return await _file(parts, actor, rows, _STAY_FIELDS, form)


@router.get("/reports/agents", summary="What agents did", responses=gives(Agents))
async def by_agent(
    parts: PartsOf,
    actor: Annotated[Actor, may("report.read")],
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    form: _Form = "json",
) -> Response:
    """Return each agent's time by state, offers, contacts and occupancy; the last 24 hours unless said otherwise."""
    found = await figuring(parts).agents(*_span(parts, since, until))
    names = await _names(parts, "agent", actor)
    items = [item | {"name": names.get(item["key"], "")} for item in found["items"]]
    if form == "json":
        return answer(found | {"items": items})
    return await _file(parts, actor, [_flat(item) for item in items], _AGENT_FIELDS, form)


@router.get("/reports/quality", summary="How good the service was", responses=gives(Quality))
async def quality(
    request: Request,
    parts: PartsOf,
    by: Filter = "agent",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    zone: Zone = "UTC",
    line: Filter = None,
    channel: Filter = None,
    agent: Filter = None,
    days: Annotated[int, Query(ge=1, le=90)] = 7,
    form: _Form = "json",
) -> Response:
    """Return response time, contacts settled at the first go, satisfaction and assessments; agents get their own.

    A contact is not settled at the first go when its customer came again within `days`.  The last 30 days unless said otherwise.
    """
    actor = await actor_of(request)
    authorize(actor, "quality.read", (actor.id,))
    end = until or parts.clock.now()
    chosen = Chosen(since or end - timedelta(days=30), end, line, channel, own(actor) or agent)
    found = await service_quality.quality(
        parts.store, chosen, by or "agent", zone_of(zone), days=days, now=parts.clock.now()
    )
    names = await _names(parts, found["by"], actor)
    items = [item | {"name": names.get(item["key"] or "", item["key"] or "")} for item in found["items"]]
    if form == "json":
        return answer(found | {"items": items})
    return await _file(parts, actor, [one | {"key": one["name"]} for one in items], service_quality.FIELDS, form)


@router.get("/reports/behind", summary="The contacts behind a number", responses=gives(Page[Stay]))
async def behind(
    parts: PartsOf,
    looking: Annotated[Looking, looks("report.read", "interaction")],
    number: Filter = "offered",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    line: Filter = None,
    channel: Filter = None,
    agent: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return the stays that a number of a report counts, newest first."""
    chosen = Chosen(*_span(parts, since, until), line, channel, agent)
    items, following = await figuring(parts).behind(
        chosen, number or "offered", sight=looking.actor.sight, limit=limit, cursor=cursor
    )
    looking.saw_all(item["interaction"] for item in items)
    return page(items, following)


def figuring(parts: Parts) -> Figuring:
    """Return what counts."""
    return Figuring(parts.store, parts.clock, lambda: parts.policy()[1])


def _span(parts: Parts, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    end = until or parts.clock.now()
    return since or end - _DEFAULT_SPAN, end


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name.

    Raises:
        BadRequestError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        message = f"there is no time zone {name}"
        raise BadRequestError(message, field="zone") from None


async def _names(parts: Parts, by: str, actor: Actor) -> dict[str, str]:
    """Return what people call the groups of a report."""
    if by == "agent":
        everybody = await parts.store.read(partial(agents.listed, with_disabled=True))
        return {one["id"]: one["display_name"] or one["name"] for one in everybody}
    if by == "team":
        return {one["id"]: one["name"] for one in await parts.store.read(team_rows.listed)}
    if by == "line":
        lines = parts.policy()[1].lines
        return {name: line.label.get(_language(actor), name) for name, line in lines.items()}
    return {}


async def _file(
    parts: Parts, actor: Actor, rows: Sequence[Mapping[str, Any]], fields: Sequence[str], form: str
) -> Response:
    content = await asyncio.to_thread(partial(report_file.written, form, fields, rows, _language(actor)))
    name = f"report-{parts.clock.now():%Y%m%d-%H%M}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _language(actor: Actor) -> str:
    return actor.languages[0] if actor.languages else "zh"


def _flat(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a file: what is nested gets columns of its own."""
    offers = {f"offer_{outcome}": count for outcome, count in item["offers"].items()}
    return {**item, **offers, "ready": item["states"].get("ready")}

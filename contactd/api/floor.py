"""The present: who waits, who works, and what the policy says of lines, dispositions and reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from contactd.api import shapes
from contactd.api.answers import Page, gives
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, Parts, PartsOf, actor_of, answer, looks, may, page
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.crm_store import sight
from contactd.desk.rights import Actor, authorize, permitted
from contactd.routing.line import Line

router = APIRouter(prefix="/api/v1", tags=["floor"])

ASKED_AT_ONCE = 200
"""Waiting contacts of which it is asked at once whether they are seen."""
COLLEAGUE = ("agent", "name", "role", "state", "since", "lines", "skills", "languages")
"""What agents see of each other."""


@router.get("/queue", summary="What waits, oldest first", responses=gives(shapes.Queue))
async def queue(
    parts: PartsOf,
    looking: Annotated[Looking, looks("queue.read", "interaction")],
    channel: Filter = None,
    line: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of waiting InteractionViews, of those that are seen, and all LineViews."""

    def fits(view: Mapping[str, Any]) -> bool:
        return (line is None or view["line"] == line) and (channel is None or view["channel"] == channel)

    items = await _waiting(parts, looking.actor.sight, _place(cursor), fits, limit + 1)
    last = items[limit - 1] if len(items) > limit else None
    following = None if last is None else f"k{last['queued_at'] or ''} {last['id']}"
    looking.saw_all(item["id"] for item in items[:limit])
    return page(items[:limit], following, lines=parts.views.floor.views())


@router.get("/agents", summary="Who works here, and in which state", responses=gives(Page[shapes.Agent]))
async def agents(
    parts: PartsOf,
    actor: Annotated[Actor, may("agent.list")],
    state: Filter = None,
    line: Filter = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Response:
    """Return a page of AgentViews by id; agents see little of each other."""
    views = sorted(parts.views.agents.values(), key=lambda view: str(view["agent"]))
    items = [
        view
        for view in views
        if (state is None or view["state"] == state) and (line is None or {line, "*"} & set(view["lines"]))
    ]
    if not permitted(actor, "agent.read"):
        items = [{name: view.get(name) for name in COLLEAGUE} for view in items]
    return _page(items, limit, cursor, lambda view: str(view["agent"]))


@router.get("/agents/{ident}/explain", summary="Why an agent has nothing to do", responses=gives(shapes.Idle))
async def idle(parts: PartsOf, ident: Ident, actor: Annotated[Actor, Depends(actor_of)]) -> Response:
    """Return what keeps an agent from what waits, kind by kind; agents may ask about themselves (`me`)."""
    agent = actor.id if ident == "me" else ident
    authorize(actor, "agent.explain", [agent])
    told = parts.why_agent(agent)
    if told.get("state") == "unknown":
        message = "there is no such agent"
        raise NotFoundError(message)
    return answer(told)


@router.get("/policy", summary="What screens need of the policy", responses=gives(shapes.PolicyWords))
async def policy(parts: PartsOf, _actor: Annotated[Actor, may("policy.read")]) -> Response:
    """Return the published version and what screens show of it, with every default filled in."""
    version, ruling = parts.policy()
    return answer(
        {
            "version": version,
            "default_line": ruling.default_line,
            "lines": {name: _line(line) for name, line in ruling.lines.items()},
            "dispositions": {name: list(tree) for name, tree in ruling.dispositions.items()},
            "reasons": {
                code: {"label": dict(reason.label), "worked": reason.worked, "paid": reason.paid, "max_s": reason.max_s}
                for code, reason in ruling.reasons.items()
            },
            "skills": {skill: {"label": dict(label)} for skill, label in ruling.skills.items()},
            "templates": {name: {"label": dict(one.label)} for name, one in ruling.cases.templates.items()},
        },
    )


@router.get("/outside/compare", summary="A day of a PBX's own record, held against ours")
async def compare(
    parts: PartsOf,
    _actor: Annotated[Actor, may("outside.compare")],
    day: Annotated[date, Query(alias="date")],
) -> Response:
    """Return counts by queue on both sides, every difference with a likely reason, and what our own router would have done."""
    if parts.outside is None:
        message = "no record of an outside system is configured"
        raise NotFoundError(message, code="no_record")
    return answer(dict(await parts.outside(day)))


@router.get("/policy/shadow", summary="How often a draft that decides beside would have decided otherwise")
async def shadow(parts: PartsOf, _actor: Annotated[Actor, may("interaction.explain")]) -> Response:
    """Return `on`, and what was counted since the draft began: by result, by line, and the latest decisions that differ."""
    return answer(parts.shadow())


def _line(line: Line) -> dict[str, Any]:
    """Return what screens need of a line: its name, its tree, how its channels behave."""
    return {
        "label": dict(line.label),
        "dispositions": line.dispositions,
        "signature": dict(line.signature),
        "senders": [line.from_address, *line.from_addresses] if line.from_addresses else [],
        "undo_s": line.undo_s,
        "channels": {
            name: {
                "live": rule.live,
                "connects": rule.connects,
                "needs_device": rule.needs_device,
                "may_reject": rule.may_reject,
                "offer_s": rule.offer_s,
                "sla_s": rule.sla_s,
                "wrapup": {"mode": rule.wrapup.mode, "seconds": rule.wrapup.seconds},
            }
            for name, rule in line.channels.items()
        },
    }


async def _waiting(
    parts: Parts,
    seeing: sight.Sight | None,
    place: tuple[str, str] | None,
    fits: Callable[[Mapping[str, Any]], bool],
    most: int,
) -> list[Mapping[str, Any]]:
    """Return what waits behind a place, as far as it fits and is seen; at most so many."""
    if seeing is None:
        return list(islice(filter(fits, parts.views.waiting_after(place)), most))
    found: list[Mapping[str, Any]] = []
    while len(found) < most:
        some = list(islice(filter(fits, parts.views.waiting_after(place)), ASKED_AT_ONCE))
        if not some:
            break
        asked = partial(sight.among, sight=seeing, idents=[view["id"] for view in some], now=parts.clock.now())
        seen = await parts.store.read(asked)
        found += [view for view in some if view["id"] in seen]
        place = (some[-1]["queued_at"] or "", some[-1]["id"])
    return found[:most]


def _place(cursor: str | None) -> tuple[str, str] | None:
    """Read a cursor of the queue."""
    if cursor is None:
        return None
    since, space, ident = cursor.removeprefix("k").partition(" ")
    if not cursor.startswith("k") or not space:
        raise _strange()
    return since, ident


def _strange() -> BadRequestError:
    message = "not a cursor of this list"
    return BadRequestError(message, field="cursor")


def _page(items: list[Any], limit: int, cursor: str | None, key: Any) -> Response:
    """Return a page of a list in memory that is ordered by `key`; the cursor is the last one's key."""
    if cursor is not None:
        if not cursor.startswith("k"):
            raise _strange()
        items = [item for item in items if key(item) > cursor[1:]]
    following = f"k{key(items[limit - 1])}" if len(items) > limit else None
    return page(items[:limit], following)

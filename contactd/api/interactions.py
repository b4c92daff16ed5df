"""Interactions: lists, one with everything, its messages and events, why it went where, quarantine, and a new one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from contactd.api import shapes
from contactd.api.answers import Page, gives
from contactd.api.narrowing import narrowed
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, PartsOf, answer, looks, may, page
from contactd.clock import parse_rfc3339
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.crm_store import api_reads, customer, interactions, messages, sight, unseen_rows
from contactd.crm_store.answering import answering
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1/interactions", tags=["interactions"])
_Reader = Annotated[Looking, looks("interaction.read", "interaction")]


class Dismissal(BaseModel):
    """Why something unreadable is put away."""

    model_config = ConfigDict(extra="ignore")
    reason: Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")] = ""


@router.get("", summary="List interactions, newest first", responses=gives(Page[shapes.ListedInteraction]))
async def listed(
    parts: PartsOf,
    looking: _Reader,
    channel: Filter = None,
    line: Filter = None,
    state: Filter = None,
    agent: Filter = None,
    party: Filter = None,
    thread: Filter = None,
    case: Filter = None,
    since: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of interactions; `state` may be `open`."""
    wanted = interactions.Filter(
        channel=channel,
        line=line,
        state=state,
        agent=agent,
        party=party,
        thread=thread,
        case=case,
        since=_moment(since),
    )

    seen = sight.interactions(looking.actor.sight, parts.clock.now())

    def read(conn: Any) -> tuple[list[dict[str, Any]], str | None]:
        items, following = interactions.listed(conn, wanted, seen=seen, limit=limit, cursor=cursor)
        return api_reads.with_parts(conn, items), following

    items, following = await parts.store.read(read)
    looking.saw_all(item["id"] for item in items)
    return page([_live(parts, item) for item in items], following)


@router.get(
    "/{ident}",
    summary="One interaction with offers, segments, topics and customer",
    responses=gives(shapes.WholeInteraction),
)
async def one(parts: PartsOf, looking: _Reader, ident: Ident) -> Response:
    """Return an interaction, the CustomerHead of its customer, and where an answer goes unless the agent names others."""
    now = parts.clock.now()

    def read(conn: Any) -> dict[str, Any]:
        head = narrowed(conn, customer.of_interaction(conn, ident), looking.actor.sight, now)
        found = interactions.get(conn, ident) | {"customer": head}
        return found | {"answers_to": [point.display or point.raw for point in answering(conn, ident).to]}

    found = await parts.store.read(read)
    looking.saw(ident)
    return answer(_live(parts, found))


@router.get("/{ident}/messages", summary="What was said, oldest first", responses=gives(Page[shapes.Message]))
async def said(parts: PartsOf, looking: _Reader, ident: Ident, limit: Limit = 200, cursor: Cursor = None) -> Response:
    """Return a page of MessageViews."""
    after = _number(cursor)

    def read(conn: Any) -> list[dict[str, Any]]:
        interactions.get(conn, ident)
        return messages.of_interaction(conn, ident, after_seq=after, limit=limit + 1)

    found = await parts.store.read(read)
    looking.saw(ident, "messages")
    return page(found[:limit], str(found[limit - 1]["seq"]) if len(found) > limit else None)


@router.get("/{ident}/newer", summary="What was written meanwhile", responses=gives(Page[shapes.Message]))
async def newer(parts: PartsOf, looking: _Reader, ident: Ident, since: Filter = None) -> Response:
    """Return what the customer and colleagues have written in the conversation since a moment, oldest first."""
    moment = _moment(since) or parts.clock.now()

    def read(conn: Any) -> list[dict[str, Any]]:
        interactions.get(conn, ident)
        return unseen_rows.newer(conn, ident, looking.actor.id, moment)

    found = await parts.store.read(read)
    looking.saw(ident, "messages")
    return page(found, None)


@router.get("/{ident}/events", summary="What happened, in order", responses=gives(Page[shapes.Event]))
async def events(parts: PartsOf, looking: _Reader, ident: Ident, limit: Limit = 200, cursor: Cursor = None) -> Response:
    """Return a page of events."""
    after = _number(cursor)

    def read(conn: Any) -> list[dict[str, Any]]:
        interactions.get(conn, ident)
        return interactions.events(conn, ident, after_seq=after, limit=limit + 1)

    found = [
        {"id": f"{ident}:{event['seq']}", **event, "kind": event["type"]} for event in await parts.store.read(read)
    ]
    looking.saw(ident, "events")
    return page(found[:limit], str(found[limit - 1]["seq"]) if len(found) > limit else None)


@router.get("/{ident}/explain", summary="Why it was offered to whom", responses=gives(shapes.Explanation))
async def explain(
    parts: PartsOf, _actor: Annotated[Actor, may("interaction.explain")], ident: Ident, offer: Filter = None
) -> Response:
    """Return every offer with the decision behind it, the segments, the events, and `now`: why it waits at this moment.

    `offer`: also `candidates`, every agent at the decision that made this offer, with what kept each from it.
    """

    def read(conn: Any) -> dict[str, Any]:
        found = interactions.get(conn, ident)
        names = ("id", "state", "line", "channel", "priority", "skills", "queued_at", "offers", "segments")
        return {name: found[name] for name in names} | {"events": interactions.events(conn, ident)}

    told = await parts.store.read(read) | {"now": parts.why(ident)}
    if offer is not None:
        if parts.candidates is None or all(one["id"] != offer for one in told["offers"]):
            message = "there is no such offer of this interaction"
            raise NotFoundError(message, field="offer")
        told["candidates"] = await parts.candidates(offer)
    return answer(told)


@router.post("/{ident}/replay", summary="Read something in quarantine again")
async def replay(
    request: Request,
    parts: PartsOf,
    ident: Ident,
    actor: Annotated[Actor, may("interaction.replay")],
) -> Response:
    """Read the raw bytes once more and put the interaction in line."""

    async def do(_try: Try) -> tuple[int, Any]:
        await parts.quarantine.replay(ident)
        return 200, {"id": ident}

    return await once(request, parts, actor, do)


@router.post("/{ident}/dismiss", summary="Put something in quarantine away")
async def dismiss(
    request: Request,
    parts: PartsOf,
    ident: Ident,
    actor: Annotated[Actor, may("interaction.dismiss")],
    given: Dismissal | None = None,
) -> Response:
    """Close it; its raw bytes stay."""

    async def do(_try: Try) -> tuple[int, Any]:
        await parts.quarantine.dismiss(ident, actor.id, given.reason if given is not None else "")
        return 200, {"id": ident}

    return await once(request, parts, actor, do)


@router.post("/{ident}/bring-back", summary="Undo an end without an answer")
async def bring_back(
    request: Request,
    parts: PartsOf,
    ident: Ident,
    actor: Annotated[Actor, may("interaction.bring_back")],
) -> Response:
    """Let what was ended as junk, duplicate or without need of a reply come back; return the turn it came back as."""

    async def do(_try: Try) -> tuple[int, Any]:
        return 200, await parts.run(actor, "interaction.bring_back", {"interaction": ident})

    return await once(request, parts, actor, do)


def _live(parts: PartsOf, found: dict[str, Any]) -> dict[str, Any]:
    """Put in what only the present knows."""
    now = parts.views.interactions.get(found["id"])
    if now is not None:
        found |= {name: now[name] for name in ("unread", "unanswered_since", "live", "offered_to") if name in now}
    return found


def _moment(text: str | None) -> Any:
    try:
        return parse_rfc3339(text) if text is not None else None
    except ValueError:
        message = "since is an RFC 3339 time with an offset"
        raise BadRequestError(message, field="since") from None


def _number(cursor: str | None) -> int:
    """Read the cursor of a list that is counted."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 12):  # noqa: PLR2004 - no list is that long
        message = "not a cursor of this list"
        raise BadRequestError(message, field="cursor")
    return int(cursor)

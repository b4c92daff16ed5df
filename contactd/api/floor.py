"""The present: who waits, who works, and what the policy says of lines, dispositions and reasons."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response

from contactd.api.parts import Cursor, Filter, Limit, PartsOf, answer, may, page
from contactd.core.errors import BadRequestError
from contactd.desk.rights import Actor, permitted

router = APIRouter(prefix="/api/v1", tags=["floor"])

SHOWN = ("lines", "dispositions", "reasons", "skills", "calendars")
"""Tables of the policy that screens need."""
COLLEAGUE = ("agent", "name", "role", "state", "since", "lines", "skills", "languages")
"""What agents see of each other."""


@router.get("/queue", summary="What waits, oldest first")
async def queue(
    parts: PartsOf,
    _actor: Annotated[Actor, may("queue.read")],
    channel: Filter = None,
    line: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of waiting InteractionViews, and all LineViews."""
    items = [
        view
        for view in parts.views.waiting()
        if (line is None or view["line"] == line) and (channel is None or view["channel"] == channel)
    ]
    items.sort(key=lambda view: (view["queued_at"] or "", view["id"]))
    return _page(
        items, limit, cursor, lambda view: f"{view['queued_at'] or ''} {view['id']}", lines=parts.views.floor.views()
    )


@router.get("/agents", summary="Who works here, and in which state")
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


@router.get("/policy", summary="What screens need of the policy")
async def policy(parts: PartsOf, _actor: Annotated[Actor, may("policy.read")]) -> Response:
    """Return the published version and its lines, dispositions, reasons and skills."""
    version, document = parts.policy()
    return answer({"version": version, **{name: document[name] for name in SHOWN if name in document}})


def _page(items: list[Any], limit: int, cursor: str | None, key: Any, **more: Any) -> Response:
    """Return a page of a list in memory that is ordered by `key`; the cursor is the last one's key."""
    if cursor is not None:
        if not cursor.startswith("k"):
            message = "not a cursor of this list"
            raise BadRequestError(message, field="cursor")
        items = [item for item in items if key(item) > cursor[1:]]
    following = f"k{key(items[limit - 1])}" if len(items) > limit else None
    return page(items[:limit], following, **more)

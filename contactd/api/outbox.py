"""The outbox: what has not left yet and what went wrong, of oneself or of everybody."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Response

from contactd.api import letter_shapes
from contactd.api.answers import gives
from contactd.api.parts import Looking, PartsOf, answer, looks
from contactd.crm_store import outbox_reads
from contactd.crm_store.sight import of_outbox

router = APIRouter(prefix="/api/v1", tags=["outbox"])

FAILURES = timedelta(days=30)
"""How far back failures are shown."""


@router.get("/outbox", summary="What has not left yet, and what went wrong", responses=gives(letter_shapes.Outbox))
async def listed(
    parts: PartsOf,
    looking: Annotated[Looking, looks("outbox.read", "message")],
    all: bool = False,  # noqa: A002 - a query parameter
) -> Response:
    """Return own messages (with `all=1` those of everybody, for supervisors), newest first, and what providers allow."""
    everybody = all and looking.actor.oversees
    agent = None if everybody else looking.actor.id
    now = parts.clock.now()
    seen = of_outbox(looking.actor.sight, now)
    items = await parts.store.read(partial(outbox_reads.listed, agent=agent, since=now - FAILURES, seen=seen))
    looking.saw_all(item["message"] for item in items)
    return answer({"items": items, "limits": list(parts.limits())})

"""Senders whose contacts are put before nobody, and those who are always let through."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Response

from contactd.api import letter_shapes
from contactd.api.answers import Page, gives
from contactd.api.parts import Looking, PartsOf, looks, page
from contactd.crm_store import blocked_rows, protected_rows

router = APIRouter(prefix="/api/v1", tags=["outbox"])


@router.get("/blocked", summary="Who is blocked", responses=gives(Page[letter_shapes.Blocked]))
async def blocked(parts: PartsOf, looking: Annotated[Looking, looks("sender.read", "sender")]) -> Response:
    """Return blocked senders, the newest first; `sender.unblock` on the console socket lets one in again."""
    items = await parts.store.read(blocked_rows.listed)
    looking.saw_all(hashlib.sha256(item["value"].encode()).hexdigest() for item in items)
    return page(items, None)


@router.get("/protected", summary="Who is on the red list", responses=gives(Page[letter_shapes.Protected]))
async def protected(parts: PartsOf, looking: Annotated[Looking, looks("sender.read", "sender")]) -> Response:
    """Return the red list, the newest first; `sender.protect` and `sender.unprotect` on the console socket change it."""
    items = await parts.store.read(protected_rows.listed)
    looking.saw_all(hashlib.sha256(item["value"].encode()).hexdigest() for item in items)
    return page(items, None)

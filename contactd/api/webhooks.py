"""What changed, for other systems: a feed to be asked, and webhooks that tell."""

from __future__ import annotations

import base64
import secrets
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.parts import Filter, Ident, Limit, PartsOf, answer, may, page
from contactd.core.errors import BadRequestError
from contactd.crm_store import change_rows, webhook_rows
from contactd.crm_store.change_rows import KINDS
from contactd.desk.rights import Actor
from contactd.desk.webhooks import PREFIX

router = APIRouter(prefix="/api/v1", tags=["integration"])
_Address = Annotated[str, StringConstraints(min_length=8, max_length=500, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]
_Word = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z.]*$")]


class NewWebhook(BaseModel):
    """Where changes are to be told."""

    model_config = ConfigDict(extra="ignore")
    url: _Address
    kinds: Annotated[list[_Word], Field(max_length=20)] = []
    """Empty: all."""


class Again(BaseModel):
    """From where on changes are told again."""

    model_config = ConfigDict(extra="ignore")
    after: Annotated[int, Field(ge=0)] | None = None


class Change(Shape):
    """Something changed."""

    seq: int
    kind: str
    ref: str
    at: str
    data: dict[str, Any]


class Feed(Page[Change]):
    """Changes in their order; `cursor` is where to go on."""

    cursor: str


class Webhook(Shape):
    """Where changes are told, and how far it has heard."""

    id: str
    url: str
    kinds: list[str]
    active: bool
    behind: int
    dead: int
    last_error: str


class Secret(Shape):
    """A new webhook with the secret its deliveries are signed with; it is told this once."""

    id: str
    secret: str


@router.get("/changes", summary="What changed", responses=gives(Feed))
async def changes(
    parts: PartsOf,
    actor: Annotated[Actor, may("change.read")],
    cursor: Annotated[int, Query(ge=0)] = 0,
    limit: Limit = 100,
    kind: Filter = None,
) -> Response:
    """Return changes behind `cursor`, in their order; ask again with the `cursor` of the answer.  Kept for 30 days."""
    _ = actor
    kinds = tuple(kind.split(",")) if kind else ()
    rows = await parts.store.read(partial(change_rows.page, after=cursor, limit=limit, kinds=kinds))
    reached = rows[-1].seq if rows else cursor
    following = str(reached) if len(rows) == limit else None
    told = {"items": [change_rows.view(row) for row in rows], "next_cursor": following, "cursor": str(reached)}
    return answer(told)


@router.get("/webhooks", summary="Webhooks", responses=gives(Page[Webhook]))
async def listed(parts: PartsOf, actor: Annotated[Actor, may("webhook.manage")]) -> Response:
    """Return all webhooks, how far behind each is, and how many changes it lost."""
    _ = actor
    return page(await parts.store.read(webhook_rows.listed), None)


@router.post("/webhooks", status_code=201, summary="Add a webhook", responses=gives(Secret, 201))
async def add(parts: PartsOf, given: NewWebhook, actor: Annotated[Actor, may("webhook.manage")]) -> Response:
    """Tell an address of every change from now on; deliveries are signed with the secret that is answered, once."""
    wrong = next((one for one in given.kinds if one not in KINDS), None)
    if wrong is not None:
        message = f"changes are {', '.join(KINDS)}"
        raise BadRequestError(message, code="unknown_kind", field="kinds")
    ident, now = parts.idents.new(), parts.clock.now()
    secret = PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()
    row = {"id": ident, "url": given.url, "kinds": given.kinds, "secret": secret, "created_by": actor.id}
    await parts.store.write(partial(webhook_rows.add, row=row, now=now))
    return answer({"id": ident, "secret": secret}, 201)


@router.delete("/webhooks/{ident}", status_code=204, summary="Remove a webhook")
async def remove(parts: PartsOf, ident: Ident, actor: Annotated[Actor, may("webhook.manage")]) -> Response:
    """Tell it nothing any more."""
    now = parts.clock.now()
    await parts.store.write(lambda conn: webhook_rows.remove(conn, ident, actor.id, now))
    return Response(status_code=204)


@router.post("/webhooks/{ident}/replay", summary="Tell it again")
async def replay(
    parts: PartsOf, ident: Ident, given: Again, actor: Annotated[Actor, may("webhook.manage")]
) -> Response:
    """Tell everything behind a number again, or without one from the first change that was lost; order is kept."""
    now = parts.clock.now()
    reached = await parts.store.write(lambda conn: webhook_rows.replay(conn, ident, given.after, actor.id, now))
    return answer({"after": reached})

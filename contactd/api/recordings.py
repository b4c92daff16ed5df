"""Recordings: what was recorded of a call, its sound piece by piece, spans made silent, and what must stay."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import StreamingResponse

from contactd.api import sound_shapes
from contactd.api.answers import Page, gives
from contactd.api.once import Try, once
from contactd.api.parts import Ident, Looking, Parts, PartsOf, actor_of, looks, may, page, see_named
from contactd.core.errors import BadRequestError
from contactd.core.sound import media
from contactd.crm_store import interactions
from contactd.desk.rights import Actor, authorize

router = APIRouter(tags=["recordings"])

PIECE = 1024 * 1024
"""Bytes opened at a time, and most that one answer to a range carries: a player asks for the next."""
_HEAD = 16
"""Bytes by which the sort of sound is known: our own is WAV, what was brought may be another."""
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_HEADERS = {
    "accept-ranges": "bytes",
    # Not even for a minute: the next person at this machine could hear it after a log-out.
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
}
_Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Span(BaseModel):
    """What is to be made silent."""

    model_config = ConfigDict(extra="ignore")
    from_s: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
    to_s: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
    reason: _Reason


class Hold(BaseModel):
    """Whether a recording stays whatever its time, and why."""

    model_config = ConfigDict(extra="ignore")
    on: bool = True
    reason: _Reason


@router.get(
    "/api/v1/interactions/{ident}/recordings",
    summary="What was recorded",
    responses=gives(Page[sound_shapes.Recording]),
)
async def listed(
    parts: PartsOf, looking: Annotated[Looking, looks("interaction.read", "interaction")], ident: Ident
) -> Response:
    """Return the recordings of an interaction, oldest first, with gaps, silent spans and the picture of their loudness."""
    await parts.store.read(lambda conn: interactions.get(conn, ident))
    found = await parts.recordings.of(ident)
    looking.saw(ident, "recordings")
    return page(found, None)


@router.get("/api/v1/recordings/{ident}/sound", summary="A recording's sound")
async def sound(request: Request, parts: PartsOf, ident: Ident) -> Response:
    """Return the sound (WAV, the customer left, the house right; or as it was brought), whole or the range that was asked for.

    Agents hear their own calls, supervisors all; every request is in the audit log.
    """
    actor = await actor_of(request)
    # Who may hear none at all is not told which there are.
    authorize(actor, "recording.listen", (actor.id,))
    await see_named(request, actor)
    row = await parts.recordings.row(ident)
    authorize(actor, "recording.listen", (row.agent,) if row.agent else ())
    asked = _range(request.headers.get("range"), row.size)
    if asked is None:
        return Response(status_code=416, headers={**_HEADERS, "content-range": f"bytes */{row.size}"})
    first, last = asked
    client = request.client.host if request.client else ""
    kind = media(await parts.recordings.listen(row, 0, min(_HEAD, row.size) - 1)) or "audio/wav"
    parts.reads.note(actor.id, "recording.listen", "recording", ident, part=f"{first}-", ip=client)
    if "range" not in request.headers:
        headers = {**_HEADERS, "content-length": str(row.size)}
        return StreamingResponse(_pieces(parts, row), headers=headers, media_type=kind)
    last = min(last, first + PIECE - 1)
    data = await parts.recordings.listen(row, first, last)
    headers = {**_HEADERS, "content-range": f"bytes {first}-{last}/{row.size}"}
    return Response(data, 206, headers, media_type=kind)


@router.post("/api/v1/recordings/{ident}/redact", summary="Make a span of a recording silent for good")
async def redact(
    request: Request, parts: PartsOf, ident: Ident, actor: Annotated[Actor, may("recording.redact")], given: Span
) -> Response:
    """Put silence in the place of what was said; what was there cannot be had back."""
    if given.to_s <= given.from_s:
        message = "to_s lies after from_s"
        raise BadRequestError(message, field="to_s")

    async def do(_try: Try) -> tuple[int, Any]:
        await parts.recordings.redact(ident, actor.id, (given.from_s, given.to_s), given.reason)
        return 200, {"id": ident}

    return await once(request, parts, actor, do)


@router.post("/api/v1/recordings/{ident}/hold", summary="Keep a recording whatever its time, or no longer")
async def hold(
    request: Request, parts: PartsOf, ident: Ident, actor: Annotated[Actor, may("recording.hold")], given: Hold
) -> Response:
    """Begin or end a legal hold."""

    async def do(_try: Try) -> tuple[int, Any]:
        await parts.recordings.hold(ident, actor.id, given.reason, on=given.on)
        return 200, {"id": ident}

    return await once(request, parts, actor, do)


async def _pieces(parts: Parts, row: Any) -> AsyncIterator[bytes]:
    for first in range(0, row.size, PIECE):
        yield await parts.recordings.listen(row, first, min(first + PIECE, row.size) - 1)


def _range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first and last byte asked for; None when there are none such.  What is no single range asks for all."""
    found = _RANGE.fullmatch(header.strip()) if header is not None else None
    if found is None or found[0] == "bytes=-":
        return (0, size - 1) if size else None
    if not found[1]:
        return (max(0, size - int(found[2])), size - 1) if size and int(found[2]) else None
    first, last = int(found[1]), min(int(found[2] or size), size - 1)
    return (first, last) if first <= last else None

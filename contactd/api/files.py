"""Bytes: attachments out, uploads in, and a message's HTML, each so that nothing in them can run on our origin."""

from __future__ import annotations

import base64
import re
import secrets
from datetime import timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Request, Response, UploadFile
from starlette.responses import FileResponse

from contactd.api import shapes
from contactd.api.answers import gives
from contactd.api.once import Try, once
from contactd.api.parts import Ident, Looking, Parts, PartsOf, looks, may, seen
from contactd.core.errors import BadRequestError, ForbiddenError, NotFoundError
from contactd.core.plain import one_line
from contactd.crm_store import api_reads, contact_rows, messages, upload_rows
from contactd.crm_store.message_facts import held
from contactd.desk.pictures import EACH, kind
from contactd.desk.rights import Actor

router = APIRouter(tags=["files"])

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
"""Pictures without scripts: a browser may know what they are."""
SOUNDS = frozenset({"audio/wav", "audio/mpeg", "audio/ogg"})
"""Played in the console; no browser runs anything of them."""
PAGE = "image/png"
"""Page images are re-encoded by us; they alone are shown in place."""
INLINE_PICTURE = 2 * 1024 * 1024
INLINE_PICTURES = 8 * 1024 * 1024
"""Bytes of a message's own pictures that are put into its HTML: each, and together."""
UPLOAD_KEPT = timedelta(hours=24)
QUOTA_TIME = timedelta(hours=1)
QUOTA_FILES = 500
"""Files somebody may upload in that time."""

LOCKED = "default-src 'none'; sandbox"
"""Content-Security-Policy of a file: nothing loads, nothing runs."""
FRAME = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"  # noqa: E501 - one header
"""Content-Security-Policy of a message's HTML: no script, no form, no frame, links open elsewhere."""


@router.get("/files/{ident}", summary="One attachment")
async def attachment(parts: PartsOf, looking: Annotated[Looking, looks("file.read", "file")], ident: Ident) -> Response:
    """Return an attachment to be saved; only our own page images are shown in place."""
    row = await parts.store.read(lambda conn: messages.attachment(conn, ident))
    if not parts.store.blobs.has(row["blob"]):
        message = "There is no such file."
        raise NotFoundError(message)
    if held(row["scan_state"]) is not None and not looking.actor.oversees:
        text = "This file is held; a supervisor may save it."
        raise ForbiddenError(text, code="held")
    looking.saw(ident)
    page_image = row["page"] is not None and row["media_type"] == PAGE
    media = row["media_type"] if row["media_type"] in PICTURES | SOUNDS else "application/octet-stream"
    disposition = "inline" if page_image else "attachment"
    return FileResponse(
        parts.store.blobs.path(row["blob"]),
        media_type=media,
        headers={
            "content-disposition": f"{disposition}; filename*=UTF-8''{quote(_name(row['name']), safe='')}",
            "content-security-policy": LOCKED,
            # Not even for a minute: the next person at this machine could open it after a log-out.
            "cache-control": "private, no-store",
            "x-content-type-options": "nosniff",
        },
    )


@router.get("/api/v1/messages/{ident}/html", summary="A message's HTML, made safe")
async def html(
    parts: PartsOf,
    looking: Annotated[Looking, looks("interaction.read", "message")],
    ident: Ident,
    images: bool = False,
    folded: bool = False,
) -> Response:
    """Return a document for a sandboxed frame.

    `images=1`: pictures from elsewhere are fetched by the server and put into it; `folded=1`: quotations and signatures are hidden.
    """
    (source, blob), files = await parts.store.read(
        lambda conn: (messages.html(conn, ident), api_reads.message_files(conn, ident)),
    )
    if blob is not None:
        source = (await parts.store.blobs.load(blob)).decode(errors="replace")
    if source is None:
        text = "This message has no HTML."
        raise NotFoundError(text)
    looking.saw(ident, "html")
    document = await parts.render_html(source, await _pictures(parts, files), images, folded)
    headers = {
        "content-security-policy": FRAME,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    document = seen().text(document)
    return Response(document.encode(errors="replace"), headers=headers, media_type="text/html; charset=utf-8")


@router.post("/api/v1/uploads", status_code=201, summary="Bring a file to be sent", responses=gives(shapes.Upload, 201))
async def upload(
    request: Request,
    parts: PartsOf,
    file: Annotated[UploadFile, File()],
    actor: Annotated[Actor, may("upload.create")],
) -> Response:
    """Store a file for `interaction.send`; only the one who brought it may send it, within a day.

    What one person or program may upload in an hour is bounded (`quota`).
    """
    data = await file.read()
    if len(data) > parts.upload_bytes:
        message = "The file is too large."
        raise BadRequestError(message, code="too_large", field="file")

    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()
        quota = upload_rows.Quota(files=QUOTA_FILES, size=parts.upload_quota, since=now - QUOTA_TIME)
        await parts.store.read(
            partial(upload_rows.refuse_beyond, owner=actor.id, size=len(data), quota=quota),
        )
        row = {
            "id": secrets.token_urlsafe(16),
            "owner": actor.id,
            "blob": await parts.store.blobs.store(data),
            "name": _name(file.filename or "file"),
            "media_type": _media(file.content_type),
            "size": len(data),
            "created_at": now,
            "expires_at": now + UPLOAD_KEPT,
        }
        made = {"id": row["id"], "name": row["name"], "size": row["size"]}

        def unit(conn: Any) -> None:
            this.keep(conn, 201, made)
            # Asks for the quota once more: several may have come together.
            upload_rows.add(conn, row, quota)

        await parts.store.write(unit)
        return 201, made

    return await once(request, parts, actor, do, content=data)


@router.get("/api/v1/uploads/{ident}", summary="A picture one has brought, as it stands in a letter that is written")
async def uploaded(parts: PartsOf, actor: Annotated[Actor, may("file.read")], ident: Ident) -> Response:
    """Return a picture that whoever asks has uploaded and not sent yet; other files are nobody's to read here."""
    rows = await parts.store.read(
        partial(contact_rows.uploads, owner=actor.id, ids=[ident], now=parts.clock.now()),
    )
    data = await parts.store.blobs.load(rows[0].blob) if rows and rows[0].size <= EACH else b""
    media = kind(data)
    if media is None:
        text = "There is no such picture."
        raise NotFoundError(text)
    headers = {
        "content-disposition": "attachment",
        "content-security-policy": LOCKED,
        "cache-control": "private, no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(data, media_type=media, headers=headers)


async def _pictures(parts: Parts, files: list[Any]) -> dict[str, str]:
    """Return Content-ID → data URI of a message's own pictures, as far as they are small.

    A sandboxed frame has no origin and sends no cookie: it could not fetch them.
    """
    found: dict[str, str] = {}
    room = INLINE_PICTURES
    for file in files:
        if (
            held(file.scan_state) is not None
            or file.media_type not in PICTURES
            or file.size > min(INLINE_PICTURE, room)
        ):
            continue
        room -= file.size
        data = await parts.store.blobs.load(file.blob)
        found[file.content_id.strip("<>")] = f"data:{file.media_type};base64,{base64.b64encode(data).decode()}"
    return found


def _name(name: str) -> str:
    """Return a file name without paths, control characters and reversed text; at most 200 characters."""
    clean = re.sub(r"[/\\]", "_", one_line(name, len(name))).strip(". ")
    return clean[-200:] or "file"


def _media(given: str | None) -> str:
    """Return a media type as data, or the one that means nothing."""
    plain = (given or "").partition(";")[0].strip().lower()
    return plain if re.fullmatch(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", plain) else "application/octet-stream"

"""A message as it came, or went out: to be saved, and its header lines to be looked at."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from contactd.api.parts import Ident, Looking, Parts, PartsOf, answer, looks
from contactd.core.errors import ForbiddenError
from contactd.core.masking import HIDDEN
from contactd.crm_store import source_rows

router = APIRouter(prefix="/api/v1", tags=["files"])

LOCKED = "default-src 'none'; sandbox"
MAX_HEAD = 256 * 1024
MAX_LINES = 1000


@router.get("/messages/{ident}/source", summary="A message as it came or went out")
async def source(
    parts: PartsOf, looking: Annotated[Looking, looks("interaction.read", "message")], ident: Ident
) -> Response:
    """Return the bytes, to be saved: no browser opens them; not to who sees numbers masked."""
    _refuse_masked(looking)
    data = await _bytes(parts, ident)
    looking.saw(ident, "source")
    return _saved(data, f"{_safe(ident)}.eml")


@router.get("/interactions/{ident}/original", summary="The bytes something came as")
async def original(
    parts: PartsOf, looking: Annotated[Looking, looks("interaction.replay", "interaction")], ident: Ident
) -> Response:
    """Return them, to be saved, of what could not be read, too; no browser opens them; not to who sees numbers masked."""
    _refuse_masked(looking)
    inline, blob = await parts.store.read(lambda conn: source_rows.arrived(conn, ident))
    data = inline if inline is not None else await parts.store.blobs.load(blob or "")
    looking.saw(ident, "original")
    return _saved(data, f"{_safe(ident)}.bin")


@router.get("/messages/{ident}/headers", summary="The header lines of a message")
async def headers(
    parts: PartsOf, looking: Annotated[Looking, looks("interaction.read", "message")], ident: Ident
) -> Response:
    """Return `items` of `[name, value]` in their order, as they came: nothing in them is decoded.

    Who sees numbers masked does not see encoded words: what stands in them could be decoded elsewhere.
    """
    data = await _bytes(parts, ident)
    looking.saw(ident, "headers")
    lines = head_lines(data)
    if looking.actor.levels.narrow:
        lines = [(name, HIDDEN if "=?" in value else value) for name, value in lines]
    return answer({"items": lines})


def _refuse_masked(looking: Looking) -> None:
    """Let nobody save bytes in which numbers stand that they do not see.

    Raises:
        ForbiddenError: whoever looks sees numbers masked, or fields hidden.
    """
    if looking.actor.levels.narrow:
        message = "Who sees numbers masked saves no originals."
        raise ForbiddenError(message, code="masked")


def _saved(data: bytes, name: str) -> Response:
    """Return bytes that a browser saves and never shows."""
    return Response(
        data,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "content-security-policy": LOCKED,
            "cache-control": "private, no-store",
            "x-content-type-options": "nosniff",
        },
    )


async def _bytes(parts: Parts, ident: str) -> bytes:
    inline, blob = await parts.store.read(lambda conn: source_rows.source(conn, ident))
    return inline if inline is not None else await parts.store.blobs.load(blob or "")


def head_lines(data: bytes) -> list[tuple[str, str]]:
    """Return (name, value) of the lines before the first empty one, folded ones joined by line breaks; bounded."""
    text = data[:MAX_HEAD].decode("utf_8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    head = text.lstrip("\n").partition("\n\n")[0]
    found: list[tuple[str, list[str]]] = []
    for line in head.split("\n"):
        if line[:1] in {" ", "\t"} and found:
            found[-1][1].append(line)
        elif len(found) < MAX_LINES:
            name, colon, value = line.partition(":")
            found.append((name, [value.strip()]) if colon else ("", [line]))
    return [(name, "\n".join(lines)) for name, lines in found]


def _safe(ident: str) -> str:
    return "".join(one for one in ident if one.isascii() and (one.isalnum() or one in "-_"))[:64] or "message"

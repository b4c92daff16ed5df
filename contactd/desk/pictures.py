"""Pictures within a letter: which uploads stand in its HTML, and whether they are pictures at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from contactd.core.errors import BadRequestError
from contactd.core.message import NewAttachment

EACH = 2 * 1024 * 1024
TOGETHER = 8 * 1024 * 1024
"""Bytes of the pictures within one letter."""
_MARK = "@inline"
_NAMED = re.compile(r"cid:([A-Za-z0-9_-]{1,64})@inline\b")
_WEBP = (b"RIFF", b"WEBP")


def kind(data: bytes) -> str | None:
    """Return the media type of a picture by its first bytes, whatever it is called; None where it is none we send inline."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if (data[:4], data[8:12]) == _WEBP else None


def content_id(upload: str) -> str:
    """Return the Content-ID of an upload that stands in a letter's HTML as `<img src="cid:…">`."""
    return upload + _MARK


def placed(html: str | None, files: Mapping[str, NewAttachment]) -> tuple[NewAttachment, ...]:
    """Return the files of a letter (upload → file), those that its HTML shows as inline pictures.

    Raises:
        BadRequestError: one of them is no picture (`not_a_picture`), or they are too large (`too_large`).
    """
    named = set(_NAMED.findall(html)) if html else set()
    found = [_inline(upload, file) if upload in named else file for upload, file in files.items()]
    sizes = [len(one.data) for one in found if one.inline]
    if sizes and (max(sizes) > EACH or sum(sizes) > TOGETHER):
        text = f"pictures within a letter have at most {EACH // 1024 // 1024} MB each and {TOGETHER // 1024 // 1024} MB together"
        raise BadRequestError(text, code="too_large", field="attachments")
    return tuple(found)


def renamed(html: str | None, uploads: Sequence[tuple[str, str]]) -> str | None:
    """Return HTML that names pictures by other uploads: (Content-ID before, upload now)."""
    for before, upload in uploads:
        html = html.replace(f"cid:{before}", f"cid:{content_id(upload)}") if html else html
    return html


def _inline(upload: str, file: NewAttachment) -> NewAttachment:
    known = kind(file.data)
    if known is None:
        text = "only PNG, JPEG, GIF and WebP pictures can stand within a letter"
        raise BadRequestError(text, code="not_a_picture", field="attachments")
    return replace(file, media_type=known, content_id=content_id(upload), inline=True)

"""What a fax is: pages, sender and subject of the raw file.  Pure and total; runs in a worker process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contactd.channels.fax import pdf, tiff
from contactd.core.address import phone_point
from contactd.core.channel import Content
from contactd.core.message import NewAttachment, NewMessage
from contactd.core.party import Point
from contactd.core.plain import one_line

_NAME_CHARS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a fax's file holds: page images, then the file itself."""

    subject: str
    attachments: tuple[NewAttachment, ...]
    quarantine: str | None = None
    defects: tuple[str, ...] = ()


def read(raw: bytes, envelope: Mapping[str, Any]) -> Content:
    """Make content of a fax.

    Args:
        raw: TIFF or PDF.
        envelope: what the gateway said: `number`, `name`, `to`, `error`, `qfile`, `region`, `area_code`.
    """
    return content(envelope, document(raw))


def content(envelope: Mapping[str, Any], document: Document) -> Content:
    """Put a document and what the gateway said about its transmission together."""
    point = sender(envelope)
    name = text(envelope, "name")
    error = text(envelope, "error")
    message = NewMessage(
        direction="inbound",
        sender=point.display if point else "",
        sender_name=name,
        text="",
        provider_id=text(envelope, "comm") or None,
        attachments=document.attachments,
        recipients=(("to", "", text(envelope, "to")),) if text(envelope, "to") else (),
        headers={"error": error} if error else {},
    )
    return Content(
        subject=document.subject,
        messages=(message,),
        sender=point,
        sender_name=name,
        quarantine=document.quarantine,
        defects=(*document.defects, *((f"transmission: {error}",) if error else ())),
    )


def sender(envelope: Mapping[str, Any]) -> Point | None:
    """Return the point a fax comes from, resolved like a caller; None when the sender hides."""
    area_code = text(envelope, "area_code") or None
    return phone_point(text(envelope, "number"), "fax", text(envelope, "region") or "CN", area_code)


def text(envelope: Mapping[str, Any], key: str) -> str:
    """Return a field of the envelope as one short line."""
    value = envelope.get(key)
    return one_line(value[: 4 * _NAME_CHARS], _NAME_CHARS) if isinstance(value, str) else ""


def document(raw: bytes) -> Document:
    """Read a fax's file; the file itself is always kept beside its pages."""
    if tiff.is_tiff(raw):
        return _from_tiff(raw, NewAttachment(name="fax.tif", media_type="image/tiff", data=raw))
    if pdf.is_pdf(raw):
        original = NewAttachment(name="fax.pdf", media_type="application/pdf", data=raw)
        images = pdf.images(raw, 1)
        pages = [_page(number, tiff.draw(image)) for number, image in enumerate(images, start=1)]
        return Document(subject="Fax, PDF", attachments=(*pages, original))
    original = NewAttachment(name="fax.bin", media_type="application/octet-stream", data=raw)
    return Document(subject="Fax", attachments=(original,), quarantine="it is neither TIFF nor PDF")


def _from_tiff(raw: bytes, original: NewAttachment) -> Document:
    """Draw a TIFF.

    A fax of which some pages can be read goes to an agent, marked: in quarantine it would stay for good, for reading it
    again changes nothing.
    """
    drawn, error = tiff.pages(raw)
    pages = [_page(number, page) for number, page in enumerate(drawn, start=1)]
    subject = f"Fax, {len(pages)} page" if len(pages) == 1 else f"Fax, {len(pages)} pages"
    if error is None:
        return Document(subject=subject, attachments=(*pages, original))
    if not pages:
        return Document(subject="Fax", attachments=(original,), quarantine=error.reason)
    return Document(subject=f"{subject} (incomplete)", attachments=(*pages, original), defects=(error.reason,))


def _page(number: int, page: tiff.Page) -> NewAttachment:
    """Return a page image as an attachment."""
    return NewAttachment(name=f"page-{number}.png", media_type="image/png", data=page.png, inline=True, page=number)

"""Faxes that a gateway hands over by mail: one TIFF or PDF attached, the sender's number somewhere in the head.

Reads with the standard library's forgiving parser (compat32), never raises, and takes nothing from the text of the mail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from typing import Any

from contactd.channels.fax import pdf, tiff
from contactd.channels.fax.reader import Document, content, document, read
from contactd.core.channel import Content

_MAX_PARTS = 50
_MAX_HEADER = 2000
_NUMBER_HEADERS = ("X-Fax-From", "X-Fax-Number", "X-Fax-Caller", "X-Hylafax-From")
_NUMBER = re.compile(r"\+?\d[\d\s()./-]{4,30}\d")


def read_any(raw: bytes, envelope: Mapping[str, Any]) -> Content:
    """Make content of a fax however it came: as a file, or (`envelope["mail"]`) in a gateway's mail."""
    return read_mail(raw, envelope) if envelope.get("mail") else read(raw, envelope)


def read_mail(raw: bytes, envelope: Mapping[str, Any]) -> Content:
    """Make content of the first fax attached to a gateway's mail; without one the mail goes to quarantine."""
    try:
        mail = message_from_bytes(raw)
        attached = _attached(mail)
        said = dict(envelope) | ({} if envelope.get("number") else {"number": _number(mail)})
    except Exception:  # noqa: BLE001 - the parser promises less than we do
        attached, said = None, dict(envelope)
    if attached is None:
        missing = Document(subject="Fax", attachments=(), quarantine="the gateway's mail has no TIFF or PDF")
        return content(said, missing)
    return content(said, document(attached))


def _attached(mail: Message) -> bytes | None:
    """Return the first TIFF or PDF among the first parts of a mail."""
    waiting: list[Message] = [mail]
    for _ in range(_MAX_PARTS):
        if not waiting:
            return None
        part = waiting.pop(0)
        inner = part.get_payload()
        if isinstance(inner, list):
            waiting[:0] = [child for child in inner[:_MAX_PARTS] if isinstance(child, Message)]
            continue
        data = part.get_payload(decode=True)
        if isinstance(data, bytes) and (tiff.is_tiff(data) or pdf.is_pdf(data)):
            return data
    return None


def _number(mail: Message) -> str:
    """Return what looks like the fax's number: in a header made for it, in the sender's address, in the subject."""
    for name in _NUMBER_HEADERS:
        if mail.get(name):
            return str(mail[name])[:_MAX_HEADER]
    local = parseaddr(str(mail.get("From", ""))[:_MAX_HEADER])[1].partition("@")[0]
    for text in (local, str(mail.get("Subject", ""))[:_MAX_HEADER]):
        found = _NUMBER.search(text)
        if found:
            return found.group(0)
    return ""

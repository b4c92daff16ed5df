"""From a raw mail to an arrival: the little that is read before the mail is stored, and the key that makes it one.

Only the header block is looked at here; the whole is read afterwards in a worker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contactd.channels.email import addresses, headers
from contactd.channels.email.token import ThreadKey, untagged
from contactd.core.channel import Arrival

_PEEKED = headers.MAX_BLOCK + 4
_TOKEN_FIELDS = ("delivered-to", "x-original-to", "to", "cc", "in-reply-to", "references")
_MAX_FIELD = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """What the header block says at a glance."""

    sender: str
    subject: str
    key: str
    """Digest that is equal for the same mail delivered again, whatever the mail systems added on the way."""
    texts: tuple[str, ...]
    """Where a thread token may stand."""


def peek(raw: bytes) -> Peek:
    """Read the header block.

    The key covers Message-ID, From, Date, Subject and the body: a Message-ID alone can be forged to make another's mail
    disappear as a duplicate.
    """
    fields, body = headers.split(raw[:_PEEKED])
    author = fields.first("from") or fields.first("sender") or b""
    digest = hashlib.sha256()
    for name in ("message-id", "from", "date", "subject"):
        value = fields.first(name) or b""
        digest.update(len(value).to_bytes(4, "big") + value)
    digest.update(memoryview(raw)[body:])
    written = addresses.parse(author[:_MAX_FIELD])
    return Peek(
        sender=next((address for _, address in written if address), ""),
        subject=headers.unstructured((fields.first("subject") or b"")[:_MAX_FIELD]),
        key=digest.hexdigest(),
        texts=tuple(
            value[-_MAX_FIELD:].decode("ascii", "replace") for name in _TOKEN_FIELDS for value in fields.all(name)[:5]
        ),
    )


def arrival(
    channel: str, adapter: str, raw: bytes, envelope: Mapping[str, Any], at: datetime, key: ThreadKey
) -> Arrival:
    """Make the arrival of one mail, however many recipients it has: the first accepted one decides about the line."""
    seen = peek(raw)
    recipients: Sequence[str] = envelope.get("rcpt") or ()
    thread = key.find([*recipients, *seen.texts])
    return Arrival(
        channel=channel,
        adapter=adapter,
        external_key=seen.key,
        raw=raw,
        at=at,
        sender=seen.sender or str(envelope.get("mail_from") or ""),
        recipient=untagged(recipients[0]) if recipients else "",
        subject=seen.subject,
        envelope={**envelope, **({"thread": thread} if thread else {})},
    )

"""From a raw mail to an arrival: the little that is read before the mail is stored, and the key that makes it one.

Only the header block is looked at here; the whole is read afterwards in a worker.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from contactd.channels.email import addresses, block, headers
from contactd.channels.email.mailbox_options import Mailbox
from contactd.channels.email.maildir import Maildir
from contactd.channels.email.token import ThreadKey, untagged
from contactd.clock import to_ms
from contactd.core.channel import Arrival

_PEEKED = block.MAX_BLOCK + 4
_TOKEN_FIELDS = ("delivered-to", "x-original-to", "to", "cc", "in-reply-to", "references")
_MAX_FIELD = 4000
_SIZES = struct.Struct(">4I").pack
_KEYED = ("message-id", "from", "date", "subject")

Ours = Callable[[str], bool]
"""Tells whether an address is one of ours."""
_SIGNED = re.compile(rb"signed|pkcs7")


class Peek(NamedTuple):
    """What the header block says at a glance."""

    sender: str
    subject: str
    key: str
    """Digest that is equal for the same mail delivered again, whatever the mail systems added on the way."""
    texts: Sequence[str]
    """Where a thread token may stand."""
    identity: str
    """Its own Message-ID."""
    signed: bool
    """Its type says that it is signed."""


def peek(raw: bytes) -> Peek:
    """Read the header block.

    The key covers Message-ID, From, Date, Subject and the body: a Message-ID alone can be forged to make another's mail
    disappear as a duplicate.
    """
    fields, body = block.split(raw[:_PEEKED])
    identity, author, date, subject = fields.firsts(_KEYED)
    sizes = _SIZES(len(identity), len(author), len(date), len(subject))
    digest = hashlib.sha256(b"".join((sizes[:4], identity, sizes[4:8], author, sizes[8:12], date, sizes[12:], subject)))
    digest.update(memoryview(raw)[body:])
    return Peek(
        addresses.first((author or fields.first("sender") or b"")[:_MAX_FIELD]),
        headers.unstructured(subject[:_MAX_FIELD]),
        digest.hexdigest(),
        [headers.told_ids(value[-_MAX_FIELD:]) for value in fields.several(_TOKEN_FIELDS, 5)],
        identity[:_MAX_FIELD].decode("ascii", "replace"),
        _SIGNED.search((fields.first("content-type") or b"")[:200].lower()) is not None,
    )


def arrival(
    channel: str, adapter: str, raw: bytes, envelope: Mapping[str, Any], at: datetime, key: ThreadKey
) -> Arrival:
    """Make the arrival of one mail, however many recipients it has: the first accepted one decides about the line."""
    seen = peek(raw)
    recipients: Sequence[str] = envelope.get("rcpt") or ()
    thread = key.find([*recipients, *seen.texts])
    known: dict[str, Any] = {"thread": thread} if thread else {}
    if seen.signed:
        # A signature is good or not at a moment: that at which it came.
        known["at"] = to_ms(at)
    if key.find([seen.identity]) is not None:
        known["own"] = True
    return Arrival(
        channel=channel,
        adapter=adapter,
        external_key=seen.key,
        raw=raw,
        at=at,
        sender=seen.sender or str(envelope.get("mail_from") or ""),
        recipient=untagged(recipients[0]) if recipients else "",
        subject=seen.subject,
        envelope={**envelope, **known},
    )


_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")


def fetched(
    channel: str,
    adapter: str,
    raw: bytes,
    envelope: Mapping[str, Any],
    mailbox: Mailbox | Maildir,
    at: datetime,
    key: ThreadKey,
    ours: Ours,
) -> Arrival:
    """Make the arrival of a mail that lay in a mailbox: what SMTP would have told is read from its header block.

    Its recipient is the mailbox's own address; in one that collects for many, the address of ours that it was sent to.
    """
    fields, _ = block.split(raw[:_PEEKED])
    facts = dict(envelope)
    returned = fields.first("return-path")
    if returned is not None:
        facts["mail_from"] = addresses.first(returned[:_MAX_FIELD])
    named = [
        one for value in fields.several(_DELIVERED, 5) for _, one in addresses.parse(value[:_MAX_FIELD]) if ours(one)
    ]
    facts["rcpt"] = [mailbox.own_address, *named] if mailbox.line and mailbox.own_address else named[:10]
    if not facts["rcpt"] and mailbox.own_address:
        facts["rcpt"] = [mailbox.own_address]
    found = arrival(channel, adapter, raw, facts, at, key)
    return replace(found, line=mailbox.line or None)

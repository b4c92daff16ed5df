"""`parse`: what a raw mail says, for any bytes, in bounded time and memory, without ever raising."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from contactd.channels.email import (
    addresses,
    auto,
    block,
    bodies,
    bounce,
    charset,
    headers,
    mime,
    protection,
    sealing,
    wild,
)
from contactd.channels.email.addresses import Mailbox
from contactd.channels.email.bodies import Attachment
from contactd.channels.email.bounce import Recipient
from contactd.channels.email.hint import Hint
from contactd.clock import rfc3339

_UNREADABLE_SHOWN = 100_000
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_DELIVERING = frozenset(_DELIVERED)


@dataclass(slots=True, kw_only=True)
class ParsedMail:
    """A mail as understood; text is free of control and bidirectional characters in names, subject and file names.

    Nobody changes one; it is not frozen because that takes twice as long to make.
    """

    from_name: str = ""
    from_address: str = ""
    """Empty when neither From, Sender nor Reply-To names one."""
    reply_to: tuple[Mailbox, ...] = ()
    """(name, address), as are `to` and `cc`."""
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    subject: str = ""
    text: str | None = None
    """The text part; None when the mail has none."""
    html: str | None = None
    """The HTML as it came: sanitise it before anybody sees it."""
    kind: str = "text/plain"
    """`text/html` or `text/plain`: the part to show."""
    attachments: tuple[Attachment, ...] = ()
    message_id: str | None = None
    """With its angle brackets, as are the other ids."""
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    """Oldest first."""
    date: datetime | None = None
    """When the sender says it was written, in UTC."""
    auto: str | None = None
    """Why it is an automatic message; None when a person seems to have written it."""
    bounce: tuple[Recipient, ...] | None = None
    """For a delivery report: the addresses that were not reached, or not yet."""
    fates: tuple[Recipient, ...] = ()
    """For a report of any kind: what became of a mail of ours, address by address."""
    returned_id: str | None = None
    """For a report: the Message-ID of the mail of ours it is about."""
    delivered_to: tuple[str, ...] = ()
    """Addresses the mail system says it was delivered to."""
    event: dict[str, str] | None = None
    """What it invites to: `method, what, where, from, to, by, repeats`, each where it is there."""
    protection: str | None = None
    """smime_signed | smime_encrypted | pgp_signed | pgp_encrypted: what it says it is, not verified."""
    defects: tuple[str, ...] = field(default=())
    """What was wrong with it, in fixed words."""

    def as_json(self) -> dict[str, Any]:
        """Return the mail as plain JSON values; attachment bytes in base64 beside their size."""
        shown = asdict(self)
        shown["date"] = rfc3339(self.date) if self.date else None
        for file in shown["attachments"]:
            file["size"] = len(file["data"])
            file["data"] = base64.b64encode(file["data"]).decode("ascii")
        return shown


def parse(raw: bytes) -> ParsedMail:
    """Understand a raw mail.

    Never raises.  Limits: nesting 50, 2,000 parts, 256 KB of header, 64 KB a field; what lies beyond is named in `defects`.
    """
    try:
        return _parse(raw)
    except (Exception, RecursionError):  # noqa: BLE001 - whatever a mail contains, a person must get to see it
        text, _ = charset.decode(raw[:_UNREADABLE_SHOWN].replace(b"\x00", b""))
        return ParsedMail(text=text, defects=("unreadable",))


def _parse(raw: bytes, *, opened: bool = False) -> ParsedMail:
    """Understand a raw mail; anything unforeseen may raise.  `opened`: it is the content of a sealed one."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    hint = Hint(raw)
    tree = mime.Tree(raw, hint)
    if not opened and (inner := sealing.opened(raw, tree)) is not None:
        return replace(_parse(inner, opened=True), protection="smime_signed")
    fields = tree.root.fields
    found = bodies.collect(tree)
    said = headers.words(headers.raw_text(fields.first("subject") or b"", hint))
    subject = headers.clean(said)
    name, address = _author(fields, hint)
    _note_tricks(tree, fields, said)
    report = bounce.standard(tree) or wild.read(tree, subject, address, found.text, found.html)
    replied = headers.message_ids(fields.first("in-reply-to") or b"")
    shows_html = found.html is not None
    return ParsedMail(
        from_name=name,
        from_address=address,
        reply_to=_mailboxes(fields, "reply-to", hint),
        to=_mailboxes(fields, "to", hint),
        cc=_mailboxes(fields, "cc", hint),
        subject=subject,
        text=found.text if found.text is not None or shows_html else "",
        html=found.html,
        kind="text/html" if shows_html else "text/plain",
        attachments=tuple(found.files),
        message_id=headers.message_id(fields.first("message-id") or b""),
        in_reply_to=replied[0] if replied else None,
        references=tuple(headers.message_ids(b" ".join(fields.all("references")))),
        date=headers.date(fields.first("date") or b""),
        auto=auto.reason(fields, subject, address, report=report.kind if report else None),
        bounce=(report.missed or None) if report else None,
        fates=report.recipients if report else (),
        returned_id=report.returned if report else None,
        delivered_to=tuple(_delivered(fields)),
        event=found.event,
        protection=protection.of(tree, found.text),
        defects=tuple(tree.defects),
    )


def _note_tricks(tree: mime.Tree, fields: block.Fields, subject: str) -> None:
    """Note what only those do who want to be taken for somebody else: characters nobody sees, several authors."""
    written = fields.all("from")
    if len(written) > 1:
        tree.note("several_authors")
    value = written[0][:4000] if written else b""
    name = headers.words(headers.raw_text(value, tree.hint)) if b"=?" in value or not value.isascii() else ""
    if headers.hides(subject) or headers.hides(name):
        tree.note("hidden_characters")


def _author(fields: block.Fields, hint: Hint) -> Mailbox:
    """Say who wrote it: From; where that names no address, Reply-To, Sender, Return-Path."""
    written: list[Mailbox] = []
    for value in fields.all("from"):
        written += addresses.parse(value, hint)
    for mailbox in written:
        if "@" in mailbox[1]:
            return mailbox
    name = written[0][0] if written else ""
    for key in ("reply-to", "sender", "return-path"):
        for mailbox in addresses.parse(fields.first(key) or b"", hint):
            if "@" in mailbox[1]:
                return name or mailbox[0], mailbox[1]
    return name, written[0][1] if written else ""


def _mailboxes(fields: block.Fields, key: str, hint: Hint) -> tuple[Mailbox, ...]:
    """Return the mailboxes of every field of one name."""
    values = fields.all(key)
    if len(values) == 1:
        return tuple(addresses.parse(values[0], hint))
    return tuple(one for value in values[:10] for one in addresses.parse(value, hint))[: addresses.MAX_ADDRESSES]


def _delivered(fields: block.Fields) -> list[str]:
    """Return the addresses in the fields that mail systems add on delivery."""
    if not fields.has_any(_DELIVERING):
        return []
    return [
        address
        for key in _DELIVERED
        for value in fields.all(key)[:10]
        for _, address in addresses.parse(value[:1000])
        if address
    ][:20]

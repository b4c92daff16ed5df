"""Reports about mail of ours: bounces and delays (RFC 3464), complaints (RFC 5965), read receipts (RFC 8098)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contactd.channels.email import block, headers, mime

MAX_RECIPIENTS = 100
MAX_REPORT = 256 * 1024
_MAX_LEAVES = 200
_MAX_DETAIL = 200
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CLASS = re.compile(r"\b([45])\d\d\b")
ADDRESS = re.compile(r"[A-Za-z0-9._%+=&/#~-]{1,64}@[A-Za-z0-9-][A-Za-z0-9.-]{0,199}\.[A-Za-z]{2,24}")
_RETURNED_TYPES = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"})
_GROUPS = re.compile(rb"\r?\n[ \t]*\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """What became of a mail of ours on its way to one address."""

    address: str
    """Empty where a complaint does not name it."""
    status: str
    """Enhanced status code (`5.1.1`); `5.0.0` or `4.0.0` where only the class is known."""
    permanent: bool
    action: str = "failed"
    """failed | delayed | delivered | complained | read"""
    detail: str = ""
    """What the other side said, in one short line."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says; `returned` is the Message-ID of the mail it is about."""

    recipients: tuple[Recipient, ...]
    returned: str | None

    @property
    def missed(self) -> tuple[Recipient, ...]:
        """The addresses that were not reached, or not yet."""
        return tuple(one for one in self.recipients if one.action in {"failed", "delayed"})

    @property
    def kind(self) -> str:
        """Name the report in a few words: why the mail that holds it is automatic."""
        actions = {one.action for one in self.recipients}
        if "complained" in actions:
            return "abuse report"
        if "read" in actions:
            return "read receipt"
        return "bounce" if self.missed else "delivery report"


def standard(tree: mime.Tree) -> Report | None:
    """Read a report in one of the standard forms; None when the mail is none."""
    if not tree.root.is_multipart and tree.root.media_type not in _READERS:
        return None
    parts = leaves(tree.root)
    for part in parts:
        reader = _READERS.get(part.media_type)
        found = reader(tree.content(part)[:MAX_REPORT]) if reader is not None else ()
        if found:
            return Report(found, returned(tree, parts, ""))
    return None


def leaves(part: mime.Part) -> list[mime.Part]:
    """Return the leaves below a part, in order, the first two hundred."""
    found: list[mime.Part] = []
    for leaf in _leaves(part):
        found.append(leaf)
        if len(found) >= _MAX_LEAVES:
            break
    return found


def _leaves(part: mime.Part) -> Iterator[mime.Part]:
    """Yield the leaves below a part."""
    if not part.children:
        yield part
    for child in part.children:
        yield from _leaves(child)


def _groups(data: bytes) -> Iterator[block.Fields]:
    """Yield the groups of fields of a status part."""
    for group in _GROUPS.split(data.strip())[: MAX_RECIPIENTS + 1]:
        yield block.split(group.strip() + b"\n")[0]


def _delivery(data: bytes) -> tuple[Recipient, ...]:
    """Read a message/delivery-status part."""
    found: list[Recipient] = []
    for fields in _groups(data):
        # The original address is the one we wrote to; a forwarder may name another as the final one.
        value = fields.plain("original-recipient") or fields.plain("final-recipient")
        address = ADDRESS.search(value)
        action = _action(fields.plain("action").lower())
        if address is not None and action:
            found.append(_told(fields, address[0], action))
    return tuple(found)


def _action(word: str) -> str:
    """Return what became of it, whatever remark stands behind the word; empty for what says nothing new."""
    if word.startswith(("fail", "error", "bounce")):
        return "failed"
    if word.startswith("delay"):
        return "delayed"
    return "delivered" if word.startswith(("deliver", "relay", "expand")) else ""


def _told(fields: block.Fields, address: str, action: str) -> Recipient:
    """Make the fate of one recipient out of its fields."""
    said, diagnostic = fields.plain("status"), fields.plain("diagnostic-code")
    code = _STATUS.search(said) or _STATUS.search(diagnostic)
    digit = code[1] if code else next((one[1] for text in (said, diagnostic) if (one := _CLASS.search(text))), "")
    permanent = action == "failed" and digit != "4"
    default = "2.0.0" if action == "delivered" else "5.0.0" if permanent else "4.0.0"
    detail = diagnostic.partition(";")[2] or diagnostic or said
    return Recipient(
        address=address,
        status=code[0] if code is not None else default,
        permanent=permanent,
        action=action,
        detail=headers.clean(detail, _MAX_DETAIL),
    )


def _complaint(data: bytes) -> tuple[Recipient, ...]:
    """Read a message/feedback-report part: somebody pressed "this is spam"."""
    fields = next(_groups(data))
    kind = fields.plain("feedback-type").lower()
    if not kind or kind == "not-spam":
        return ()
    address = ADDRESS.search(fields.plain("original-rcpt-to"))
    return (
        Recipient(
            address=address[0] if address else "",
            status="",
            permanent=False,
            action="complained",
            detail=headers.clean(kind, 40),
        ),
    )


def _reading(data: bytes) -> tuple[Recipient, ...]:
    """Read a message/disposition-notification part."""
    fields = next(_groups(data))
    disposition = fields.plain("disposition").lower()
    address = ADDRESS.search(fields.plain("original-recipient") or fields.plain("final-recipient"))
    if not disposition:
        return ()
    return (
        Recipient(
            address=address[0] if address else "",
            status="",
            permanent=False,
            action="read",
            detail=headers.clean(disposition, 80),
        ),
    )


_READERS: dict[str, Callable[[bytes], tuple[Recipient, ...]]] = {
    "message/delivery-status": _delivery,
    "message/global-delivery-status": _delivery,
    "message/feedback-report": _complaint,
    "message/disposition-notification": _reading,
}

_INNER_ID = re.compile(r"^[ \t>]{0,8}message-id:[ \t]{0,8}(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)


def returned(tree: mime.Tree, parts: list[mime.Part], text: str) -> str | None:
    """Find the Message-ID of the mail that came back: in the part that holds it, in a receipt, else in the words."""
    for part in parts:
        if part.media_type in _RETURNED_TYPES:
            fields, _ = block.split(tree.content(part)[: block.MAX_BLOCK])
            value = fields.first("message-id")
            if value is not None:
                return headers.message_id(value)
        elif part.media_type == "message/disposition-notification":
            fields, _ = block.split(tree.content(part)[:MAX_REPORT])
            value = fields.first("original-message-id")
            if value is not None:
                return headers.message_id(value)
    inner = _INNER_ID.search(text[:MAX_REPORT])
    return inner[1] if inner else None

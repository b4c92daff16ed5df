"""An agent's draft in the form in which it leaves: fixed once, before it is queued, so that every attempt is the same mail."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from contactd.channels.email.bodies import as_html
from contactd.channels.email.build import OutMail, bounded, build, refuse_breaks, wire_address
from contactd.channels.email.headers import clean
from contactd.channels.email.options import Options
from contactd.channels.email.outgoing import outgoing_html
from contactd.channels.email.signing import Signer
from contactd.channels.email.token import ThreadKey, tagged
from contactd.core.channel import Composed, Draft
from contactd.core.errors import BadRequestError
from contactd.core.party import Point

MAX_RECIPIENTS = 100
_MAX_LOCAL = 64
"""RFC 5321 section 4.5.3.1.1; where the token does not fit, our Message-ID still carries it."""
_ANSWER = re.compile(r"\s*(?:re|aw|sv|antw|回复|回覆|答复)\s*[:：]", re.IGNORECASE)
_AUTOMATIC = (("X-Auto-Response-Suppress", "All"), ("Precedence", "bulk"))
"""What makes machines, also those that do not know Auto-Submitted, leave a mail unanswered."""
_PRE = 'type="cite" style="white-space: pre-wrap"'
_ID = re.compile(r"<[!-;=?-~]{1,480}>")


def compose(draft: Draft, options: Options, key: ThreadKey, signer: Signer) -> Composed:
    """Make the mail of a draft, signed where its sender's domain has a key.

    `draft.options` may hold `cc` and `bcc` (addresses), `from` (an address of ours), `quote` (text that is answered, put
    below) with `quote_head` (the line above it), `forwarded` (what is passed on, with its head), and
    `automatic`, the word for Auto-Submitted (RFC 3834) of what nobody wrote.

    Raises:
        BadRequestError: no recipient, an address that is none, or a line break in subject or name.
    """
    refuse_breaks(draft.subject, "subject")
    sender = _sender(draft, options)
    to = tuple(dict.fromkeys(_address(point) for point in draft.to if point.kind == "email"))
    cc, bcc = (_listed(draft.options, name) for name in ("cc", "bcc"))
    recipients = tuple(dict.fromkeys([*to, *cc, *bcc]))
    if not to:
        message = "there is nobody to send it to"
        raise BadRequestError(message, field="to")
    if len(recipients) > MAX_RECIPIENTS:
        message = f"more than {MAX_RECIPIENTS} recipients"
        raise BadRequestError(message, field="to")
    token = key.sign(draft.thread)
    known = tuple(one for one in draft.references if _ID.fullmatch(one))
    message_id = f"<{draft.message}.t.{token}@{sender[1].rpartition('@')[2]}>"
    ours = sender[1].rpartition("@")[2] in options.domains
    signed = tagged(sender[1], token)
    own = frozenset(one.content_id for one in draft.attachments if one.inline and one.content_id)
    text, markup = _bodies(draft, own)
    automatic = draft.options.get("automatic")
    mail = OutMail(
        sender=sender,
        to=tuple(("", one) for one in to),
        cc=tuple(("", one) for one in cc),
        reply_to=((sender[0], signed),) if ours and len(signed.rpartition("@")[0]) <= _MAX_LOCAL else (),
        subject=_subject(draft.subject, answers=bool(draft.references) and not automatic),
        text=text,
        html=markup,
        attachments=draft.attachments,
        message_id=message_id,
        date=draft.at,
        in_reply_to=known[-1] if known else None,
        references=bounded(known),
        charset=options.charsets.get(draft.line, "utf-8"),
        extra=(("Auto-Submitted", str(automatic)), *_AUTOMATIC) if automatic else (),
    )
    # What nobody wrote wants no bounce (RFC 3834, 3.3); a smarthost that asks for a log-in takes mail of its account only.
    silent = bool(automatic) and not options.outbound.username
    return Composed(
        payload=signer.sign(build(mail), sender[1].rpartition("@")[2]),
        meta={
            "mail_from": "" if silent else sender[1],
            "from": sender[1],
            "rcpt": list(recipients),
            "destination": to[0].casefold(),
        },
        provider_id=message_id,
        sender=sender[1],
        recipients=tuple((role, "", one) for role, group in (("to", to), ("cc", cc), ("bcc", bcc)) for one in group),
        subject=mail.subject,
    )


def _sender(draft: Draft, options: Options) -> tuple[str, str]:
    """Return name and address an answer comes from: asked for, set for the line, or the line at our domain."""
    asked = draft.options.get("from")
    address = asked if isinstance(asked, str) and asked else options.sender_of(draft.line)
    if not address:
        local = re.sub(r"[^A-Za-z0-9._-]+", "-", draft.line).strip("-.") or "contact"
        address = f"{local}@{options.home()}"
    domain = address.rpartition("@")[2].lower()
    if domain not in options.domains and address.lower() not in options.own_addresses():
        message = "answers cannot come from that address"
        raise BadRequestError(message, field="from")
    return clean(options.names.get(draft.line, draft.agent_name), 100), wire_address(address, field="from")


def _address(point: Point) -> str:
    """Return a point's address as the customer writes it; the normalised one where that cannot be sent to."""
    try:
        return wire_address(point.raw.strip("<> "), field="to")
    except BadRequestError:
        return wire_address(point.value, field="to")


def _listed(options: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the addresses of an option."""
    values = options.get(name) or ()
    if not isinstance(values, list | tuple):
        message = "a list of addresses is needed"
        raise BadRequestError(message, field=name)
    return tuple(dict.fromkeys(wire_address(str(value).strip(), field=name) for value in values))


def _subject(subject: str, *, answers: bool) -> str:
    """Return the subject line: an answer says so once."""
    text = clean(subject, 500)
    return f"Re: {text}".strip() if answers and not _ANSWER.match(text) else text


def _bodies(draft: Draft, own: frozenset[str]) -> tuple[str, str]:
    """Return the text and the HTML of a draft, with what it answers or passes on below where that was asked for.

    `own`: the Content-IDs of pictures that may stand in the HTML.
    """
    text = draft.text
    markup = outgoing_html(draft.html, own) if draft.html is not None else as_html(draft.text)
    quote, head = (str(draft.options.get(name) or "") for name in ("quote", "quote_head"))
    if quote.strip():
        marked = "\n".join(f"> {line}".rstrip() for line in quote.splitlines())
        text = f"{text.rstrip()}\n\n{head}\n{marked}" if head else f"{text.rstrip()}\n\n{marked}"
        markup = f"{markup}\n{_below(head)}<blockquote {_PRE}>{html.escape(quote)}</blockquote>"
    forwarded = str(draft.options.get("forwarded") or "")
    if forwarded:
        text = f"{text.rstrip()}\n\n{forwarded}"
        markup = f'{markup}\n<div style="white-space: pre-wrap">{html.escape(forwarded)}</div>'
    return text, markup


def _below(head: str) -> str:
    """Return the line above a quotation as HTML."""
    return f"<p>{html.escape(head)}</p>" if head else ""

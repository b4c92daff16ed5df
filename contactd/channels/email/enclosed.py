"""Mails that are enclosed in a mail (message/rfc822): their words are shown with it, so that nobody has to save and open them."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from urllib.parse import unquote

from contactd.channels.email.bodies import Attachment
from contactd.channels.email.parse import ParsedMail, parse
from contactd.channels.email.plain import to_text

MOST = 3
"""Enclosed mails whose words are shown; the others lie beside them as files."""
LONGEST = 100_000
"""Characters of one that are shown."""
_LARGEST = 5 * 1024 * 1024
_CID = re.compile(r"cid:([^\s\"'<>()]{1,500})", re.IGNORECASE)


def words(mail: ParsedMail) -> list[str]:
    """Return what enclosed mails say: subject, sender and time, text; nothing of a report's, which tells it itself."""
    if mail.fates or mail.bounce:
        return []
    enclosed = [one for one in mail.attachments if one.content_type == "message/rfc822" and len(one.data) <= _LARGEST]
    return [_words(one) for one in enclosed[:MOST]]


def below(mail: ParsedMail, said: Sequence[str]) -> str | None:
    """Return a mail's HTML with the words of enclosed mails below it; None where it has none."""
    if mail.html is None or not said:
        return mail.html
    return mail.html + "".join(f'<hr><div style="white-space: pre-wrap">{html.escape(one)}</div>' for one in said)


def pictures(mail: ParsedMail) -> frozenset[str]:
    """Return the Content-IDs that the HTML shows; any other picture has to be shown as a file, or nobody sees it."""
    return frozenset(unquote(found).lower() for found in _CID.findall(mail.html or ""))


def _words(one: Attachment) -> str:
    mail = parse(one.data)
    text = mail.text if mail.text and not mail.text.isspace() else to_text(mail.html or "")
    sender = f"{mail.from_name} <{mail.from_address}>" if mail.from_name else mail.from_address
    at = f" · {mail.date:%Y-%m-%d %H:%M}" if mail.date else ""
    head = [f"— {mail.subject or one.filename} —", f"{sender}{at}"]
    return "\n".join([*filter(None, head), "", text.strip()])[:LONGEST]

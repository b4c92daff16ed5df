"""`read`: the whole of a stored mail turned into what intake needs.  Pure and total; runs in a worker process."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from contactd.channels.email import auto, block, enclosed, sealing, spam, trust, warnings
from contactd.channels.email.beliefs import Beliefs
from contactd.channels.email.build import bounded
from contactd.channels.email.parse import ParsedMail, parse
from contactd.channels.email.plain import to_text
from contactd.channels.email.seal import Seal
from contactd.channels.email.trust import Trust
from contactd.clock import from_ms
from contactd.core import address
from contactd.core.channel import Content, Fate
from contactd.core.message import NewAttachment, NewMessage

NO_BELIEFS = Beliefs()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_TEXT = 1024 * 1024
MAX_HTML = 2 * 1024 * 1024
_SAMPLE = 1000
"""Characters by which the language is told."""
_MIN_SHARE = 0.15
_CHINESE = (("zh", re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]+")),)
_SCRIPTS = (("ja", re.compile("[\u3040-\u30ff]+")), ("ko", re.compile("[\uac00-\ud7a3]+")), *_CHINESE)
_KANA_OR_HANGUL = re.compile("[\u3040-\u30ff\uac00-\ud7a3]")
_LETTERS = re.compile(r"\w+")
_ASCII = bytes(range(128))
_NOT_ASCII_LETTERS = bytes(set(range(256)) - set(f"{string.ascii_letters}{string.digits}_".encode()))


def read(raw: bytes, envelope: Mapping[str, Any]) -> Content:
    """Make content of a raw mail and the envelope it came in.

    `envelope["thread"]` is the thread of a token that the door has verified; nothing in the mail itself is believed.
    """
    mail = parse(raw)
    text = mail.text if mail.text and not mail.text.isspace() else to_text(mail.html or "")
    said = enclosed.words(mail)
    text = "\n\n".join([text.strip("\r\n"), *said]) if said else text.lstrip("\r\n")
    thread = envelope.get("thread")
    references = _references(mail)
    beliefs = envelope.get("beliefs") or NO_BELIEFS
    points, virus = spam.score(raw), envelope.get("virus")
    why = _automatic(mail, envelope)
    if why is None and points is not None and beliefs.spam_bulk is not None and points >= beliefs.spam_bulk:
        why = f"bulk: spam score {points:g}"
    proof = _proof(raw, mail, envelope, beliefs.about(envelope))
    message = _message(
        replace(mail, html=enclosed.below(mail, said)) if said else mail,
        text,
        str(envelope.get("mail_from") or ""),
        references,
        why,
        partial(beliefs.scan_state, virus=virus),
    )
    seal = _seal(raw, mail, beliefs, envelope)
    if seal is not None:
        message.headers["seal"] = seal.fact()
    flags = warnings.of(mail, beliefs, automatic=why is not None, spam=points, virus=virus)
    if proof is not None:
        message.headers["checks"] = proof.fact()
    if flags:
        message.headers["flags"] = " ".join(flags)
    return Content(
        subject=mail.subject,
        messages=(message,),
        sender=address.email(mail.from_address),
        sender_name=mail.from_name,
        references=references,
        thread_token=thread if isinstance(thread, str) else None,
        language=language(f"{mail.subject} {text[:_SAMPLE]}"),
        auto=why,
        auto_kind=auto.kind(why) if why else None,
        fates=tuple(
            Fate(address=one.address, action=one.action, status=one.status, detail=one.detail) for one in mail.fates
        ),
        returned=mail.returned_id if mail.fates else None,
        doubted="dmarc" if proof is not None and proof.verdict == "fail" else None,
        quarantine="the mail could not be read" if "unreadable" in mail.defects else None,
        defects=mail.defects + (("text_cut",) if len(text) > MAX_TEXT or len(mail.html or "") > MAX_HTML else ()),
    )


def _seal(raw: bytes, mail: ParsedMail, beliefs: Beliefs, envelope: Mapping[str, Any]) -> Seal | None:
    """Say what the mail's own signature proves, at the moment it came."""
    if mail.protection not in {"smime_signed", "pgp_signed"}:
        return None
    at = from_ms(envelope["at"]) if isinstance(envelope.get("at"), int) else mail.date
    try:
        return sealing.of(raw, mail.protection, mail.from_address, beliefs.known, at or _EPOCH)
    except (Exception, RecursionError):  # noqa: BLE001 - two libraries read a stranger's bytes: the mail is shown all the same
        return Seal("unreadable", why="form")


def _proof(raw: bytes, mail: ParsedMail, envelope: Mapping[str, Any], believed: tuple[str, ...]) -> Trust | None:
    """Say what is proved about the sender: what was looked up for it, else what a mail server we believe says."""
    checked = envelope.get("checked")
    if isinstance(checked, dict):
        return trust.checked(raw, checked.get("authors") or [mail.from_address], checked)
    if not believed:
        return None
    fields, _ = block.split(raw[: block.MAX_BLOCK + 4])
    return trust.told(fields, mail.from_address, believed)


def _automatic(mail: ParsedMail, envelope: Mapping[str, Any]) -> str | None:
    """Say why nobody wrote it: what the mail says of itself, a mail of ours that comes back, a sender who takes no answer."""
    if envelope.get("own") and not mail.fates:
        return "our own mail"
    return mail.auto or ("null sender" if envelope.get("mail_from") == "" else None)


def _message(
    mail: ParsedMail,
    text: str,
    mail_from: str,
    references: tuple[str, ...],
    why: str | None,
    scan_state: Callable[[str], str],
) -> NewMessage:
    """Make the message that stands in the conversation."""
    facts = {"mail_from": mail_from, "kind": mail.kind}
    within = enclosed.pictures(mail)
    if why:
        facts["auto"] = why
    if mail.event:
        facts["event"] = json.dumps(mail.event, ensure_ascii=False)
    if mail.protection:
        facts["protection"] = mail.protection
    if mail.bounce:
        facts["bounce"] = ", ".join(f"{one.address} {one.status}" for one in mail.bounce[:20])
    if references:
        facts["references"] = " ".join(bounded(references))
    return NewMessage(
        direction="inbound",
        sender=mail.from_address,
        sender_name=mail.from_name,
        text=text[:MAX_TEXT],
        html=mail.html[:MAX_HTML] if mail.html is not None else None,
        sent_at=mail.date,
        provider_id=mail.message_id,
        attachments=tuple(
            NewAttachment(
                name=one.filename,
                media_type=one.content_type,
                data=one.data,
                content_id=one.content_id,
                inline=one.inline and (one.content_id or "").lower() in within,
                scan_state=scan_state(one.filename),
            )
            for one in mail.attachments
        ),
        recipients=(
            *[("to", name, box) for name, box in mail.to],
            *[("cc", name, box) for name, box in mail.cc],
            *[("reply_to", name, box) for name, box in mail.reply_to],
        ),
        headers=facts,
    )


def _references(mail: ParsedMail) -> tuple[str, ...]:
    """Return the ids of the mails it answers, oldest first; for a delivery report the one that came back."""
    ids = [*mail.references, *filter(None, (mail.in_reply_to, mail.returned_id))]
    return tuple(dict.fromkeys(ids))


def language(text: str) -> str | None:
    """Tell Chinese, Japanese and Korean by their script; None for any other."""
    if text.isascii():
        return None
    # ASCII lies in the same bytes in UTF-8, so it can be counted and taken out without looking at characters.
    data = text.encode("utf_8", "surrogatepass")
    letters = len(data.translate(None, _NOT_ASCII_LETTERS))
    other = data.translate(None, _ASCII).decode("utf_8", "surrogatepass")
    if len(other) < _MIN_SHARE * letters:
        return None
    letters += len(other) if other.isalnum() else _length(_LETTERS, other)
    for name, script in _SCRIPTS if _KANA_OR_HANGUL.search(other) else _CHINESE:
        if _length(script, other) / (letters or 1) >= _MIN_SHARE:
            return name
    return None


def _length(runs: re.Pattern[str], text: str) -> int:
    """Count the characters of all runs; run by run, since a match for each character takes ten times as long."""
    return sum(map(len, runs.findall(text)))

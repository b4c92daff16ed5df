"""What an agent wrote on its way to a channel: whom it goes to, where it comes from, what stands below, the row it waits in."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contactd.core.address import email, phone_point
from contactd.core.channel import Composed, Draft
from contactd.core.errors import BadRequestError
from contactd.core.levels import veiled_text
from contactd.core.masking import HIDDEN, masked_text
from contactd.core.message import NewAttachment
from contactd.core.party import Point
from contactd.core.template import fill
from contactd.crm_store.answering import Answering
from contactd.crm_store.forwarding import Forwarded
from contactd.desk.book import Entry
from contactd.desk.desk import Desk
from contactd.routing.line import Line

INLINE = 256 * 1024
_HAN = re.compile(r"[\u3400-\u9fff]")
_WORDS = {
    "zh": ("发件人", "日期", "收件人", "主题", "---------- 转发的邮件 ----------", "{at}，{name} 写道：", "转发："),
    "en": (
        "From",
        "Date",
        "To",
        "Subject",
        "---------- Forwarded message ----------",
        "On {at}, {name} wrote:",
        "Fwd: ",
    ),
}
"""What a letter itself says around what it quotes, by its language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What an agent wrote, and what belongs to it."""

    agent: str
    message: str
    """Id of the message it becomes."""
    data: Mapping[str, Any]
    """Of interaction.send."""
    files: tuple[NewAttachment, ...]
    told: Answering
    passed_on: Forwarded | None = None


def make_draft(desk: Desk, entry: Entry, writing: Writing) -> Draft:
    """Return what an agent wrote as the channel composes it.

    Raises:
        BadRequestError: an address is none.
    """
    data, told, passed_on = writing.data, writing.told, writing.passed_on
    line = desk.rules.policy.lines.get(entry.line)
    language = language_of(data["text"])
    text, markup = _signed(desk, entry, writing, language)
    subject = data.get("subject") or (passed_on.subject if passed_on else told.subject)
    prefix = _WORDS[language][6]
    if passed_on is not None and not data.get("subject") and not subject.startswith(prefix):
        subject = f"{prefix}{subject}"
    return Draft(
        interaction=entry.id,
        thread=entry.thread or entry.id,
        message=writing.message,
        line=entry.line,
        agent=writing.agent,
        agent_name=desk.roster.name(writing.agent),
        at=desk.clock.now(),
        text=text,
        html=markup,
        attachments=writing.files,
        to=_recipients(data.get("to"), told, passed_on),
        subject=subject,
        references=() if passed_on is not None else told.references,
        options={
            **{name: [_meant(text, told, name) for text in data.get(name) or ()] for name in ("cc", "bcc")},
            "from": _sender(line, data.get("sender"), entry.recipient),
            "recipient": entry.recipient,
            "language": entry.language,
            "quoted": told.last_text,
            "quoted_from": told.sender_name or told.sender,
            "to_name": told.sender_name,
            **_below(data, told, passed_on, language),
        },
    )


def _sender(line: Line | None, chosen: str | None, written_to: str) -> str:
    """Return the address of ours an answer comes from; empty = as the channel has it for the line.

    Raises:
        BadRequestError: the one chosen is none of the line's.
    """
    found = line.sender(chosen or None, written_to) if line is not None else ""
    if found is None:
        message = "this line sends from no such address"
        raise BadRequestError(message, code="unknown_sender", field="sender")
    return found


def language_of(text: str) -> str:
    """Return the language an answer is written in, as far as its frame goes: zh where there is a Chinese character, else en."""
    return "zh" if _HAN.search(text) else "en"


def _signed(desk: Desk, entry: Entry, writing: Writing, language: str) -> tuple[str, str | None]:
    """Return text and HTML with the line's signature; a conversation that goes on at once has none."""
    text, markup = writing.data["text"], writing.data.get("html")
    if desk.rules.rule(entry.line, entry.channel).live or not writing.data.get("signature", True):
        return text, markup
    below, below_markup = _signature(desk, entry.line, writing.agent, language)
    return (text.rstrip() + below if below else text), (markup + below_markup if markup is not None else None)


def unsigned(desk: Desk, line: str, agent: str, text: str, markup: str | None) -> tuple[str, str | None]:
    """Return text and HTML without the signature that was put below them: it comes again when they are sent again."""
    for language in _WORDS:
        below, below_markup = _signature(desk, line, agent, language)
        if below and text.endswith(below):
            return text.removesuffix(below), markup.removesuffix(below_markup) if markup is not None else None
    return text, markup


def _signature(desk: Desk, line_name: str, agent: str, language: str) -> tuple[str, str]:
    """Return what a line puts below its letters, as text and as HTML; nothing where it has no signature."""
    line = desk.rules.policy.lines.get(line_name)
    if line is None or not line.signature[language]:
        return "", ""
    signed = fill(line.signature[language], {"agent_name": desk.roster.name(agent), "line": line.label[language]})
    return f"\n\n-- \n{signed}", "<p>-- <br>" + html.escape(signed).replace("\n", "<br>") + "</p>"


def _below(data: Mapping[str, Any], told: Answering, passed_on: Forwarded | None, language: str) -> dict[str, Any]:
    """Return what stands below the words: what is passed on, or, where that was asked for, what is answered."""
    sender, date, to, subject, begins, head, _ = _WORDS[language]
    if passed_on is not None:
        name = f"{passed_on.sender_name} <{passed_on.sender}>" if passed_on.sender_name else passed_on.sender
        lines = [
            begins,
            f"{sender}: {name}",
            f"{date}: {passed_on.at:%Y-%m-%d %H:%M} UTC",
            f"{to}: {', '.join(passed_on.to)}",
            f"{subject}: {passed_on.subject}",
            "",
            passed_on.text,
        ]
        return {"forwarded": "\n".join(lines)}
    if not data.get("quote") or not told.last_text:
        return {}
    at = f"{told.last_at:%Y-%m-%d %H:%M} UTC" if told.last_at is not None else ""
    return {"quote": told.last_text, "quote_head": fill(head, {"at": at, "name": told.sender_name or told.sender})}


async def outbox_row(
    desk: Desk,
    channel: str,
    interaction: str,
    message: str,
    composed: Composed,
    *,
    agent: str | None = None,
    send_at: datetime | None = None,
    heeds: bool = False,
) -> Mapping[str, Any]:
    """Make the outbox row of a message; a large one lies in the blob store before the row names it.

    `send_at`: when it leaves, where that is not at once; `heeds`: then it is looked at once more.
    """
    now = desk.clock.now()
    small = len(composed.payload) <= INLINE
    return {
        "id": desk.idents.new(),
        "interaction_id": interaction,
        "message_id": message,
        "channel": channel,
        "payload": composed.payload if small else None,
        "payload_blob": None if small else await desk.blobs.store(composed.payload),
        "meta": dict(composed.meta),
        "next_at": send_at or now,
        "due_at": send_at,
        "provider_id": composed.provider_id,
        "created_at": now,
        "destination": str(composed.meta.get("destination", "")),
        "agent": agent,
        "heeds": heeds,
    }


def _recipients(given: Sequence[str] | None, told: Answering, passed_on: Forwarded | None) -> tuple[Point, ...]:
    """Return whom the message goes to: those the agent named, else where answers go by themselves.

    Raises:
        BadRequestError: what is passed on goes to nobody by itself.
    """
    if passed_on is not None and not given:
        message = "to whom is it passed on?"
        raise BadRequestError(message, code="no_recipient", field="to")
    return tuple(read_point(_meant(text, told, "to"), "to") for text in given) if given else told.to


def _meant(text: str, told: Answering, where: str) -> str:
    """Return the address meant by one that its writer sees masked: of those the answer goes to anyway.

    Raises:
        BadRequestError: it is masked, and none of those (code `masked`): a mask is a letter like others to a mail server.
    """
    if HIDDEN not in text:
        return text
    for point in told.to:
        if text in {
            veiled_text(point.value),
            veiled_text(point.display),
            masked_text(point.value),
            masked_text(point.display),
        }:
            return point.value
    message = "this address is masked; write it out"
    raise BadRequestError(message, code="masked", field=where)


def read_point(text: str, where: str) -> Point:
    """Read an address an agent typed: e-mail, or a telephone number.

    Raises:
        BadRequestError: it is neither; `where` names the field.
    """
    point = None if HIDDEN in text else email(text) if "@" in text else phone_point(text)
    if point is None:
        message = "this is no address"
        raise BadRequestError(message, code="bad_address", field=where)
    return point

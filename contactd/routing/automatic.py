"""What a line does with contacts that nobody wrote, and what it says by itself to those somebody did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contactd.core.template import fields
from contactd.routing.document import Table

KINDS = {
    "bounce": "file",
    "complaint": "queue",
    "receipt": "file",
    "loop": "file",
    "reply": "queue",
    "bulk": "queue",
    "generated": "queue",
}
"""Sort of automatic contact that belongs to no conversation of ours → put in line, or kept where nobody needs to work on it."""
WAYS = ("queue", "file")
LANGUAGES = ("auto", "zh", "en")
PLACES = ("line",)
"""What an acknowledgement may say beyond its own words: nothing that came from outside."""

SUBJECT = {"zh": "已收到您的来信 - {line}", "en": "We have received your message - {line}"}
TEXT = {
    "zh": (
        "您好！\n\n您的来信已收到，我们会尽快回复。如需补充，直接回复本邮件即可，无需重复发送。"
        "\n\n{line}\n（本邮件由系统自动发送）"
    ),
    "en": (
        "Hello,\n\nwe have received your message and will answer as soon as we can."
        " To add something, simply reply to this mail.\n\n{line}\n(This mail was sent automatically.)"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """The receipt a line gives by itself: at most one a day to each address."""

    enabled: bool = False
    language: str = "auto"
    """auto = the customer's where it is known (zh, else en)."""
    per_hour: int = 500
    """All of them together."""
    subject: Mapping[str, str]
    text: Mapping[str, str]


def read_automatic(table: Table) -> dict[str, str]:
    """Read `automatic.<sort>`: queue or file."""
    found = {kind: table.choice(kind, way, WAYS) for kind, way in KINDS.items()}
    table.done()
    return found


def read_acknowledge(table: Table) -> Acknowledge:
    """Read `acknowledge`."""
    subject, text = (_words(table, key, own) for key, own in (("subject", SUBJECT), ("text", TEXT)))
    found = Acknowledge(
        enabled=table.flag("enabled", default=False),
        language=table.choice("language", "auto", LANGUAGES),
        per_hour=table.whole("per_hour", 500, 1, 100_000),
        subject=subject,
        text=text,
    )
    table.done()
    return found


def _words(table: Table, key: str, own: Mapping[str, str]) -> dict[str, str]:
    """Read a text in both languages; what is not given is the house's own."""
    given = table.label(key)
    for language, words in given.items():
        unknown = [name for name in fields(words) if name not in PLACES]
        if unknown:
            table.wrong(f"{key}.{language}", f"has the place {{{unknown[0]}}}, which is none of {', '.join(PLACES)}")
    return given if any(given.values()) else dict(own)

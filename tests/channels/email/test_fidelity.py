"""Fidelity: mails in the shapes of the world's programs are understood as their writers meant them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from contactd.channels.email.parse import ParsedMail, parse
from contactd.channels.email.plain import to_text
from tests.channels.email.corpus import desktop, machines, web
from tests.channels.email.corpus.wire import Mail
from tests.channels.email.corpus.words import WORDS

CORPUS = [
    pytest.param(mail, id=f"{words.lang} {mail.name}")
    for words in WORDS
    for module in (desktop, web, machines)
    for mail in module.mails(words)
]
LEAST_MAILS = 120
AGREEMENT = 0.99


def understood(mail: ParsedMail, field: str) -> Any:
    """Return a field in the form of the expectations."""
    if field == "files":
        return [(one.filename, one.data) for one in mail.attachments]
    value = getattr(mail, field)
    if field == "text" and value is not None:
        return "\n".join(line.rstrip() for line in value.strip().split("\n"))
    return list(value) if field in {"to", "cc", "reply_to"} else value


def wanted(mail: Mail, field: str) -> Any:
    value = mail.expected[field]
    if field == "text" and value is not None:
        return "\n".join(line.rstrip() for line in value.strip().split("\n"))
    return value


def shown(mail: ParsedMail) -> str:
    """Return what a person gets to read."""
    return " ".join((to_text(mail.html) if mail.kind == "text/html" else mail.text or "").split())


@pytest.mark.parametrize("mail", CORPUS)
def test_a_mail_of_the_corpus_is_understood(mail: Mail) -> None:
    found = parse(mail.raw)
    assert {field: understood(found, field) for field in mail.expected} == {
        field: wanted(mail, field) for field in mail.expected
    }
    for words in mail.shows:
        assert " ".join(words.split()) in shown(found)


def test_the_corpus_is_large_and_agrees() -> None:
    agreed: Counter[bool] = Counter()
    for parameter in CORPUS:
        (mail,) = parameter.values
        assert isinstance(mail, Mail)
        found = parse(mail.raw)
        agreed.update(understood(found, field) == wanted(mail, field) for field in mail.expected)
        assert shown(found)
        assert "\ufffd" not in shown(found) + found.subject + found.from_name
    assert len(CORPUS) >= LEAST_MAILS
    assert agreed[True] / agreed.total() >= AGREEMENT

"""What people write to a service, in eight languages, and how the programs of their countries label it: words of the corpus."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Words:
    """One writer's words."""

    lang: str
    name: str
    company: str
    subject: str
    body: str
    """Several paragraphs, in lines of their own."""
    file: str
    quoted: str
    """The line above a quotation, as the country's programs put it."""
    phone: str
    """The line that telephones put under a mail."""
    legacy: str
    """The charset of the country's older programs: Python's name of what the bytes really are."""
    label: str
    """What those programs call it."""
    reply: str
    """The mark of an answer in a subject."""


_GIVEN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf_8"))
WORDS = tuple(Words(lang=lang, **values) for lang, values in _GIVEN.items())

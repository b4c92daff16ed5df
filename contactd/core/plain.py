"""Names people give themselves, made safe to show: nothing invisible in them, nothing that turns the text after it around."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]+",
)
"""Control characters (ISO 6429), marks and overrides of direction (UAX #9), invisible ones, lone surrogates.

U+200C and U+200D stay: they part and join letters of Persian and Indian scripts, and emoji.
"""
_SPACES = re.compile(r"\s+")


def one_line(text: str, most: int = 500) -> str:
    """Return a name, a subject or the like on one line, without what cannot be seen, at most `most` characters."""
    return _UNSAFE.sub("", _SPACES.sub(" ", text)).strip()[:most]

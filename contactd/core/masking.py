"""Telephone numbers as somebody sees them who may not know them: 138****8000.

One function goes over everything that is shown, whatever it is: fields, texts of customers, snippets, file names.  It is given data
before it is encoded, so nothing hides behind an escape.  Company numbers (400, 95xxx) are no secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

HIDDEN = "****"
DEEPEST = 60

_GAP = r"[ \u00a0.\-\u2010-\u2015·]{0,2}"
_BEFORE = r"(?<!\d)"
_IDS = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,})")
"""Ids and digests: their digits are no number."""
_CHINA = rf"(?:(?:\+|00)?86{_GAP}|0)?"
_MOBILE = re.compile(rf"{_BEFORE}({_CHINA}1[3-9]\d)({_GAP}\d{{2}}{_GAP}\d{{2}}{_GAP})(\d{{4}})(?!\d)")
_SPLIT = re.compile(rf"{_BEFORE}({_CHINA}1[3-9]\d)({_GAP}(?:\d{_GAP}){{4}})(\d{{4}})(?!\d)")
_FIXED = re.compile(
    rf"{_BEFORE}((?:\+86{_GAP}|0086{_GAP}|86{_GAP})?\(?0?(?:10|2\d|[3-9]\d{{2}})\)?{_GAP})(\d{{3,4}}{_GAP})(\d{{4}})(?!\d)"
)
_FOREIGN = re.compile(r"(?<!\d)(\+(?!86)\d{1,3})([ ().\-\d]{3,14})(\d{3})(?!\d)")
_RAW = re.compile(r"(?<!\w)(raw:)(\d+)()(?!\d)")
_NUMBERS = frozenset({"amount", "seq", "size", "cursor"})
"""Keys of ours whose numbers count something."""
_WIDE = str.maketrans("０１２３４５６７８９＋（）－", "0123456789+()-")  # noqa: RUF001 - what people type


def masked_text(text: str) -> str:
    """Return `text` with every telephone number of a person masked: what tells numbers apart stays, the middle does not."""
    if sum(char.isdigit() for char in text) < 7:  # noqa: PLR2004 - a shorter number is none
        return text
    parts = _IDS.split(text.translate(_WIDE))
    return "".join(part if at % 2 else _masked_part(part) for at, part in enumerate(parts))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _masked_number(number: float) -> Any:
    """Mask a telephone number that somebody keeps as a number."""
    shown = masked_text(str(number))
    return number if shown == str(number) else shown


def _masked_part(plain: str) -> str:
    for pattern in (_MOBILE, _SPLIT, _FOREIGN, _RAW, _FIXED):
        plain = pattern.sub(_hide(pattern), plain)
    return plain


def masked(data: Any, depth: int = 0) -> Any:
    """Return JSON data with the numbers in all its texts masked, keys included."""
    if isinstance(data, str):
        return masked_text(data)
    if _is_number(data):
        return _masked_number(data)
    if depth > DEEPEST:
        return None
    if isinstance(data, dict):
        return {
            masked_text(str(key)): value if key in _NUMBERS and _is_number(value) else masked(value, depth + 1)
            for key, value in data.items()
        }
    if isinstance(data, (list, tuple)):
        return [masked(value, depth + 1) for value in data]
    return data


def _hide(pattern: re.Pattern[str]) -> Callable[[re.Match[str]], str]:
    def hide(match: re.Match[str]) -> str:
        if pattern is _FIXED and not _is_fixed(match):
            return match.group()
        return f"{match.group(1).rstrip(' -')}{HIDDEN}{match.group(3)}"

    return hide


def _is_fixed(match: re.Match[str]) -> bool:
    """Tell whether an area code was written as one: with its 0, a country code, or brackets."""
    head = match.group(1)
    return head.startswith(("+", "0", "(", "86"))

"""What stays of a record when the person goes: figures, ids, moments and our own words; never a text or a number of theirs."""

from __future__ import annotations

import re
from typing import Any

ERASED_NAME = "已删除"
"""What stands where a name was, for people; the same on every screen."""
ERASED_RAW = "erased"
"""`key_id` of raw bytes that were erased on purpose: the audit does not miss them."""
SCRUBBED = {"erased": True}
"""`custom` of an interaction or a case whose content is gone."""
DEEPEST = 20

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORD = re.compile(r"[a-z][a-z_.]{0,40}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z")
_RULE = re.compile(r"overflow\[\d{1,4}\]\.[a-z_]{1,20}")
"""Which rule of a line was followed: reports leave out who came in closed hours by it."""
_OURS = (_ID, _WORD, _MOMENT, _RULE)
_MENU = {"menu": re.compile(r"[a-z0-9_-]{1,32}"), "choice": re.compile(r"[0-9*#]")}
"""Of a step through a menu, which was gone through and by which key: ways are counted from them."""
_SAID = frozenset(
    {"note", "text", "name", "from", "to", "subject", "body", "comment", "address", "number", "title"}
    | {"remedy", "outside_ref"},
)
"""Keys under which a text is never one of our own words."""


def bare(data: Any, depth: int = 0, *, said: bool = False) -> Any:
    """Return JSON data without anything a person could have said or be known by.

    Numbers, truth values, ids, moments and words of our own tables stay: figures are counted from them.  Other texts are emptied,
    and all where something is `said`: also in a list, as which it stands what was changed from and to.
    """
    if depth > DEEPEST:
        return None
    if isinstance(data, str):
        return data if not said and any(pattern.fullmatch(data) for pattern in _OURS) else ""
    if isinstance(data, dict):
        step = data.keys() >= _MENU.keys()
        return {
            key: value
            if step and key in _MENU and isinstance(value, str) and _MENU[key].fullmatch(value)
            else bare(value, depth + 1, said=key in _SAID)
            for key, value in data.items()
            if _WORD.fullmatch(key)
        }
    if isinstance(data, (list, tuple)):
        return [bare(value, depth + 1, said=said) for value in data]
    if isinstance(data, int) and not isinstance(data, bool) and abs(data) >= 10**10:
        return (
            data if 10**12 <= data < 10**13 else 0
        )  # a moment in milliseconds, or else a number somebody could be called at
    return data

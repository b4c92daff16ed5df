"""The declarations of a style attribute that a mail may keep."""

from __future__ import annotations

import re

_STYLE_LIST = """
color background-color font-family font-size font-style font-weight font-variant line-height letter-spacing
text-align text-decoration text-indent text-transform vertical-align white-space word-break word-spacing width
height max-width min-width max-height border border-top border-right border-bottom border-left border-collapse
border-color border-radius border-spacing border-style border-width margin margin-top margin-right margin-
bottom margin-left padding padding-top padding-right padding-bottom padding-left list-style-type display
direction
"""
_STYLES = frozenset(_STYLE_LIST.split())
_STYLE_VALUE = re.compile(r"[A-Za-z0-9 #%.,'\"!()+\-\u0080-\uffff]{1,200}")
_STYLE_CALL = re.compile(r"(?:url|expression|image|image-set|element|attr|var|env)\s*\(", re.IGNORECASE)
_MAX_STYLE = 2000


def style(declarations: str) -> str:
    """Return the allowed declarations of a style attribute: nothing that fetches, covers the page or hides behind escapes."""
    kept = []
    for declaration in declarations[:_MAX_STYLE].split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name in _STYLES and _STYLE_VALUE.fullmatch(value) and not _STYLE_CALL.search(value):
            kept.append(f"{name}: {value}")
    return "; ".join(kept)

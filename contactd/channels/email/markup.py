"""HTML taken to pieces in one linear pass: tags with their attributes, and the text between.

It agrees with browsers on ordinary mail and need not agree on hostile mail: whoever uses it writes new markup of what it
says and never passes the old one on.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_SIZE = 1024 * 1024
"""Characters of a document that are looked at."""
_MAX_ATTRIBUTES = 60

_MARK = re.compile(r"<[A-Za-z/!?]")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:_-]{0,40})")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>=][^\s/>=]{0,80})(?:\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
_END = re.compile(r"[^>]*>?")
_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_HIDDEN = frozenset(
    {
        "script",
        "style",
        "title",
        "textarea",
        "xmp",
        "iframe",
        "noembed",
        "noframes",
        "plaintext",
        "template",
        "svg",
        "math",
        "object",
        "applet",
        "select",
        "audio",
        "video",
    },
)
"""Elements whose content is no text of the mail."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag: lower-case name, attributes with their entities resolved."""

    name: str
    closing: bool = False
    attributes: dict[str, str] = field(default_factory=dict)


def pieces(document: str) -> Iterator[Tag | str]:
    """Yield tags and texts (entities resolved) in order; comments, declarations and hidden elements are left out."""
    text = document[:MAX_SIZE].replace("\x00", "")
    closers = _Closers(text)
    at = 0
    while at < len(text):
        found = _MARK.search(text, at)
        mark = found.start() if found else len(text)
        if mark > at:
            yield html.unescape(text[at:mark])
        tag = _TAG.match(text, mark)
        if tag is None:
            at = _no_tag(text, mark)
            continue
        name = tag[2].lower()
        attributes, at = _attributes(text, tag.end())
        if name in _HIDDEN:
            at = at if tag[1] else closers.after(name, at)
        else:
            yield Tag(name, bool(tag[1]), attributes)


def _no_tag(text: str, mark: int) -> int:
    """Return the end of the comment, declaration or broken end tag at `mark`."""
    if text.startswith("<!--", mark):
        end = text.find("-->", mark + 2)
        return len(text) if end < 0 else end + 3
    end = text.find(">", mark)
    return len(text) if end < 0 else end + 1


def _attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    """Read the attributes of a tag; return them and where the tag ends.  The first of a name counts."""
    found: dict[str, str] = {}
    for _ in range(_MAX_ATTRIBUTES):
        match = _ATTRIBUTE.match(text, at)
        if match is None:
            break
        value = next((one for one in match.groups()[1:] if one is not None), "")
        found.setdefault(match[1].lower(), html.unescape(value))
        at = match.end()
    rest = _END.match(text, at)
    return found, rest.end() if rest else len(text)


class _Closers:
    """Finds the end tags of hidden elements, each missing one once only."""

    def __init__(self, text: str) -> None:
        self._text = text
        # Only ASCII letters are folded: str.lower() may change the length.
        self._folded = text.translate(_FOLD)
        self._missing: set[str] = set()

    def after(self, name: str, at: int) -> int:
        """Return where `</name …>` ends; without one the element is treated as if it had been closed at once."""
        if name in self._missing:
            return at
        end = self._folded.find(f"</{name}", at)
        if end < 0:
            self._missing.add(name)
            return at
        close = self._text.find(">", end)
        return len(self._text) if close < 0 else close + 1

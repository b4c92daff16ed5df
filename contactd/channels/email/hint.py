"""What charset a mail is likely in where it does not say so: the one it names elsewhere."""

from __future__ import annotations

import re

_NAMED = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_.:+\-]{2,40})", re.IGNORECASE)
_WORD = re.compile(rb"=\?([A-Za-z0-9_.:+\-]{2,40})\?[BbQq]\?")
_WINDOW = 64 * 1024


class Hint:
    """The first charset that a mail names near its top: what its raw 8-bit headers are most likely in.

    As text it is the label, empty when there is none.  It is looked for when it is first asked for, as most mails do without.
    """

    __slots__ = ("_label", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._label: str | None = None

    def __str__(self) -> str:
        """Return the label."""
        if self._label is None:
            self._label = _label(self._raw[:_WINDOW])
        return self._label


def _label(window: bytes) -> str:
    """Look for an encoded word, then for a parameter."""
    found = _WORD.search(window) or _NAMED.search(window)
    return found[1].decode("ascii") if found else ""

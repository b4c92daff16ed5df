"""What of a mail's HTML is a quotation of older mail, or a signature: by the marks that mail programs leave.

It is folded, never cut, so that a wrong guess costs a click.
"""

from __future__ import annotations

import re

from contactd.channels.email.markup import Tag

ELEMENT, REST, SIGNATURE = "element", "rest", "signature"
"""Folded is the marked element; or everything from there on; or an element that is no quotation."""

_QUOTING_CLASSES = frozenset(
    {
        "gmail_quote",
        "gmail_quote_container",
        "yahoo_quoted",
        "moz-cite-prefix",
        "protonmail_quote",
        "moz-email-headers-table",
    }
)
_SIGNING_CLASSES = frozenset(
    {"gmail_signature", "gmail_signature_prefix", "moz-signature", "protonmail_signature_block"}
)
_IDS = {
    "divrplyfwdmsg": REST,
    "appendonsend": REST,
    "zwchr": REST,
    "isreplycontent": ELEMENT,
    "mail-editor-reference-message-container": ELEMENT,
    "signature": SIGNATURE,
    "applemailsignature": SIGNATURE,
    "ms-outlook-mobile-signature": SIGNATURE,
}
_OUTLOOK = re.compile(r"border-top:solid#(?:e1e1e1|b5c4df)1\.0pt", re.IGNORECASE)
_FOXMAIL = "margin-left:0.5em;margin-right:inherit"
_LINE = re.compile(
    r"\s{0,20}-{2,40}\s{0,5}(?:原始邮件|原始郵件|回复的?原邮件|original message|reply message|ursprüngliche nachricht|"
    r"message d['’]origine|исходное сообщение|元のメッセージ|원본 메시지|الرسالة الأصلية)\s{0,5}-{2,40}",
    re.IGNORECASE,
)


def of_tag(tag: Tag) -> str | None:
    """Tell what begins with a start tag: ELEMENT, REST, SIGNATURE; None for words of the writer's own."""
    given = tag.attributes
    if not given:
        return None
    mark = _IDS.get(given.get("id", "").lower())
    if mark is not None:
        return mark
    classes = given.get("class", "").lower().split()[:20]
    if not _QUOTING_CLASSES.isdisjoint(classes) or any(one.endswith("yahoo_quoted") for one in classes):
        return ELEMENT
    if not _SIGNING_CLASSES.isdisjoint(classes):
        return SIGNATURE
    style = "".join(given.get("style", "")[:500].split()).lower()
    if tag.name == "blockquote":
        return ELEMENT if given.get("type", "").lower() == "cite" or _FOXMAIL in style else None
    return REST if tag.name == "div" and style and _OUTLOOK.search(style) else None


def of_text(text: str) -> bool:
    """Tell whether a text is the line above an older mail."""
    return "--" in text[:60] and _LINE.match(text) is not None


class Folds:
    """Where a document is folded, and whether folding serves its reader."""

    def __init__(self) -> None:
        self.places: list[int] = []
        """Pieces of the output at which something folded begins."""
        self.kind: str | None = None
        self.inside = False
        self._fresh = False
        self._since = False
        self._quotes = 0
        self._interleaved = False

    @property
    def sensible(self) -> bool:
        """Tell whether there are words of the writer's own to be seen, not scattered between quotations they answer."""
        return bool(self.places) and self._fresh and not self._interleaved

    def begins(self, kind: str, place: int) -> None:
        """Note that something folded begins."""
        self.places.append(place)
        self.kind, self.inside = kind, True
        if kind != SIGNATURE:
            self._interleaved = self._interleaved or (self._quotes > 0 and self._since)
            self._quotes += 1
            self._since = False

    def ends(self) -> None:
        """Note that it ended."""
        self.inside = False

    def says(self, text: str) -> None:
        """Note words."""
        if not self.inside and not text.isspace():
            self._fresh = self._since = True

"""HTML as plain text: what stands in lists, notifications and search when a mail has no text part."""

from __future__ import annotations

import re

from contactd.channels.email import markup

_BLOCK_LIST = """
address article blockquote center dd div dl dt footer form h1 h2 h3 h4 h5 h6 header hr main ol p pre section
table tr ul
"""
_BLOCKS = frozenset(_BLOCK_LIST.split())
_APART = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})
_SPACE = re.compile(r"[ \t\r\n\f\v]+")
_MANY_LINES = re.compile(r"\n{3,}")
_LINE_END = re.compile(r"[ \t]+\n")


def to_text(document: str) -> str:
    """Return the words of an HTML document, one block a line, links with their address where it is not what they say."""
    return _Text().read(document)


class _Text:
    """Collects the words of one document."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._fresh = True
        """At the beginning of a line: blanks there say nothing."""
        self._preformatted = 0
        self._link: tuple[str, int] | None = None

    def read(self, document: str) -> str:
        """Return the text."""
        for piece in markup.pieces(document):
            if isinstance(piece, str):
                self._words(piece)
            else:
                self._tag(piece)
        text = _LINE_END.sub("\n", "".join(self._out).replace("\xa0", " "))
        return _MANY_LINES.sub("\n\n", text).strip()

    def _words(self, text: str) -> None:
        """Add words, white space folded outside `pre`."""
        if not self._preformatted:
            text = _SPACE.sub(" ", text)
            if self._fresh:
                text = text.removeprefix(" ")
        if text:
            self._out.append(text)
            self._fresh = text.endswith(("\n", " "))

    def _tag(self, tag: markup.Tag) -> None:
        """Let a tag end a line, open a list item or name a link."""
        if tag.name == "pre":
            self._preformatted = max(self._preformatted + (-1 if tag.closing else 1), 0)
        if tag.name == "br":
            self._newline()
        elif tag.name == "li" and not tag.closing:
            self._block("li")
            self._out.append("- ")
            self._fresh = True
        elif tag.name in {"td", "th"}:
            self._words(" ")
        elif tag.name == "img" and tag.attributes.get("alt", "").strip():
            self._words(f"[{tag.attributes['alt'].strip()[:100]}]")
        elif tag.name == "a":
            self._anchor(tag)
        elif tag.name in _BLOCKS:
            self._block(tag.name)

    def _anchor(self, tag: markup.Tag) -> None:
        """Put the address behind the words of a link, unless they are the address."""
        if not tag.closing:
            self._link = tag.attributes.get("href", "").strip()[:500], len(self._out)
            return
        if self._link is None:
            return
        address, begin = self._link
        self._link = None
        said = "".join(self._out[begin:]).strip()
        if address.lower().startswith(("http://", "https://")) and said and said.rstrip("/") not in address:
            self._words(f" ({address})")

    def _newline(self) -> None:
        """End the line."""
        self._out.append("\n")
        self._fresh = True

    def _block(self, name: str) -> None:
        """Begin a new line, with an empty one before what stands apart."""
        tail = "".join(self._out[-2:])
        if self._out and not tail.endswith("\n"):
            self._newline()
        if name in _APART and self._out and not tail.endswith("\n\n"):
            self._newline()

"""An article's HTML made safe before it is kept: formatting and links, nothing that runs or fetches."""

from __future__ import annotations

from html.parser import HTMLParser

import nh3

from contactd.core.errors import BadRequestError

TAGS = {"a", "b", "blockquote", "br", "div", "em", "i", "li", "ol", "p", "pre", "s", "span", "strong", "u", "ul"}
"""What the console's editor makes (`web/src/contact/richText.ts`), so that an article goes into a letter as it is."""
DEEPEST = 60
MOST_TAGS = 4000
"""Tags in one text: no two parsers agree on where each broken one ends, so their number bounds the time as well."""
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "wbr", "col", "source", "track", "area", "embed"})


class _Depth(HTMLParser):
    """How deep elements lie in each other: nh3's time grows with the square of it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._open: list[str] = []
        self.most = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        _ = attrs
        if tag not in _VOID:
            self._open.append(tag)
            self.most = max(self.most, len(self._open))

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        # In HTML `<div/>` is open all the same.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        # One that ends nothing is passed over by browsers; one further out ends all within.
        if tag in self._open[-DEEPEST:]:
            while self._open.pop() != tag:
                pass


def safe(html: str, where: str = "body") -> str:
    """Return `html` with nothing but formatting and safe links.

    Raises:
        BadRequestError: elements lie too deep in each other, or are too many; `where` names the field.
    """
    if html.count("<") > MOST_TAGS:
        message = f"a text has at most {MOST_TAGS} tags"
        raise BadRequestError(message, field=where)
    depth = _Depth()
    depth.feed(html)
    if depth.most > DEEPEST:
        message = f"elements may lie {DEEPEST} deep in each other"
        raise BadRequestError(message, field=where)
    return nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )

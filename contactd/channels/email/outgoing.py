"""The HTML that leaves: only what a letter needs, so that nothing pasted into it goes out as it came."""

from __future__ import annotations

import nh3

from contactd.channels.email.sanitise import MAX_SIZE, clean
from contactd.core.errors import BadRequestError

_TAGS = {"a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "hr", "i", "li", "ol", "p", "pre", "s"}
_TAGS |= {"span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul"}
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "ol": {"start"}}


def outgoing_html(document: str) -> str:
    """Return an agent's HTML with an allow list of elements: no pictures from elsewhere, no styles, no scripts, safe links.

    Raises:
        BadRequestError: it is too large.
    """
    if len(document) > MAX_SIZE:
        text = "this text is too large"
        raise BadRequestError(text, code="too_large", field="html")
    # The first pass bounds depth: nh3's time grows with the square of it.
    return nh3.clean(
        clean(document, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )

"""The HTML that leaves: only what a letter needs, so that nothing pasted into it goes out as it came."""

from __future__ import annotations

import base64

import nh3

from contactd.channels.email.sanitise import MAX_SIZE, clean
from contactd.core.errors import BadRequestError

_TAGS = {"a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "hr", "i", "li", "ol", "p", "pre", "s"}
_TAGS |= {"span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul"}
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "ol": {"start"}}
_PICTURE = {"img": {"src", "alt"}}


def outgoing_html(document: str, own: frozenset[str] = frozenset()) -> str:
    """Return an agent's HTML with an allow list of elements: no pictures from elsewhere, no styles, no scripts, safe links.

    `own`: the Content-IDs of the pictures that go with it.

    Raises:
        BadRequestError: it is too large.
    """
    if len(document) > MAX_SIZE:
        text = "this text is too large"
        raise BadRequestError(text, code="too_large", field="html")
    # Between the two passes a picture of the letter's own is a data URI that says which: the first lets no other through.
    marks = {f"data:image/png;base64,{base64.b64encode(one.encode()).decode()}": f"cid:{one}" for one in own}

    def source(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) == ("img", "src"):
            return marks.get(value)
        return None if value.lstrip().lower().startswith(("data:", "cid:")) else value

    # The first pass bounds depth: nh3's time grows with the square of it.
    return nh3.clean(
        clean(document, {cid.removeprefix("cid:"): mark for mark, cid in marks.items()}),
        tags=_TAGS | {"img"} if own else _TAGS,
        attributes=_ATTRIBUTES | _PICTURE,
        attribute_filter=source,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        link_rel="noopener noreferrer",
    )

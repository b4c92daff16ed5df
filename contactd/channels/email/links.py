"""Links that show one address and lead to another.  Pure, linear: the first links are looked at, each up to a bound."""

from __future__ import annotations

import re

from contactd.channels.email import dmarc

MOST = 200
"""Links of a mail that are looked at."""
_HEAD, _SHOWN = 3000, 300
_HREF = re.compile(r"href\s?=\s?[\"']?\s?https?://([^\s\"'<>/?#]{1,300})", re.IGNORECASE)
_HOST = re.compile(r"(?:https?://)?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})(?::\d{1,5})?(?:[/?#].*)?", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,300}>")
_ANCHOR = re.compile(r"<a\s", re.IGNORECASE)
_REWRITERS = frozenset(
    ("outlook.com", "urldefense.com", "proofpoint.com", "mimecast.com", "mimecastprotect.com", "cudasvc.com")
)
"""Mail systems that lead every link through their own check, as the reader's company wants it."""


def elsewhere(markup: str) -> str | None:
    """Return the first place of another organisation that a link leads to than the address it shows; None: all are honest."""
    for chunk in _ANCHOR.split(markup, maxsplit=MOST)[1:]:
        head, _, rest = chunk[: _HEAD + _SHOWN].partition(">")
        leads = _HREF.search(head)
        if leads is None:
            continue
        text = _TAG.sub("", re.split("</a", rest[:_SHOWN], maxsplit=1, flags=re.IGNORECASE)[0]).strip()
        shown = _HOST.fullmatch(text)
        if shown is None:
            continue
        told, place = dmarc.domain(shown[1]), dmarc.domain(leads[1].rpartition("@")[2].partition(":")[0])
        if not told or not _registered(told) or dmarc.organisation(told) == dmarc.organisation(place):
            continue
        if dmarc.organisation(place) not in _REWRITERS:
            return place or leads[1][:100]
    return None


def _registered(name: str) -> bool:
    """Tell whether a word with a point in it is an address at all, and no file or version: `readme.txt`, `2.0`."""
    ending = name.rpartition(".")[2]
    return ending.isalpha() and ending not in {
        "txt",
        "pdf",
        "doc",
        "docx",
        "xls",
        "xlsx",
        "jpg",
        "png",
        "zip",
        "html",
        "htm",
    }

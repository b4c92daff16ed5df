"""A mail's HTML made safe to show: rewritten from its pieces by an allow list, then through nh3, then in a sandboxed frame.

Rewriting first gives nh3 well-formed markup of bounded size and depth: its time grows with the square of the nesting.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

import nh3

from contactd.channels.email import folding, markup
from contactd.channels.email.styles import style

MAX_DEPTH = 500
MAX_SIZE = markup.MAX_SIZE

_VOID = frozenset({"br", "hr", "img", "wbr", "col"})
_TAG_LIST = """
a abbr address article b bdi bdo big blockquote caption center cite code colgroup dd del details dfn div dl dt
em font footer h1 h2 h3 h4 h5 h6 header i ins kbd li main mark ol p pre q rp rt ruby s samp section small span
strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var
"""
_TAGS = _VOID | frozenset(_TAG_LIST.split())
_CLOSED_BY: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "p": (frozenset({"p"}), frozenset({"div", "td", "th", "li", "blockquote", "table", "section"})),
    "li": (frozenset({"li"}), frozenset({"ul", "ol", "table"})),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl", "table"})),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl", "table"})),
    "tr": (frozenset({"tr"}), frozenset({"table"})),
    "td": (frozenset({"td", "th"}), frozenset({"tr", "table"})),
    "th": (frozenset({"td", "th"}), frozenset({"tr", "table"})),
    "tbody": (frozenset({"tbody", "thead", "tfoot"}), frozenset({"table"})),
    "tfoot": (frozenset({"tbody", "thead", "tfoot"}), frozenset({"table"})),
}
"""Element → (what it closes when it begins, where to stop looking): end tags that people leave out."""
_LOOK_BACK = 40
_AMPERSAND = "\ufdd0"
"""A code point that Unicode keeps out of text for ever."""

_ANYWHERE = frozenset({"style", "dir", "lang", "title", "align", "valign", "bgcolor", "width", "height"})
_ATTRIBUTES = {
    "a": {"href", "name"},
    "img": {"src", "alt"},
    "font": {"color", "size", "face"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap"},
    "col": {"span"},
    "ol": {"start", "type"},
    "li": {"value"},
    "time": {"datetime"},
    "details": {"open"},
}
_HISTORY = "details "
"""Stands for the element we fold by; no tag of a mail has such a name."""
_FOLD = '<details class="history">'
_NOTHING: set[str] = set()
_LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\x00-\x20<>\"]*", re.IGNORECASE)
_REMOTE = re.compile(r"https?://[^\x00-\x20<>\"]+", re.IGNORECASE)
_DATA_IMAGE = re.compile(r"data:image/(?:png|gif|jpeg|webp|bmp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_MAX_URL = 4000
MAX_REMOTE = 40
_NO_PICTURES: dict[str, str] = {}
_TINY = frozenset({"0", "1", "2", "0px", "1px", "2px"})

CidMap = Mapping[str, str] | Callable[[str], str | None]
"""Content-ID → address of the picture (`/files/…` or `data:`), or None."""

_SHEET = (
    "html{color-scheme:light}body{margin:12px;font:14px/1.6 system-ui,'PingFang SC','Microsoft YaHei',sans-serif;color:#1f2328;"
    "background:#fff;overflow-wrap:anywhere}img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap}"
    "blockquote{margin:8px 0;padding-left:12px;border-left:3px solid #d0d7de;color:#59636e}"
    ".history>summary{display:none}"
    ".remote{display:inline-block;padding:0 6px;border:1px dashed #b6bec7;border-radius:4px;color:#59636e;font-size:12px}"
)


class Shown(NamedTuple):
    """A mail's HTML as it may be shown."""

    html: str
    missing: int
    """Pictures from elsewhere that are not in it."""
    folds: bool
    """It quotes older mail, or has a signature, that is (or was asked not to be) folded."""


def show_html(document: str, cid_map: CidMap, remote: Mapping[str, str] = _NO_PICTURES, folded: bool = True) -> str:
    """Return a whole HTML document to be shown in a sandboxed frame; `contactd` in its head tells what is not shown.

    Args:
        document: the mail's HTML as it came.
        cid_map: where the pictures that came with the mail are to be had.
        remote: pictures from elsewhere, as `data:` URIs by their addresses; not one address is contacted from the frame.
        folded: hide quotations and signatures.
    """
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
    shown = rewritten(document, cid_map, remote, folded=folded)
    return (
        '<!doctype html><html><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="referrer" content="no-referrer">'
        f'<meta name="contactd" content="missing={shown.missing} folds={int(shown.folds)}">'
        f"<style>{_SHEET}</style></head><body>{shown.html}</body></html>"
    )


def clean(document: str, cid_map: CidMap, remote: Mapping[str, str] = _NO_PICTURES) -> str:
    """Return the safe fragment of a mail's HTML."""
    return rewritten(document, cid_map, remote, folded=True).html


def rewritten(document: str, cid_map: CidMap, remote: Mapping[str, str], *, folded: bool) -> Shown:
    """Return the safe fragment of a mail's HTML; what lies beyond the size limit is left out and said so."""
    writer = _Writer(cid_map, remote)
    written = writer.write(document, folded=folded)
    safe = _cleaner().clean(written).replace(_AMPERSAND, "&amp;")
    html_shown = f"{safe}<p>[…]</p>" if len(document) > MAX_SIZE else safe
    return Shown(html_shown, writer.missing, writer.folds)


def remote_images(document: str) -> list[str]:
    """Return the addresses of the pictures from elsewhere, the first `MAX_REMOTE`."""
    found: dict[str, None] = {}
    for piece in markup.pieces(document):
        if not isinstance(piece, str) and piece.name == "img" and len(found) < MAX_REMOTE:
            source = piece.attributes.get("src", "").strip()[:_MAX_URL]
            if _REMOTE.fullmatch(source):
                found[source] = None
    return list(found)


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    """Make the second net once."""
    return nh3.Cleaner(
        tags=set(_TAGS),
        attributes={"*": set(_ANYWHERE), **{tag: set(names) for tag, names in _ATTRIBUTES.items()}, "span": {"class"}}
        | {"details": {"open", "class"}},
        attribute_filter=_attribute_filter,
        url_schemes={"http", "https", "mailto", "tel", "data"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )


def _attribute_filter(tag: str, name: str, value: str) -> str | None:
    """Check addresses once more, after nh3's own reading of the markup."""
    if name == "href":
        return value if _LINK.fullmatch(value) else None
    if name == "class":
        return value if value in {"remote", "history"} else None
    if name == "src" and value.lower().startswith("data:"):
        return value if tag == "img" and _DATA_IMAGE.fullmatch(value) else None
    return value


def _text(words: str) -> str:
    """Escape text.

    nh3's time grows with the square of the ampersands in one text, so a stand-in goes through it in their place.
    """
    words = words.replace(_AMPERSAND, "").replace("&", _AMPERSAND)
    return words.replace("<", "&lt;").replace(">", "&gt;")


class _Writer:
    """Writes new, well-formed markup of the pieces of an old document."""

    def __init__(self, cid_map: CidMap, remote: Mapping[str, str]) -> None:
        self._picture = cid_map if callable(cid_map) else cid_map.get
        self._remote = remote
        self.missing = 0
        self._folding = folding.Folds()
        self._out: list[str] = []
        self._stack: list[str] = []
        self._open: dict[str, int] = {}

    @property
    def folds(self) -> bool:
        """Tell whether something in it is better folded."""
        return self._folding.sensible

    def write(self, document: str, *, folded: bool) -> str:
        """Return the new markup."""
        for piece in markup.pieces(document):
            if isinstance(piece, str):
                if folding.of_text(piece):
                    self._fold_rest()
                self._folding.says(piece)
                self._out.append(_text(piece))
            elif piece.name in _TAGS:
                if piece.closing:
                    self._close(piece.name)
                else:
                    self._begin(piece)
        self._pop_to(0)
        fold = _FOLD if folded and self.folds else _FOLD.replace(">", " open>")
        for at in self._folding.places:
            self._out[at] = f"{fold}<summary></summary>"
        return "".join(self._out)

    def _fold(self, mark: str) -> None:
        """Begin to fold: until what encloses it ends."""
        if not self._folding.inside and len(self._stack) < MAX_DEPTH:
            self._folding.begins(mark, len(self._out))
            self._stack.append(_HISTORY)
            self._open[_HISTORY] = 1
            self._out.append(_FOLD)

    def _fold_rest(self) -> None:
        """Fold everything from here on; in a table nothing can be: it would fall apart."""
        if not self._folding.inside and not self._open.get("table"):
            self._pop_to(0)
            self._fold(folding.REST)

    def _begin(self, tag: markup.Tag) -> None:
        """Write a start tag, closing first what it ends."""
        closes = _CLOSED_BY.get(tag.name)
        if closes is not None:
            self._close_one_of(*closes)
        if tag.name == "img":
            self._image(tag.attributes)
            return
        mark = folding.of_tag(tag)
        if mark == folding.REST:
            self._fold_rest()
        elif mark is not None and tag.name not in _VOID:
            self._fold(mark)
        if tag.name not in _VOID:
            if len(self._stack) >= MAX_DEPTH:
                return
            self._stack.append(tag.name)
            self._open[tag.name] = self._open.get(tag.name, 0) + 1
        self._out.append(f"<{tag.name}{self._attributes(tag)}>")

    def _close_one_of(self, names: frozenset[str], stops: frozenset[str]) -> None:
        """Close the nearest open element of `names`, unless one of `stops` stands before it."""
        if not any(self._open.get(name) for name in names):
            return
        for depth in range(len(self._stack) - 1, max(len(self._stack) - 1 - _LOOK_BACK, -1), -1):
            if self._stack[depth] in names:
                self._pop_to(depth)
                return
            if self._stack[depth] in stops:
                return

    def _close(self, name: str) -> None:
        """Write an end tag, closing what is still open inside; one without a start is left out."""
        if name in _VOID or not self._open.get(name):
            return
        depth = len(self._stack) - 1
        while self._stack[depth] != name:
            depth -= 1
        if depth and self._stack[depth - 1] == _HISTORY and self._folding.kind != folding.REST:
            depth -= 1
        self._pop_to(depth)

    def _pop_to(self, depth: int) -> None:
        """Close every element from the innermost down to `depth`."""
        while len(self._stack) > depth:
            name = self._stack.pop()
            self._open[name] -= 1
            if name == _HISTORY:
                self._folding.ends()
            self._out.append(f"</{name.strip()}>")

    def _attributes(self, tag: markup.Tag) -> str:
        """Write the allowed attributes of a tag."""
        allowed = _ATTRIBUTES.get(tag.name, _NOTHING)
        out = []
        for name, value in tag.attributes.items():
            if name not in _ANYWHERE and name not in allowed:
                continue
            if name == "style":
                kept = style(value)
            elif name == "href":
                link = value.strip()[:_MAX_URL]
                kept = link if _LINK.fullmatch(link) else ""
            else:
                kept = value[:300]
            if kept:
                out.append(f' {name}="{html.escape(kept)}"')
        return "".join(out)

    def _image(self, attributes: dict[str, str]) -> None:
        """Write a picture: one that came with the mail, or one from elsewhere when that is allowed, else a note."""
        source = attributes.get("src", "").strip()
        address: str | None = None
        if source[:4].lower() == "cid:":
            address = self._picture(unquote(source[4:]).strip("<>"))
        elif source[:5].lower() == "data:":
            address = source if _DATA_IMAGE.fullmatch(source) else None
        elif _REMOTE.fullmatch(source[:_MAX_URL]):
            address = self._remote.get(source[:_MAX_URL])
            self.missing += address is None
        if address:
            rest = self._attributes(
                markup.Tag("img", attributes={key: value for key, value in attributes.items() if key != "src"})
            )
            self._out.append(f'<img src="{html.escape(address)}"{rest}>')
        elif not _TINY & {attributes.get("width", "").strip(), attributes.get("height", "").strip()}:
            self._out.append(
                f'<span class="remote">{html.escape(attributes.get("alt", "").strip()[:100] or "▣")}</span>'
            )

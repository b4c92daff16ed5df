"""Pages that lie beside a table of articles: Markdown, HTML or plain text, made safe before they are kept."""

from __future__ import annotations

import asyncio
import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt

from contactd.core import knowledge
from contactd.core.errors import BadRequestError
from contactd.core.newcomer import Problem
from contactd.core.past import Past
from contactd.desk.exchange.bundle import Bundle
from contactd.desk.kb_html import safe

MOST = 1024 * 1024
"""Bytes of one page."""
_MARKDOWN, _HTML, _TEXT = (".md", ".markdown"), (".html", ".htm"), (".txt",)
_INNER = r"(?:\s[^<>]{0,2000})?"
"""What stands in a tag behind its name: with a < in it each of many broken tags would be looked through to the next one's end."""
_HEADING = re.compile(rf"<h([1-6]){_INNER}>", re.IGNORECASE)
_OPENS = re.compile(rf"<(?:h[1-6]|tr|dt|dd|section|article|header|footer){_INNER}>", re.IGNORECASE)
_CLOSES = re.compile(r"</(?:h[1-6]|tr|dt|dd|section|article|header|footer)\s*>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_TABLE = re.compile(rf"</?(?:table|thead|tbody|tfoot|colgroup|t[dh]){_INNER}>", re.IGNORECASE)
"""A parser puts what stands in a table, but in no row it knows, before the table."""
_TAG = re.compile(r"<[^<>]{0,2000}>")
_HEAD = re.compile(r"<(head|script|style|title)\b", re.IGNORECASE)
_LOOKS_MARKED = re.compile(r"</?(?:p|br|div|ul|ol|li|b|strong|a|h[1-6]|table|span)\b[^<>]{0,2000}>", re.IGNORECASE)
_SPLIT = re.compile(r"[、;；,，|\n]+")


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says."""

    title: str
    """Of its first heading; empty where there is none."""
    body: str
    """HTML, safe."""


class Pages:
    """Completes rows of articles with what they say."""

    def __init__(self, files: Bundle | None, *, publishes: bool) -> None:
        """Take pages from `files`; `publishes`: what was published there may be published here."""
        self._files = files
        self._publishes = publishes

    async def complete(self, rows: Sequence[Past], *, keep: bool) -> None:
        """Read each row's pages, and give it `texts` as the store keeps them; what is wrong with them is the row's mistake."""
        _ = keep
        for row in rows:
            if row.problems:
                continue
            row.values["publishes"] = self._publishes
            try:
                row.values["texts"] = await asyncio.to_thread(self._texts, row)
            except BadRequestError as error:
                row.problems.append(Problem((error.field or "body").rpartition(".")[2], error.code, error.text[-60:]))

    def _texts(self, row: Past) -> dict[str, object]:
        """Return what an article says, by language.

        Raises:
            BadRequestError: a page is not there or no page, or too long, or the title is missing.
        """
        own = self._said(row, "")
        language = row.said("language") or _language(own.title + own.body)
        words = [word.strip() for word in _SPLIT.split(row.said("words")) if word.strip()]
        written: dict[str, dict[str, Any]] = {language: {"title": own.title, "body": own.body, "words": words}}
        if any(row.said(f"other_{part}") for part in ("title", "body", "file")):
            other = self._said(row, "other_")
            second = next(one for one in knowledge.LANGUAGES if one != language)
            written[second] = {"title": other.title or own.title, "body": other.body, "words": []}
        row.values["language"] = language
        for one in written.values():
            if not one["title"]:
                raise BadRequestError(row.said("file"), code="missing", field="title")
            if len(one["body"]) > knowledge.LONGEST_BODY:
                raise BadRequestError(str(len(one["body"])), code="too_long", field="body")
        return dict(knowledge.texts(written))

    def _said(self, row: Past, part: str) -> Page:
        """Return what the cells of a language say, filled up from its file."""
        name, body = row.said(f"{part}file"), row.said(f"{part}body")
        found = self._page(name) if name else Page("", _marked(body))
        return Page(row.said(f"{part}title") or found.title, found.body or _marked(body))

    def _page(self, name: str) -> Page:
        if self._files is None:
            raise BadRequestError(name, code="no_file", field="file")
        ending = f".{name.lower().rpartition('.')[2]}"
        if ending not in (*_MARKDOWN, *_HTML, *_TEXT):
            raise BadRequestError(name, code="no_page", field="file")
        text = _decoded(self._files.read(name, MOST), name)
        if ending not in _HTML and len(text) > knowledge.LONGEST_BODY:
            # What it becomes is longer still: it need not be read first.
            raise BadRequestError(str(len(text)), code="too_long", field="body")
        if ending in _MARKDOWN:
            text = MarkdownIt("commonmark").enable("table").render(text)
        elif ending in _TEXT:
            text = _plain(text)
        return page(text)


def page(text: str) -> Page:
    """Return what an HTML text says: its first heading is the title where it begins with one, other headings are bold lines.

    Raises:
        BadRequestError: it holds too many tags, or they lie too deep (`kb_html.safe`).
    """
    text = "".join(piece for piece, said in _cut(_HEAD, "", text) if said is None)
    pieces = list(_cut(_HEADING, "h", text))
    first = next((at for at, (_, said) in enumerate(pieces) if said is not None), None)
    title = ""
    if first is not None:
        title = " ".join(html.unescape(_TAG.sub("", pieces[first][1] or "")).split())[: knowledge.LONGEST_TITLE]
        if not any(_TAG.sub("", piece).strip() for piece, _ in pieces[:first]):
            pieces = pieces[first + 1 :]
    text = "".join(piece if said is None else f"<p><strong>{said}</strong></p>" for piece, said in pieces)
    text = _CLOSES.sub("</div>", _OPENS.sub("<div>", _TABLE.sub("", _CELL.sub(" ", text))))
    return Page(title, safe(text).strip())


def _cut(opening: re.Pattern[str], letter: str, text: str) -> Iterator[tuple[str, str | None]]:
    """Cut a text at elements: yield what stands between them with None, and each of them with what is in it.

    An element ends where its own name ends one.  What no end follows is text, once it is known for all of that name: so that a
    text of nothing but beginnings is gone through once, and not once for each of them.

    Args:
        opening: finds the beginning of one; its group is the name, or what stands behind `letter` in it.
        letter: with which the names of all of them begin.
        text: HTML.
    """
    at, done, endless = 0, 0, set[str]()
    while (found := opening.search(text, at)) is not None:
        at, name = found.end(), found[1].lower()
        end = None if name in endless else re.compile(rf"</{letter}{name}\s*>", re.IGNORECASE).search(text, at)
        if end is None:
            endless.add(name)
            continue
        yield text[done : found.start()], None
        yield "", text[at : end.start()]
        at = done = end.end()
    yield text[done:], None


def _marked(text: str) -> str:
    """Return a cell as safe HTML: text that nobody marked up keeps its lines."""
    return page(text if _LOOKS_MARKED.search(text) else _plain(text)).body if text else ""


def _plain(text: str) -> str:
    parts = (part for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if part.strip())
    return "".join(f"<p>{html.escape(part.strip(), quote=False).replace(chr(10), '<br>')}</p>" for part in parts)


def _decoded(data: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadRequestError(name, code="damaged", field="file")


def _language(text: str) -> str:
    """Tell in which language something is written: one Chinese character makes it Chinese."""
    chinese = any("CJK UNIFIED" in unicodedata.name(char, "") for char in text[:2000])
    return "zh" if chinese else "en"

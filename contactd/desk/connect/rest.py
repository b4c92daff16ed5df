"""Pages of a REST interface: asked one after the other, only for what changed where that can be asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from contactd.desk.connect.asking import Asker
from contactd.desk.connect.credentials import secret_of, url_of
from contactd.desk.connect.table import CHUNK, Brought, flattened, write_rows, wrong
from contactd.settings import Connector

PAGES = 100_000
"""Of one look; more is a circle."""
LONGEST_MARK = 100
"""Characters of a mark of change."""
_NOT_MODIFIED = 304
_AHEAD = timedelta(days=1)
"""A change dated later than this from now is a mistake, and not where the next look begins."""


@dataclass(slots=True)
class _Look:
    """One look at a system: where it began, and where it stands."""

    options: Connector
    url: httpx.URL
    since: str
    """Newest change that was seen before."""
    newest: str
    etag: str = ""
    """Of the first page, before; it answers "as it was"."""
    tag: str = ""
    """Of the first page, now."""
    rows: list[Mapping[str, Any]] = field(default_factory=list)


async def tables(
    options: Connector, asker: Asker, cursor: Mapping[str, Any], now: datetime, fresh: Callable[[], Path]
) -> AsyncIterator[Brought]:
    """Yield what a system has behind a cursor, a thousand rows at a time.

    A cursor is `since` (newest change seen), `etag` with the address it belongs to, and, in the middle of a look, `page` and
    `newest`.

    Args:
        options: the connector's.
        asker: asks.
        cursor: where it stood.
        now: the moment.
        fresh: names a new file.

    Raises:
        BadRequestError: it cannot be asked, or answers with something else than pages of objects.
    """
    first = _first(options, str(cursor.get("since") or ""))
    page = str(cursor.get("page") or "")
    look = _Look(options, first, str(cursor.get("since") or ""), str(cursor.get("newest") or cursor.get("since") or ""))
    look.etag = str(cursor.get("etag") or "") if cursor.get("asked") == str(first) and not page else ""
    look.tag = str(cursor.get("tag") or "")
    async for items, following in _pages(look, asker, _same_host(first, httpx.URL(page)) if page else first):
        look.rows += items
        look.newest = await asyncio.to_thread(_newest, look.newest, items, options.since_field, now)
        if len(look.rows) >= CHUNK and following:
            yield await _table(look, fresh(), _midway(look, following))
    end = {"since": look.newest, "etag": look.tag, "asked": str(_first(options, look.newest))}
    yield await _table(look, fresh(), end)


def _midway(look: _Look, following: str) -> dict[str, Any]:
    return {"since": look.since, "newest": look.newest, "page": following, "tag": look.tag}


async def _table(look: _Look, path: Path, cursor: Mapping[str, Any]) -> Brought:
    """Write down the rows that were read, in pieces no larger than a table."""
    rows, look.rows = look.rows, []
    source = str(look.url.copy_with(query=None))
    if not rows:
        return Brought(path=None, source=source, cursor=cursor)
    await asyncio.to_thread(write_rows, path, rows)
    return Brought(path=path, source=source, cursor=cursor)


async def _pages(look: _Look, asker: Asker, url: httpx.URL) -> AsyncIterator[tuple[list[Any], str]]:
    """Ask for page after page; yield its rows and the address of the next one, or an empty one."""
    options, seen = look.options, {str(url)}
    token = await asyncio.to_thread(secret_of, options.token, options.token_file)
    headers = {options.auth_header: token} if token else {}
    for number in range(PAGES):
        first = number == 0
        asked = headers | ({"If-None-Match": look.etag} if look.etag and first else {})
        answer = await asker.get(str(url), asked)
        if answer.status == _NOT_MODIFIED:
            look.tag = look.etag
            return
        look.tag = answer.etag if first and not look.tag else look.tag
        items, following = await asyncio.to_thread(_read, answer.body, options)
        url = url if following in (None, "", False) else _following(url, str(following), options)
        if str(url) in seen:
            yield items, ""
            return
        seen.add(str(url))
        yield items, str(url)
    raise wrong(code="too_large", text=f"more than {PAGES} pages")


def _read(body: bytes, options: Connector) -> tuple[list[Any], Any]:
    """Return a page's rows, and what names the next one.  Takes its time: of the largest answer some seconds."""
    document = _json(body)
    items = document if isinstance(document, list) else _at(document, options.items)
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise wrong(code="no_items", text=f"the answer has no list of objects under {options.items!r}", field="items")
    return items, _at(document, options.next) if isinstance(document, dict) else None


def _newest(before: str, items: list[Mapping[str, Any]], field: str, now: datetime) -> str:
    """Return the newest mark of change so far."""
    for item in items:
        before = later(before, flattened(item).get(field), now)
    return before


def _first(options: Connector, since: str) -> httpx.URL:
    """Return the address of the first page of what changed since a moment, a little earlier."""
    url = httpx.URL(url_of(options))
    if since and options.since_parameter:
        return url.copy_merge_params({options.since_parameter: earlier(since, options.overlap_seconds)})
    return url


def _following(url: httpx.URL, following: str, options: Connector) -> httpx.URL:
    """Return the next page's address: one that was given, on the same host only, or this one with the cursor.

    Raises:
        BadRequestError: it is elsewhere, or no address.
    """
    try:
        if not following.startswith(("http://", "https://", "/", "?")):
            return url.copy_merge_params({options.next_parameter: following})
        return _same_host(url, url.join(following))
    except (httpx.InvalidURL, UnicodeError) as error:
        raise wrong(code="bad_address", text="the next page has no address that can be asked", field="next") from error


def _same_host(url: httpx.URL, found: httpx.URL) -> httpx.URL:
    """Return the second address if it is on the host of the first: a secret is sent to no other.

    Raises:
        BadRequestError: it is elsewhere.
    """
    if (found.scheme, found.host, found.port) != (url.scheme, url.host, url.port):
        raise wrong(
            code="elsewhere", text="the next page is on another host: the secret is not sent there", field="next"
        )
    return found


def later(one: str, other: Any, now: datetime) -> str:
    """Return the later of two marks of change: moments, else numbers, else words; one that lies far ahead is none.

    Nor is one that could not be asked by: a long text would be in the way of every look from then on.
    """
    if not _markable(other):
        return one
    there = _moment(str(other))
    if there is not None and there > now + _AHEAD:
        return one
    if not one:
        return str(other)
    here = _moment(one)
    if here is not None and there is not None:
        return str(other) if there > here else one
    if one.isdecimal() and str(other).isdecimal():
        return max(one, str(other), key=int)
    return max(one, str(other))


def _markable(value: Any) -> bool:
    if value is None or isinstance(value, dict | list | bool):
        return False
    return 0 < len(str(value)) <= LONGEST_MARK and str(value).isprintable()


def earlier(since: str, seconds: int) -> str:
    """Return a moment some seconds before, in the same spelling; what is no moment stays."""
    found = _moment(since)
    if found is None or not seconds:
        return since
    if datetime.fromisoformat(since).tzinfo is None:
        found = found.replace(tzinfo=None)
    moved = (found - timedelta(seconds=seconds)).isoformat(sep=since[10])
    return moved.replace("+00:00", "Z") if since.endswith("Z") else moved


def _moment(text: str) -> datetime | None:
    """Read a moment with its date and time; a naive one is taken for UTC, as only its order counts."""
    if len(text) < len("2026-01-01T00:00"):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise wrong(code="no_json", text="the answer is no JSON") from error


def _at(document: Any, path: str) -> Any:
    """Return what stands under a dotted path."""
    for key in path.split("."):
        document = document.get(key) if isinstance(document, dict) else None
    return document

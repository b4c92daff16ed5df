"""The public page of answers: published articles that are for customers, searched in Chinese and English, without a log-in.

It is the same for everybody, so it may be kept on the way; it answers so many questions a minute for each address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from contactd.agent_ui.rendering import LANGUAGES, render, wanted
from contactd.clock import Clock
from contactd.core.buckets import Buckets
from contactd.core.errors import BadRequestError, BusyError, NotFoundError, StoreDownError
from contactd.crm_store import kb_reads, kb_rows
from contactd.crm_store.store import Store
from contactd.desk.idents import Idents
from contactd.desk.throttle import network

PER_MINUTE = 120
"""Pages one address may ask for; what is searched costs as much as the rest."""
VOTES_PER_MINUTE = 6
"""Each is a row that is kept."""
LONGEST_QUESTION = 100
SHOWN = 20
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "referrer-policy": "no-referrer",
    "vary": "accept-language",
}
_KEPT = "public, max-age=300"
_TEXTS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "title": "常见问题",
        "ask": "输入关键词，如“退款”",
        "search": "搜索",
        "found": "找到 {n} 条结果",
        "none": "没有找到相关内容。换个说法试试，或直接联系我们。",
        "empty": "这里还没有内容。",
        "other": "其他",
        "back": "← 全部问题",
        "helpful": "这篇内容有帮助吗？",
        "yes": "有帮助",
        "no": "没有帮助",
        "thanks": "谢谢您的反馈！",
        "gone": "没有这篇内容",
        "why": "它可能已被撤下，或地址不完整。",
        "slow": "请求过于频繁，请过一分钟再试。",
        "switch": "English",
        "updated": "更新于",
    },
    "en": {
        "title": "Questions and answers",
        "ask": "What are you looking for?",
        "search": "Search",
        "found": "{n} found",
        "none": "Nothing was found. Try other words, or simply contact us.",
        "empty": "There is nothing here yet.",
        "other": "Other",
        "back": "← All questions",
        "helpful": "Was this helpful?",
        "yes": "Yes",
        "no": "No",
        "thanks": "Thank you for telling us!",
        "gone": "There is no such page",
        "why": "It may have been withdrawn, or the address is not complete.",
        "slow": "There were too many requests. Please try again in a minute.",
        "switch": "中文",
        "updated": "Updated",
    },
}


def routes(store: Store, clock: Clock) -> list[Route]:
    """Return the page's routes."""
    page = _Page(store, clock)
    return [
        Route("/faq", page.guarded(page.every), methods=["GET"]),
        Route("/faq/{number}", page.guarded(page.one), methods=["GET"]),
        Route("/faq/{number}/{vote}", page.guarded(page.vote), methods=["POST"]),
    ]


class _Page:
    """Shows articles and counts votes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._idents = Idents(clock)
        self._visits = Buckets(PER_MINUTE)
        self._votes = Buckets(VOTES_PER_MINUTE)

    def guarded(self, do: Callable[[Request, str], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Let `do` answer, as often as one address may ask."""

        async def serve(request: Request) -> Response:
            asked = request.query_params.get("lang", "")
            language = asked if asked in LANGUAGES else wanted(request, LANGUAGES[0])
            ip = network(request.client.host if request.client else "")
            if not self._visits.take(ip, self._clock.monotonic()):
                return _message(language, "slow", 429)
            try:
                return await do(request, language)
            except (NotFoundError, BadRequestError):
                return _message(language, "why", 404, title="gone")
            except (BusyError, StoreDownError):
                return _message(language, "slow", 503)

        return serve

    async def every(self, request: Request, language: str) -> Response:
        """Show what was searched for, or everything by category."""
        query = request.query_params.get("q", "").replace("\x00", "").strip()[:LONGEST_QUESTION]
        now = self._clock.now()

        def look(conn: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
            if query:
                return kb_reads.search(conn, query, language, now, public=True, limit=SHOWN), []
            return kb_reads.browse(conn, language, now, category=None, public=True), kb_reads.categories(conn)

        found, branches = await self._store.read(look)
        groups = [("", found)] if query else _grouped(found, branches, language)
        return _page(request, "faq.html", language, query=query, groups=groups, count=len(found))

    async def one(self, request: Request, language: str) -> Response:
        """Show one article."""
        now, number = self._clock.now(), request.path_params["number"][:40]
        article = await self._store.read(lambda conn: kb_reads.read(conn, number, language, now, public=True))
        return _page(request, "article.html", language, article=article, thanked="thanks" in request.query_params)

    async def vote(self, request: Request, language: str) -> Response:
        """Count whether it helped, and go back to it."""
        if not self._votes.take(network(request.client.host if request.client else ""), self._clock.monotonic()):
            return _message(language, "slow", 429)
        now, number, made = self._clock.now(), request.path_params["number"][:40], self._idents.new()
        article = await self._store.read(lambda conn: kb_reads.read(conn, number, language, now, public=True))
        kind = "helpful" if request.path_params["vote"] == "yes" else "unhelpful"
        about: dict[str, Any] = {"interaction": None, "language": language, "agent": None, "now": now}
        await self._store.write(lambda conn: kb_rows.use(conn, made, article["id"], kind, **about))
        return RedirectResponse(f"/faq/{article['no']}?thanks&lang={language}", 303, _HEADERS)


def _grouped(
    found: list[dict[str, Any]], branches: list[dict[str, Any]], language: str
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the articles by category, in the tree's order, those without one last."""
    names = {one["id"]: one["name"].get(language) or next(iter(one["name"].values()), "") for one in branches}
    groups = [(names[branch], [one for one in found if one["category"] == branch]) for branch in names]
    rest = [one for one in found if one["category"] not in names]
    return [group for group in groups if group[1]] + ([(_TEXTS[language]["other"], rest)] if rest else [])


def _page(request: Request, template: str, language: str, **values: Any) -> Response:
    """Return a page that may be kept for some minutes, with its ETag."""
    texts = _TEXTS[language]
    title = values["article"]["title"] if "article" in values else texts["title"]
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    body = render(template, language, title=title, texts=texts, other=other, width="46rem", **values)
    headers = _HEADERS | {"cache-control": _KEPT, "etag": f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return HTMLResponse(body, 200, headers)


def _message(language: str, text: str, status: int, *, title: str = "title") -> Response:
    texts = _TEXTS[language]
    body = render("page.html", language, title=texts[title], text=texts[text])
    return HTMLResponse(body, status, _HEADERS | {"cache-control": "no-store"})

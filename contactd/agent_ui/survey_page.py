"""The page behind a survey's link: no log-in, no script, zh or en; looking at it changes nothing, sending it ends the invitation.

Mail scanners open links: so only the form's POST counts.  Whatever is wrong with a link, the answer is the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from contactd.agent_ui.rendering import render, wanted
from contactd.clock import Clock
from contactd.core.buckets import Buckets
from contactd.core.errors import BadRequestError, BusyError, ConflictError, NotFoundError, StoreDownError
from contactd.core.survey import LONGEST_COMMENT, Asked, Reply
from contactd.desk.throttle import network

BODY = 64 * 1024
FIELDS = 40
PER_MINUTE = 30
"""Pages one address may ask for."""
CSP = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_HEADERS = {
    "content-security-policy": CSP,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
}
_TEXTS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "title": "服务评价",
        "intro": "感谢您抽出时间。只需约一分钟。",
        "low": "很不满意",
        "high": "非常满意",
        "words": "（选填）",
        "send": "提交",
        "no": "不想评价",
        "thanks": "谢谢您！",
        "kept": "我们已收到您的评价。",
        "left": "好的，不再打扰您。",
        "gone": "链接已失效",
        "why": "链接可能已经使用过、已过期，或地址不完整。",
        "slow": "请稍候",
        "later": "请求过于频繁，请过一分钟再试。",
        "down": "暂时无法保存，请稍后再试一次。您填写的内容尚未提交。",
        "miss": "请至少回答一个问题。",
    },
    "en": {
        "title": "How did we do?",
        "intro": "Thank you for your time. This takes about a minute.",
        "low": "not at all",
        "high": "very much",
        "words": "(optional)",
        "send": "Send",
        "no": "I would rather not",
        "thanks": "Thank you!",
        "kept": "We have received what you think.",
        "left": "All right, we will not ask again for now.",
        "gone": "This link does not work any more",
        "why": "It may have been used, be too old, or not be complete.",
        "slow": "One moment, please",
        "later": "There were too many requests. Please try again in a minute.",
        "down": "It cannot be saved right now; please try again in a moment. Nothing was sent yet.",
        "miss": "Please answer at least one question.",
    },
}


class Surveys(Protocol):
    """What the page needs of the desk."""

    async def pending(self, invite: str) -> Asked:
        """Return an invitation that can still be answered."""
        ...

    async def ended(self, invite: str, became: str, replies: tuple[Reply, ...] = ()) -> None:
        """End an invitation."""
        ...


def routes(surveys: Surveys, invite_of: Callable[[str], str | None], clock: Clock) -> list[Route]:
    """Return the page's routes; `invite_of` reads a link's token."""
    page = _Page(surveys, invite_of, clock)
    return [
        Route("/s/{token}", page.guarded(page.show), methods=["GET"]),
        Route("/s/{token}", page.guarded(page.take), methods=["POST"]),
    ]


class _Page:
    """Shows and takes."""

    def __init__(self, surveys: Surveys, invite_of: Callable[[str], str | None], clock: Clock) -> None:
        self._surveys = surveys
        self._invite_of = invite_of
        self._clock = clock
        self._visits = Buckets(PER_MINUTE)

    def guarded(self, do: Callable[[Request, str], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Let `do` answer, for links of ours, as often as one address may ask."""

        async def serve(request: Request) -> Response:
            language = wanted(request, "")
            ip = network(request.client.host if request.client else "")
            if not self._visits.take(ip, self._clock.monotonic()):
                return _message(language or "zh", "slow", "later", 429)
            invite = self._invite_of(request.path_params["token"])
            try:
                if invite is not None:
                    return await do(request, invite)
            except (NotFoundError, ConflictError):
                return _message(language or "zh", "gone", "why", 404)
            except (BusyError, StoreDownError):
                return _message(language or "zh", "slow", "down", 503)
            return _message(language or "zh", "gone", "why", 404)

        return serve

    async def show(self, request: Request, invite: str) -> Response:
        """Show the questions."""
        asked = await self._surveys.pending(invite)
        return _form(asked, wanted(request, asked.language))

    async def take(self, request: Request, invite: str) -> Response:
        """Take the answers, or that there will be none."""
        asked = await self._surveys.pending(invite)
        language = wanted(request, asked.language)
        fields = await _fields(request)
        if "refuse" in fields:
            await self._surveys.ended(invite, "refused")
            return _message(language, "thanks", "left")
        try:
            replies = _replies(asked, fields)
            if not replies:
                return _form(asked, language, fault=_TEXTS[language]["miss"])
            await self._surveys.ended(invite, "answered", replies)
        except BadRequestError:
            return _form(asked, language, fault=_TEXTS[language]["miss"])
        words = asked.closing if language == asked.language else ""
        return _message(language, "thanks", "kept", words=words)


def _replies(asked: Asked, fields: Mapping[str, str]) -> tuple[Reply, ...]:
    """Read the form: `q.KEY` of each question."""
    found = []
    for one in asked.questions:
        value = fields.get(f"q.{one.key}", "").strip()
        if one.kind == "text" and value:
            found.append(Reply(question=one.key, text=value[:LONGEST_COMMENT]))
        elif one.kind == "score" and value.isascii() and value.isdigit():
            found.append(Reply(question=one.key, score=int(value[:3])))
    return tuple(found)


async def _fields(request: Request) -> dict[str, str]:
    """Read a form's body, bounded; whatever is none is empty."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY:
            return {}
    try:
        return dict(parse_qsl(body.decode("utf_8", "replace"), max_num_fields=FIELDS))
    except ValueError:
        return {}


def _form(asked: Asked, language: str, fault: str = "") -> Response:
    texts = _TEXTS[language]
    page = render(
        "survey.html",
        language,
        title=texts["title"],
        intro=asked.intro if asked.intro and language == asked.language else texts["intro"],
        questions=asked.questions,
        texts=texts,
        fault=fault,
        longest=LONGEST_COMMENT,
    )
    return HTMLResponse(page, 400 if fault else 200, _HEADERS)


def _message(language: str, title: str, text: str, status: int = 200, *, words: str = "") -> Response:
    texts = _TEXTS[language]
    return HTMLResponse(render("page.html", language, title=texts[title], text=words or texts[text]), status, _HEADERS)

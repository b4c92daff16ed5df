"""The widget's script and the demo shop, over HTTP.

Both are built from `web/` into `static/`, and read from disk per request: they are small, and a new build is served at once.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from contactd.core.channel import Tools

STATIC = Path(__file__).parent / "static"
_NOT_BUILT = "The chat widget is not built: run `npm ci && npm run build` in contactd/channels/chat/web.\n"
_DEMO_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def offer(tools: Tools) -> None:
    """Hand the routes over."""
    tools.route("GET", "/chat/widget.js", widget)
    tools.route("GET", "/chat/demo", demo)


async def widget(request: Request) -> Response:
    """Return the script; a site's browsers ask again whether it changed."""
    headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
    return await _file(request, "widget.js", "text/javascript; charset=utf-8", headers)


async def demo(request: Request) -> Response:
    """Return the page of a made-up shop that embeds the widget."""
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _DEMO_CSP, "Referrer-Policy": "same-origin"}
    return await _file(request, "demo.html", "text/html; charset=utf-8", headers, _language(request))


def _language(request: Request) -> bytes:
    """Return the language to show: the one asked for, else Chinese for browsers that prefer it, else English."""
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "")
    return b"zh" if asked.lower().startswith("zh") else b"en"


async def _file(request: Request, name: str, media_type: str, headers: dict[str, str], lang: bytes = b"") -> Response:
    """Return a built file with its ETag, or say that it is not built."""
    try:
        body = await asyncio.to_thread((STATIC / name).read_bytes)
    except FileNotFoundError:
        return PlainTextResponse(_NOT_BUILT, status_code=503)
    body = body.replace(b"__LANG__", lang)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**headers, "ETag": etag, "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)

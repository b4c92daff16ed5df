"""The one HTTP port: REST, console, sockets and the channels' routes in one application, behind one guard.

The guard bounds bodies and puts the headers on every answer that keep a browser from running what is not ours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contactd.agent_ui import pages
from contactd.agent_ui.server import PATH, ConsoleServer
from contactd.agent_ui.wire import schema
from contactd.api import errors, routes
from contactd.api.parts import Parts, answer
from contactd.core.errors import ContactdError
from contactd.desk import problem
from contactd.desk.access import Access
from contactd.desk.origin import is_loopback
from contactd.listener import Bounds, Listener

__all__ = ["Bounds", "ChannelRoute", "HttpParts", "Listener", "build_http", "serve"]

BODY = 1024 * 1024
"""Bytes of an ordinary request's body."""
CHANNEL_BODY = 64 * 1024 * 1024
"""Bytes of a body a channel's webhook may bring; the channel has narrower limits."""
ENCODED = 1.4
"""Base64 and multipart make a file this much longer."""

ChannelRoute = tuple[str, str, Callable[..., Awaitable[Any]]]
"""(method or "WS", path, Starlette endpoint)."""

log = structlog.get_logger(__name__)

_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), payment=(), usb=()",
}
_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""For every answer that has no policy of its own."""
_HSTS = (b"strict-transport-security", b"max-age=31536000")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpParts:
    """What the port is made of."""

    api: Parts
    console: ConsoleServer
    channels: Iterable[ChannelRoute] = ()
    static: Path = pages.STATIC
    public: Iterable[Route] = ()
    """Pages for customers."""
    public_url: str = ""
    connects: tuple[str, ...] = ()
    """Where the console's page may connect to beside us: a PBX that takes browsers as phones."""


def build_http(parts: HttpParts) -> ASGIApp:
    """Make the application of the one port."""
    app = routes.build(parts.api)
    app.router.routes.append(WebSocketRoute(PATH, parts.console.endpoint))
    app.router.routes.append(Route("/api/v1/console.schema.json", _console_schema, include_in_schema=False))
    app.router.routes.extend(parts.public)
    app.router.routes.extend(pages.routes(parts.static, parts.connects))
    foreign = [_channel_route(*route) for route in parts.channels]
    app.router.routes.extend(foreign)
    return Guard(app, foreign, parts.api.upload_bytes, secure=parts.public_url.startswith("https://"))


def serve(app: ASGIApp, host: str, port: int, bounds: Bounds | None = None) -> Listener:
    """Bind the port (0 = a free one); `await listener.start()` serves and returns the bound address.

    Raises:
        ConfigError: the address cannot be used.
    """
    listener = Listener(app, host, port, bounds)
    if isinstance(app, Guard) and not app.secure and host != "localhost" and not is_loopback(host):
        log.warning("http.cookies_readable_on_the_way", host=host, advice="set http.public_url to an https address")
    return listener


def _channel_route(method: str, path: str, handler: Callable[..., Awaitable[Any]]) -> Route | WebSocketRoute:
    if method == "WS":
        return WebSocketRoute(path, handler)
    return Route(path, handler, methods=[method], include_in_schema=False)


async def _console_schema(_request: Any) -> Any:
    """Describe the console socket's frames as JSON Schema."""
    return answer(schema())


class Guard:
    """Stands before the application: bounds what comes in, and puts headers on what goes out."""

    def __init__(
        self,
        app: FastAPI,
        foreign: Iterable[Route | WebSocketRoute],
        upload_bytes: int,
        *,
        secure: bool,
    ) -> None:
        """Guard `app`.

        Args:
            app: the application.
            foreign: the channels' routes, which set their own content policy.
            upload_bytes: the largest file.
            secure: tell browsers to stay with https.
        """
        self._app = app
        self._foreign = [route for route in foreign if isinstance(route, Route)]
        self._large = {"/api/v1/uploads", "/api/v1/interactions"}
        self._access: Access = app.state.parts.access
        self._upload = int(upload_bytes * ENCODED) + BODY
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        foreign = any(route.matches(scope)[0] is not Match.NONE for route in self._foreign)
        large = not foreign and scope["path"] in self._large
        stranger = await self._stranger(scope) if large else None
        limit = CHANNEL_BODY if foreign else self._upload if large and stranger is None else BODY
        headers = _Headers(send, foreign=foreign, secure=self.secure)
        length = _length(scope)
        if length > limit:
            refusal = problem.of(stranger) if stranger is not None else problem.document(413, "too_large")
            await errors.respond(refusal)(scope, receive, headers.send)
            return
        await self._app(scope, _Bounded(receive, limit).receive, headers.send)

    async def _stranger(self, scope: Scope) -> ContactdError | None:
        """Return why nobody we know asks: bodies are read before routes look, and a stranger's may not be large."""
        client = scope.get("client")
        try:
            await self._access.identify(Headers(scope=scope), client[0] if client else None, unsafe=True)
        except ContactdError as error:
            return error
        return None


class _Bounded:
    """A request's body that may not be longer than it should."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise HTTPException(413)
        return message


class _Headers:
    """An answer with the headers that every answer has."""

    def __init__(self, send: Send, *, foreign: bool, secure: bool) -> None:
        self._send = send
        self._foreign = foreign
        self._secure = secure

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            wanted: Mapping[bytes, bytes] = {b"x-content-type-options": b"nosniff"} if self._foreign else _HEADERS
            headers += [(name, value) for name, value in wanted.items() if name not in present]
            if not self._foreign and b"content-security-policy" not in present:
                headers.append((b"content-security-policy", _POLICY))
            if self._secure:
                headers.append(_HSTS)
            message = {**message, "headers": headers}
        await self._send(message)


def _length(scope: Scope) -> int:
    """Return the announced length of a body; 0 when none is announced."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0

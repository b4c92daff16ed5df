"""Every error as a problem document: what is wrong, a stable code, never the text of an exception."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from contactd.core.errors import ContactdError
from contactd.desk import problem
from contactd.desk.access import SlowDownError

_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "bad_method", 413: "too_large"}
RETRY_AFTER = 5
"""Seconds after which a client may try again when we are busy."""

log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    """Let `app` answer every error as a problem document."""
    app.add_exception_handler(ContactdError, _ours)
    app.add_exception_handler(RequestValidationError, _shape)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _other)


def respond(body: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
    """Return a problem document as a response."""
    return JSONResponse(body, body["status"], {"cache-control": "no-store", **(headers or {})}, problem.MEDIA_TYPE)


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ContactdError):
        raise error
    headers: dict[str, str] = {}
    status = problem.status(error)
    if status == 401:  # noqa: PLR2004 - unauthorized
        headers["www-authenticate"] = "Bearer"
    elif isinstance(error, SlowDownError):
        headers["retry-after"] = str(max(1, round(error.seconds)))
    elif status == 503:  # noqa: PLR2004 - try again later
        headers["retry-after"] = str(RETRY_AFTER)
    return respond(problem.of(error), headers)


async def _shape(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    where = [str(step) for step in first["loc"] if step not in {"query", "path", "body", "header"}]
    field = ".".join(where)
    detail = f"{field or 'the request'} {'is missing' if first['type'] == 'missing' else 'does not fit'}"
    return respond(problem.document(400, "bad_request", detail, field or None))


async def _http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    body = problem.document(error.status_code, _CODES.get(error.status_code, "error"))
    return respond(body, dict(error.headers) if error.headers else None)


async def _other(request: Request, error: Exception) -> JSONResponse:
    # The route's name and not its path: a webhook's path holds a secret.
    route = getattr(request.scope.get("endpoint"), "__qualname__", "")
    log.error("api.failed", route=route, kind=type(error).__name__, exc_info=error)
    return respond(problem.document(500, "internal"))

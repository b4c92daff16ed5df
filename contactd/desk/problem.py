"""Errors as programs outside see them: a status and a problem document (RFC 9457), never the text of an exception."""

from __future__ import annotations

from typing import Any

from contactd.core.errors import (
    BadRequestError,
    BusyError,
    ConflictError,
    ContactdError,
    ForbiddenError,
    NotFoundError,
    StoreDownError,
)

MEDIA_TYPE = "application/problem+json"

CODES = {
    "unauthorized": 401,
    "slow_down": 429,
    "quota": 429,
    "too_large": 413,
    "unknown_media": 415,
    "not_allowed": 403,
    "not_yours": 403,
}
"""Codes whose status differs from their class's."""

CLASSES: dict[type[ContactdError], int] = {
    BadRequestError: 400,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    BusyError: 503,
    StoreDownError: 503,
}

TITLES = {
    400: "Bad request",
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    429: "Too much at once",
    500: "Internal error",
    503: "Try again later",
}


def status(error: ContactdError) -> int:
    """Return the HTTP status of an error."""
    if error.code in CODES:
        return CODES[error.code]
    return next((number for kind, number in CLASSES.items() if isinstance(error, kind)), 400)


def document(number: int, code: str, detail: str = "", field: str | None = None) -> dict[str, Any]:
    """Return a problem document."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(number, "Error"),
        "status": number,
        "code": code,
        "detail": detail,
    }
    if field is not None:
        body["field"] = field
    return body


def of(error: ContactdError) -> dict[str, Any]:
    """Return the problem document of an error."""
    return document(status(error), error.code, error.text, error.field)

"""Unsafe requests that may be repeated: the same `Idempotency-Key` gets the same answer for 24 hours."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from fastapi import Request, Response

from contactd.api.parts import Parts, answer
from contactd.core.errors import BadRequestError, BusyError, ConflictError, ContactdError, StoreDownError
from contactd.crm_store import api_reads
from contactd.desk import problem
from contactd.desk.rights import Actor

KEPT = timedelta(hours=24)
CUT_OFF = timedelta(minutes=1)
"""A request without an answer after this long was cut off by a crash."""
LONGEST = 200

log = structlog.get_logger(__name__)


def key_of(request: Request) -> str | None:
    """Return the request's key.

    Raises:
        BadRequestError: it is empty, too long, or holds more than printable ASCII.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        message = "An Idempotency-Key has 1 to 200 printable characters."
        raise BadRequestError(message, field="Idempotency-Key")
    return key


class Try:
    """One try to carry a request out."""

    def __init__(self, row: dict[str, Any] | None) -> None:
        """Stand for `row` of the store; None: the request has no key."""
        self.row = row
        self.kept = False

    def keep(self, conn: Any, status: int, data: Any) -> None:
        """Keep the answer in the unit that carries the request out: both stand, or neither.

        Raises:
            ConflictError: another try has taken this one's place (`in_progress`); nothing is to be done.
        """
        if self.row is None:
            return
        if not api_reads.end_once(conn, self.row, status, data):
            message = "A later request with this Idempotency-Key is going on."
            raise ConflictError(message, code="in_progress")
        self.kept = True


async def once(
    request: Request,
    parts: Parts,
    actor: Actor,
    do: Callable[[Try], Awaitable[tuple[int, Any]]],
    *,
    content: bytes | None = None,
) -> Response:
    """Carry out `do` and answer with its status and data, or with what it answered to the same key before.

    A try that is cut off leaves its key for a minute; then the request may be tried again.  So that it never has its effect
    twice, `do` calls `keep` in the unit that has the effect, or its effect is one that a second try finds done.

    Args:
        request: the request.
        parts: what it was built with.
        actor: whose key it is.
        do: carries the request out; returns status and data.
        content: what makes two requests the same, where that is not the body.

    Raises:
        ConflictError: the key was used for another request (`key_reused`), or the first is still going on (`in_progress`).
    """
    key = key_of(request)
    if key is None:
        status, data = await do(Try(None))
        return answer(data, status)
    now = parts.clock.now()
    row = {
        "actor": actor.id,
        "key": key,
        "method": request.method,
        "path": request.url.path,
        "body_digest": hashlib.sha256(await request.body() if content is None else content).hexdigest(),
        "at": now,
        "expires_at": now + KEPT,
    }
    known = await parts.store.write(partial(api_reads.begin_once, row=row, abandoned=now - CUT_OFF))
    if known is not None:
        return _again(known, row)
    this = Try(row)
    try:
        status, data = await do(this)
    except (BusyError, StoreDownError):
        await _calmly(parts, partial(api_reads.drop_once, row=row))
        raise
    except ContactdError as error:
        status, data = problem.status(error), problem.of(error)
        await _calmly(parts, partial(api_reads.end_once, row=row, status=status, response=data))
        raise
    except BaseException:
        await _calmly(parts, partial(api_reads.drop_once, row=row))
        raise
    if not this.kept:
        await _calmly(parts, partial(api_reads.end_once, row=row, status=status, response=data))
    return answer(data, status)


async def _calmly(parts: Parts, unit: Callable[[Any], object]) -> None:
    """Write down how a try ended; if that cannot be written, its key is free again after a minute."""
    try:
        await parts.store.write(unit)
    except ContactdError as error:
        log.warning("once.not_kept", code=error.code)


def _again(known: Any, row: dict[str, Any]) -> Response:
    if (known.method, known.path, known.body_digest) != (row["method"], row["path"], row["body_digest"]):
        message = "This Idempotency-Key was used for another request."
        raise ConflictError(message, code="key_reused", field="Idempotency-Key")
    if known.status is None:
        message = "The first request with this Idempotency-Key is still going on."
        raise ConflictError(message, code="in_progress")
    failed = known.status >= 400  # noqa: PLR2004 - where HTTP's errors begin
    response = answer(known.response, known.status, {"idempotent-replay": "true"})
    if failed:
        response.headers["content-type"] = problem.MEDIA_TYPE
    return response

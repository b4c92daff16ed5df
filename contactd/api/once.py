"""Unsafe requests that may be repeated: the same `Idempotency-Key` gets the same answer for 24 hours."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

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


async def once(
    request: Request,
    parts: Parts,
    actor: Actor,
    do: Callable[[], Awaitable[tuple[int, Any]]],
    *,
    content: bytes | None = None,
) -> Response:
    """Carry out `do` and answer with its status and data, or with what it answered to the same key before.

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
        status, data = await do()
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
    try:
        status, data = await do()
    except (BusyError, StoreDownError):
        await _forget(parts, actor, key)
        raise
    except ContactdError as error:
        status, data = problem.status(error), problem.of(error)
        await parts.store.write(partial(api_reads.end_once, actor=actor.id, key=key, status=status, response=data))
        raise
    except BaseException:
        await _forget(parts, actor, key)
        raise
    await parts.store.write(partial(api_reads.end_once, actor=actor.id, key=key, status=status, response=data))
    return answer(data, status)


async def _forget(parts: Parts, actor: Actor, key: str) -> None:
    """Let the request be tried again; if even that cannot be written, the key frees itself after a minute."""
    try:
        await parts.store.write(partial(api_reads.drop_once, actor=actor.id, key=key))
    except ContactdError:
        return


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

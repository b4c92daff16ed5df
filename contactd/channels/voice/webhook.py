"""`POST /cti/{token}`: the generic telephony webhook that many PBX already speak.

Form or JSON fields `event` = newCall | answer | hangup, `callId`, `from`, `to`, `direction` = in | out; with answer
`answeringNumber` or `user`; with hangup `cause`.  200 means committed; anything may come twice, or in any order.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from contactd.channels.voice.legs import number
from contactd.channels.voice.sender import Numbers
from contactd.channels.voice.turns import Turns
from contactd.core.channel import Arrival, Content, Progress, Tools
from contactd.core.errors import BadRequestError, BusyError, StoreDownError
from contactd.core.interaction import OPEN_STATES, Direction, EndedBy, Outcome, State

log = structlog.get_logger(__name__)

ADAPTER = "cti"
MAX_BODY = 16 * 1024
MAX_VALUE = 256
_MAX_LOCKS = 1000
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
"""NUL, and halves of characters: JSON can spell them, no store takes them."""
REUSED_AFTER = timedelta(hours=2)
"""An id that comes again so long after its call began is another call's."""
_TALKED = frozenset({State.ACTIVE, State.HELD, State.WRAPUP})

CAUSES: dict[str, tuple[Outcome, EndedBy]] = {
    "normalClearing": (Outcome.ABANDONED, EndedBy.CUSTOMER),
    "cancel": (Outcome.ABANDONED, EndedBy.CUSTOMER),
    "noAnswer": (Outcome.ABANDONED, EndedBy.SYSTEM),
    "busy": (Outcome.REJECTED, EndedBy.SYSTEM),
    "congestion": (Outcome.FAILED, EndedBy.SYSTEM),
    "notFound": (Outcome.FAILED, EndedBy.SYSTEM),
    "forwarded": (Outcome.OVERFLOW, EndedBy.TRANSFER),
}
"""Why a call ended that nobody had answered → what became of it, and who ended it."""


class Webhook:
    """The route's handler.

    Args:
        name: the channel's name.
        token: last part of the path; empty = there is no webhook.
        tools: the house's side.
        numbers: reads callers' numbers.
    """

    def __init__(self, name: str, token: str, tools: Tools, numbers: Numbers) -> None:
        self._name = name
        self._token = token
        self._tools = tools
        self._numbers = numbers
        self._turns = Turns(tools, ADAPTER)
        self._locks: OrderedDict[str, asyncio.Lock] = OrderedDict()

    async def endpoint(self, request: Request) -> Response:
        """Answer one request."""
        token = str(request.path_params.get("token", ""))
        if not self._token or not hmac.compare_digest(token.encode(), self._token.encode()):
            return _problem(404, "not_found")
        try:
            fields = await _fields(request)
            await self._take(fields)
        except BadRequestError as error:
            return _problem(400, error.code, error.text)
        except (BusyError, StoreDownError) as error:
            return _problem(503, error.code, headers={"Retry-After": "2"})
        except ClientDisconnect:
            return _problem(400, "bad_request", "the request ended early")
        return JSONResponse({"ok": True})

    async def _take(self, fields: Mapping[str, str]) -> None:
        call = fields.get("callId", "")
        handle = {"newCall": self._new_call, "answer": self._answer, "hangup": self._hangup}.get(
            fields.get("event", "")
        )
        if handle is None:
            message = "event must be newCall, answer or hangup"
            raise BadRequestError(message, field="event")
        if not call:
            message = "callId is missing"
            raise BadRequestError(message, field="callId")
        async with self._lock(call):
            await handle(call, fields)

    def _lock(self, call: str) -> asyncio.Lock:
        """Return the lock of a call, so that what comes about it at the same time is done one after the other."""
        lock = self._locks.pop(call, None) or asyncio.Lock()
        self._locks[call] = lock
        for old, each in list(self._locks.items())[: max(0, len(self._locks) - _MAX_LOCKS)]:
            if not each.locked():
                del self._locks[old]
        return lock

    async def _new_call(self, call: str, fields: Mapping[str, str]) -> None:
        turn, contact = await self._turns.latest(call)
        if contact is not None and self._is_another(contact, fields):
            if contact["state"] in OPEN_STATES:
                await self._end(turn.key, contact["state"], EndedBy.SYSTEM, "lost")
            turn = self._turns.next(turn)
        await self._take_in(turn.key, fields)

    async def _take_in(self, key: str, fields: Mapping[str, str]) -> None:
        outgoing = fields.get("direction") == "out"
        caller, called = number(fields.get("from", "")), number(fields.get("to", ""))
        customer = called if outgoing else caller
        arrival = Arrival(
            channel=self._name,
            adapter=ADAPTER,
            external_key=key,
            raw=json.dumps(dict(fields), ensure_ascii=False, sort_keys=True).encode(),
            at=self._tools.clock.now(),
            sender=caller or "",
            recipient=called or "",
            line_text="" if outgoing else called or "",
            direction=Direction.OUTBOUND if outgoing else Direction.INBOUND,
            routed_by="pbx",
        )
        await self._tools.accept(arrival, Content(sender=self._numbers.point(customer)))

    async def _state(self, call: str, fields: Mapping[str, str]) -> tuple[str, str | None]:
        """Return the call's key and open state, and take it in first when its newCall never came or is late."""
        turn, contact = await self._turns.latest(call)
        ended = contact is not None and contact["state"] not in OPEN_STATES
        if contact is None or (ended and self._is_another(contact, fields)):
            turn = turn if contact is None else self._turns.next(turn)
            await self._take_in(turn.key, fields)
            contact = await self._tools.find(ADAPTER, turn.key)
        state = str(contact["state"]) if contact else None
        return turn.key, state if state in OPEN_STATES else None

    async def _answer(self, call: str, fields: Mapping[str, str]) -> None:
        key, state = await self._state(call, fields)
        if state is not None and state not in _TALKED:
            agent = fields.get("answeringNumber") or fields.get("user") or None
            await self._progress(key, "answered", agent=agent)

    async def _hangup(self, call: str, fields: Mapping[str, str]) -> None:
        key, state = await self._state(call, fields)
        if state is None:
            return
        cause = fields.get("cause", "")
        outcome, by = CAUSES.get(cause, (Outcome.ABANDONED, EndedBy.SYSTEM))
        if state in _TALKED:
            by = EndedBy.TRANSFER if cause == "forwarded" else EndedBy.CUSTOMER
            outcome = Outcome.ANSWERED
        elif fields.get("direction") == "out":
            outcome = Outcome.FAILED
        await self._progress(key, "ended", outcome=outcome, ended_by=by, cause=cause or None)

    async def _end(self, key: str, state: str, by: EndedBy, cause: str) -> None:
        """End a call whose end was never told."""
        outcome = Outcome.ANSWERED if state in _TALKED else Outcome.ABANDONED
        await self._progress(key, "ended", outcome=outcome, ended_by=by, cause=cause)

    def _is_another(self, contact: Mapping[str, Any], fields: Mapping[str, str]) -> bool:
        """Tell whether what comes under a known id is another call: a PBX counts from the beginning again after a restart.

        The same call told again comes soon, and from the same to the same number, however the store writes it.  A call that is
        still open is another's only when both speak for it: its end was never told.
        """
        said = {"raw_from": number(fields.get("from", "")), "raw_to": number(fields.get("to", ""))}
        differs = any(
            value and contact.get(name) and not self._numbers.same(value, str(contact[name]))
            for name, value in said.items()
        )
        old = self._tools.clock.now() - contact["started_at"] >= REUSED_AFTER
        return (differs and old) if contact["state"] in OPEN_STATES else (differs or old)

    async def _progress(self, key: str, kind: str, **rest: Any) -> None:
        at = self._tools.clock.now()
        await self._tools.progress(Progress(adapter=ADAPTER, external_key=key, at=at, kind=kind, **rest))


async def _fields(request: Request) -> dict[str, str]:
    """Read the body, never more than it may have.

    Raises:
        BadRequestError: it is too large, or neither a form nor a JSON object of short texts.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            message = "the body is too large"
            raise BadRequestError(message)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        text = body.decode()
        found = json.loads(text) if media == "application/json" else dict(parse_qsl(text, max_num_fields=50))
    except (ValueError, RecursionError) as error:
        message = "the body is neither a form nor JSON"
        raise BadRequestError(message) from error
    if not isinstance(found, dict):
        message = "the body must be an object"
        raise BadRequestError(message)
    fields = {str(key): str(value) for key, value in found.items() if isinstance(value, str | int)}
    if any(_UNKEPT.search(text) for pair in fields.items() for text in pair):
        message = "a field holds a character that cannot be stored"
        raise BadRequestError(message)
    if any(len(value) > MAX_VALUE for value in fields.values()):
        message = f"a field is longer than {MAX_VALUE} characters"
        raise BadRequestError(message)
    return fields


def _problem(status: int, code: str, detail: str = "", headers: Mapping[str, str] | None = None) -> Response:
    body = {"type": "about:blank", "title": code, "status": status, "code": code}
    if detail:
        body["detail"] = detail
    return JSONResponse(body, status, headers=dict(headers or {}), media_type="application/problem+json")

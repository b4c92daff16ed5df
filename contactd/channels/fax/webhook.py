"""`POST /fax/{gateway}/{token}`: a gateway hands a fax over by HTTP, and hears 200 only when it is safe.

Multipart (a file and fields) or JSON (`file` in base64).  Fields: `from`, `to`, `name`, `id`.  The token in the path is all that
is asked for: who does not know it learns nothing, not even which gateways there are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from contactd.channels.fax.options import Gateway, Options
from contactd.core.channel import Receipt
from contactd.core.errors import BusyError, StoreDownError

_MAX_FIELDS = 50
_FIELD = 512
_FIELDS = {"from": "number", "to": "to", "name": "name", "id": "comm"}
"""What the gateway calls it → what the envelope calls it."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A fax as a gateway handed it over."""

    gateway: str
    data: bytes
    envelope: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What makes it the same fax when it is handed over again: the gateway's id and the pages, or all that is known.

        The id alone is not enough: gateways count from the beginning again, and a fax that was never seen would be lost.
        """
        if self.envelope.get("comm"):
            return f"{self.gateway}:{self.envelope['comm']}:{hashlib.sha256(self.data).hexdigest()}"
        said = json.dumps(self.envelope, sort_keys=True).encode()
        return f"{self.gateway}:{hashlib.sha256(said + self.data).hexdigest()}"


Take = Callable[[Handed], Awaitable[Receipt]]


class Webhook:
    """The route's handler."""

    def __init__(self, options: Options, take: Take) -> None:
        """Hand what comes in to `take`, which returns after the commit."""
        self._options = options
        self._take = take

    async def endpoint(self, request: Request) -> Response:
        """Answer one request."""
        gateway = self._gateway(request)
        if gateway is None:
            return _problem(404, "not_found")
        too_much = self._size_problem(request)
        if too_much is not None:
            return too_much
        handed = await _read(request, gateway)
        if handed is None:
            return _problem(400, "bad_request")
        try:
            receipt = await self._take(handed)
        except (BusyError, StoreDownError) as error:
            return _problem(503, error.code, {"Retry-After": "30"})
        return JSONResponse({"receipt": receipt.id, "duplicate": receipt.duplicate})

    def _gateway(self, request: Request) -> str | None:
        """Return the gateway whose token the path holds; as long for a name that does not exist as for a wrong token."""
        name = str(request.path_params.get("gateway", ""))
        token = str(request.path_params.get("token", ""))
        expected = self._options.gateways.get(name, Gateway()).token
        same = hmac.compare_digest(_digest(expected), _digest(token))
        return name if same and expected else None

    def _size_problem(self, request: Request) -> Response | None:
        """Refuse what is too large before it is read; the server holds a body to the length it announced."""
        length = request.headers.get("content-length", "")
        if not length.isdecimal():
            return _problem(411, "length_required")
        # Base64 makes a third more of it, form and fields a little.
        if int(length[:12]) > self._options.max_mb * 1024 * 1024 * 3 // 2:
            return _problem(413, "too_large")
        return None


async def _read(request: Request, gateway: str) -> Handed | None:
    """Read file and fields; None when there is no file or the body is not what it says."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return _from_json(await request.body(), gateway)
    if kind != "multipart/form-data":
        return None
    try:
        async with request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=64 * 1024) as form:
            uploads = [value for value in form.values() if isinstance(value, UploadFile)]
            data = await uploads[0].read() if uploads else b""
            return Handed(gateway, data, _envelope(dict(form))) if data else None
    except HTTPException:
        return None


def _from_json(body: bytes, gateway: str) -> Handed | None:
    """Read the JSON form."""
    try:
        said = json.loads(body)
        data = base64.b64decode(said["file"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        return None
    return Handed(gateway, data, _envelope(said)) if data else None


def _envelope(said: Mapping[str, object]) -> dict[str, str]:
    """Keep the fields we know, each a short text."""
    found = {ours: said.get(theirs) for theirs, ours in _FIELDS.items()}
    return {name: str(value)[:_FIELD] for name, value in found.items() if isinstance(value, str | int) and value != ""}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _problem(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    """Return an error in the form of RFC 9457."""
    body = {"type": "about:blank", "status": status, "code": code}
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)

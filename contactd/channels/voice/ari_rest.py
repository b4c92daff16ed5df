"""Requests to a PBX's REST interface.  Errors are the machine's business: most of them are lost races."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx
import structlog

from contactd.channels.voice.options import AriOptions
from contactd.core.errors import NotFoundError

log = structlog.get_logger(__name__)

AT_ONCE = 16
"""Requests under way; more wait here: a client's own queue costs with the square of its length, and the PBX serves no faster."""
_LIMITS = httpx.Limits(max_connections=AT_ONCE * 2, max_keepalive_connections=AT_ONCE * 2)
REQUEST_S = 5.0
MAX_FILE = 64 * 1024 * 1024
"""Bytes of the longest recording that is fetched: over an hour of 8 kHz sound."""
OK = 200


class AriRest:
    """One PBX's requests."""

    def __init__(self, options: AriOptions) -> None:
        """Remember where it is; `open` begins."""
        self._options = options
        self._http: httpx.AsyncClient | None = None
        self._turn = asyncio.Semaphore(AT_ONCE)

    def open(self) -> None:
        """Be ready to ask."""
        auth = (self._options.username, self._options.password.get_secret_value())
        self._http = httpx.AsyncClient(
            base_url=f"{self._options.url}/ari", auth=auth, timeout=REQUEST_S, limits=_LIMITS
        )

    async def close(self) -> None:
        """Ask no more."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        quiet: bool = False,
    ) -> tuple[int, Any]:
        """Make one request; status 0 when no answer came.  `quiet`: a refusal is an answer like others."""
        http = self._http
        if http is None:
            return 0, None
        try:
            async with self._turn:
                answer = await http.request(method, path, params=dict(params or {}), json=body)
        except (httpx.HTTPError, RuntimeError) as error:
            log.warning("voice.ari.no_answer", method=method, why=type(error).__name__)
            return 0, None
        if answer.is_error and not quiet:
            log.info("voice.ari.refused", method=method, path=path, status=answer.status_code)
        try:
            return answer.status_code, answer.json() if answer.content else None
        except ValueError:
            return answer.status_code, None

    async def list(self, path: str) -> list[Mapping[str, Any]]:
        """Return a list of the PBX's.

        Raises:
            NotFoundError: it gave none.
        """
        status, body = await self.request("GET", path)
        if status != OK or not isinstance(body, list):
            message = f"the PBX did not list {path}"
            raise NotFoundError(message)
        return [each for each in body if isinstance(each, Mapping)]

    async def file(self, path: str) -> bytes | None:
        """Fetch a stored file; None when it is not there, too large, or the PBX is away."""
        if self._http is None:
            return None
        data = bytearray()
        try:
            async with self._http.stream("GET", path) as answer:
                if answer.status_code != OK:
                    return None
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > MAX_FILE:
                        log.warning("voice.ari.file_too_large", path=path)
                        return None
        except (httpx.HTTPError, RuntimeError) as error:
            log.warning("voice.ari.no_file", why=type(error).__name__)
            return None
        return bytes(data)

    def events_url(self) -> str:
        """Return the address of the event socket."""
        parts = urlsplit(self._options.url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        query = urlencode({"app": self._options.app, "subscribeAll": "false"})
        return urlunsplit((scheme, parts.netloc, f"{parts.path}/ari/events", query, ""))

    def basic(self) -> dict[str, str]:
        """Return the header that says who we are."""
        pair = f"{self._options.username}:{self._options.password.get_secret_value()}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}

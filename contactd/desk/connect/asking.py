"""Questions to another system over HTTP: at an address that was checked, bounded in time and bytes, its secret sent there alone."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from contactd.desk.connect.table import wrong
from contactd.desk.fetching import Resolve, allowed, resolve

SECONDS = 30.0
"""For one answer."""
MAX_BYTES = 32 * 1024 * 1024
"""Of one answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is empty for 304."""

    status: int
    body: bytes
    etag: str = ""


class Asker:
    """Asks systems the operator has named: of the open Internet by https, or such as `http.fetch_from` allows."""

    def __init__(self, allow: Iterable[Any] = (), *, resolve: Resolve = resolve) -> None:
        """`allow`: networks that may be reached though they are not of the open Internet, by http, too."""
        self._allow = tuple(allow)
        self._resolve = resolve
        self._tls: ssl.SSLContext | None = None

    async def get(self, address: str, headers: Mapping[str, str]) -> Answer:
        """Ask; a redirect is not followed: the secret is meant for this system and no other.

        Raises:
            BadRequestError: it leads where nothing is asked, cannot be reached, or answers with something else than data.
        """
        try:
            async with asyncio.timeout(SECONDS):
                return await self._get(httpx.URL(address), headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError) as error:
            raise wrong(code="unreachable", text=f"the system cannot be reached: {type(error).__name__}") from error

    async def _get(self, url: httpx.URL, headers: Mapping[str, str]) -> Answer:
        name = url.raw_host.decode("ascii").strip("[]")
        if url.scheme not in {"http", "https"} or url.userinfo or not name:
            raise wrong(code="bad_address", text="this is no address to ask")
        found = await self._resolve(name, url.port or (443 if url.scheme == "https" else 80))
        if not found or not all(allowed(one, self._allow) for one in found):
            raise wrong(code="inside", text="an address inside: allow its network with http.fetch_from")
        if url.scheme == "http" and allowed(found[0]):
            raise wrong(code="not_https", text="systems of the open Internet are asked by https only")
        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        host = f"[{found[0]}]" if ":" in found[0] else found[0]
        own = {"Host": url.netloc.decode("ascii"), "Accept": "application/json", "Accept-Encoding": "identity"}
        async with httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=SECONDS) as client:
            request = client.build_request(
                "GET", url.copy_with(host=host), headers={**headers, **own}, extensions={"sni_hostname": name}
            )
            response = await client.send(request, stream=True)
            try:
                return await _answer(response)
            finally:
                await response.aclose()


async def _answer(response: httpx.Response) -> Answer:
    """Read an answer as far as it may be read."""
    if response.status_code == httpx.codes.NOT_MODIFIED:
        return Answer(response.status_code, b"")
    if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise wrong(code="away", text=f"the system answers {response.status_code}")
    if response.status_code != httpx.codes.OK or response.headers.get("content-encoding", "identity") != "identity":
        raise wrong(code="refused", text=f"the system answers {response.status_code}")
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > MAX_BYTES:
            raise wrong(code="too_large", text=f"the answer has more than {MAX_BYTES // 1024 // 1024} MB")
        parts.append(part)
    return Answer(response.status_code, b"".join(parts), response.headers.get("etag", "")[:200])

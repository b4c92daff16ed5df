"""The one fetcher of what strangers name: only from the open Internet, at the address that was checked, small, soon, or not at all.

A name is looked up once; what is connected to is the address that was found, so that a second answer of the DNS changes nothing.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpx
import structlog

log = structlog.get_logger(__name__)

SECONDS = 5.0
"""For one thing, redirects included."""
ALL_SECONDS = 12.0
"""For all of one mail."""
MAX_BYTES = 5 * 1024 * 1024
ALL_BYTES = 10 * 1024 * 1024
REDIRECTS = 3
AT_ONCE = 6
PORTS = frozenset({80, 443})
KEPT_S = 300.0
KEPT_BYTES = 32 * 1024 * 1024

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) → addresses."""

_EMBEDDING = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10")))
"""IPv6 networks that lead to an IPv4 address, or to a site of old: what they stand for is not looked into."""
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)


class RefusedError(Exception):
    """It is not fetched; says why in fixed words."""


def allowed(address: str, exceptions: Iterable[Any] = ()) -> bool:
    """Tell whether an address may be connected to: one of the open Internet, or one that the operator allows.

    Private, loopback, link-local, shared (CGNAT), reserved and multicast addresses are not, in none of their spellings.
    """
    try:
        found: Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    if any(found in network for network in map(ip_network, exceptions) if network.version == found.version):
        return True
    if isinstance(found, IPv6Address) and any(found in network for network in _EMBEDDING):
        return False
    return found.is_global and not found.is_multicast


async def resolve(host: str, port: int) -> list[str]:
    """Look a name up by the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was fetched."""

    media_type: str
    data: bytes

    def uri(self) -> str:
        """Return it as an address that needs no fetching."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode('ascii')}"


class Fetcher:
    """Fetches pictures that mails name."""

    def __init__(
        self,
        allow: Iterable[Any] = (),
        *,
        resolve: Resolve = resolve,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`allow`: networks that may be reached, on any port, though they are not of the open Internet."""
        self._allow = tuple(allow)
        self._resolve = resolve
        self._monotonic = monotonic
        self._tls: ssl.SSLContext | None = None
        self._kept: OrderedDict[str, tuple[float, Picture]] = OrderedDict()
        self._size = 0

    async def pictures(self, addresses: Iterable[str]) -> dict[str, str]:
        """Return address → `data:` URI of the pictures that could be had in time; the others are left out."""
        wanted = list(dict.fromkeys(addresses))
        slots = asyncio.Semaphore(AT_ONCE)
        found: dict[str, str] = {}
        room = ALL_BYTES

        async def one(address: str) -> None:
            nonlocal room
            async with slots:
                picture = await self._picture(address)
            if picture is not None and len(picture.data) <= room:
                room -= len(picture.data)
                found[address] = picture.uri()

        tasks = [asyncio.create_task(one(address)) for address in wanted]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=ALL_SECONDS)
            for task in late:
                task.cancel()
        return found

    async def _picture(self, address: str) -> Picture | None:
        """Return one picture, remembered or fetched; None when it cannot be had."""
        now = self._monotonic()
        kept = self._kept.get(address)
        if kept is not None and kept[0] > now:
            return kept[1]
        try:
            async with asyncio.timeout(SECONDS):
                data = await self.get(address)
        except (RefusedError, httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError) as error:
            log.info("picture_not_fetched", error=type(error).__name__, why=str(error)[:80] if _ours(error) else "")
            return None
        media_type = picture_type(data)
        if media_type is None:
            return None
        picture = Picture(media_type, data)
        self._keep(address, picture, now)
        return picture

    def _keep(self, address: str, picture: Picture, now: float) -> None:
        """Remember a picture for the next look at the same mail."""
        old = self._kept.pop(address, None)
        self._size += len(picture.data) - (len(old[1].data) if old else 0)
        self._kept[address] = (now + KEPT_S, picture)
        while self._size > KEPT_BYTES:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._size -= len(oldest.data)

    async def get(self, address: str) -> bytes:
        """Fetch something.

        Raises:
            RefusedError: it leads where nothing is fetched from, is too large, or is not there.
            httpx.HTTPError, OSError, ValueError: it cannot be had.
        """
        url = httpx.URL(address)
        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        # No proxy, no cookies, no name of ours: who serves it learns that somebody's server asked.
        async with httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=SECONDS) as client:
            for _ in range(REDIRECTS + 1):
                request = await self._request(client, url)
                response = await client.send(request, stream=True)
                try:
                    if response.has_redirect_location:
                        url = url.join(response.headers["location"])
                        continue
                    return await _body(response)
                finally:
                    await response.aclose()
        text = "too many redirects"
        raise RefusedError(text)

    async def _request(self, client: httpx.AsyncClient, url: httpx.URL) -> httpx.Request:
        """Make the request to the address that a name has at this moment, if it may be reached."""
        if url.scheme not in {"http", "https"} or url.userinfo or not url.host:
            text = "no address to fetch from"
            raise RefusedError(text)
        port = url.port or (443 if url.scheme == "https" else 80)
        found = await self._resolve(url.raw_host.decode("ascii").strip("[]"), port)
        if not found or not all(allowed(one, self._allow) for one in found):
            # One private address among public ones is enough: somebody means to lead us inside.
            text = "an address inside"
            raise RefusedError(text)
        if port not in PORTS and allowed(found[0]):
            text = "another port"
            raise RefusedError(text)
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Accept": "image/*",
            "Accept-Encoding": "identity",
            "User-Agent": "Mozilla/5.0",
        }
        host = f"[{found[0]}]" if ":" in found[0] else found[0]
        return client.build_request(
            "GET", url.copy_with(host=host), headers=headers, extensions={"sni_hostname": url.raw_host.decode("ascii")}
        )


async def _body(response: httpx.Response) -> bytes:
    """Read an answer as far as it may be read."""
    if response.status_code != httpx.codes.OK or response.headers.get("content-encoding", "identity") != "identity":
        text = "no picture"
        raise RefusedError(text)
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > MAX_BYTES:
            text = "too large"
            raise RefusedError(text)
        parts.append(part)
    return b"".join(parts)


def picture_type(data: bytes) -> str | None:
    """Tell by its first bytes what sort of picture it is; None for anything a browser could run, or does not know."""
    for magic, media_type in _MAGIC:
        if data.startswith(magic):
            return media_type
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def _ours(error: BaseException) -> bool:
    return isinstance(error, RefusedError)

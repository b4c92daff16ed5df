"""Changes told to other systems: signed, in order, again until they are taken, and kept when they never are.

The form is that of Standard Webhooks (standardwebhooks.com): `webhook-id`, `webhook-timestamp` and `webhook-signature`, an
HMAC-SHA256 over id, time and body.  Each webhook hears one batch at a time.  A body holds ids and words of ours only: what a
customer is now is asked for over REST, by somebody who may.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx
import structlog

from contactd.clock import Clock
from contactd.core.errors import BusyError, ContactdError, StoreDownError
from contactd.core.levels import EVERYTHING, Levels
from contactd.crm_store import change_rows, webhook_rows
from contactd.crm_store.store import Store
from contactd.desk.fetching import RefusedError, Resolve, allowed, resolve
from contactd.desk.rights import PROGRAM

EVERY_S = 1.0
SECONDS = 10.0
"""For one delivery."""
LEASE = timedelta(seconds=60)
BATCH = 100
"""Changes of one delivery."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
TRIES = 14
"""After so many (about five hours) a batch is put aside, and the next goes on."""
GONE = 410
"""The receiver wants no more (HTTP 410): it is left alone until somebody asks for a replay."""
PREFIX = "whsec_"

log = structlog.get_logger(__name__)


def signature(secret: str, ident: str, at: int, body: bytes) -> str:
    """Return the signature of a delivery: `v1,` and the HMAC-SHA256 over id, seconds since 1970 and body, in base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, f"{ident}.{at}.".encode() + body, hashlib.sha256)).decode()


class Poster:
    """Sends to addresses people name: of the open Internet by https, or such as the operator allows."""

    def __init__(self, allow: Iterable[Any] = (), *, resolve: Resolve = resolve) -> None:
        """`allow`: networks that may be reached though they are not of the open Internet, by http, too."""
        self._allow = tuple(allow)
        self._resolve = resolve
        self._tls: ssl.SSLContext | None = None

    async def post(self, address: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send; return the status.

        Raises:
            RefusedError, httpx.HTTPError, OSError, ValueError, TimeoutError: as `ask`.
        """
        return (await self.ask(address, body, headers, 0))[0]

    async def ask(self, address: str, body: bytes, headers: Mapping[str, str], most: int) -> tuple[int, bytes]:
        """Send; return the status and at most so many bytes of the answer.

        The address a name has is looked up once, and that one is connected to.

        Raises:
            RefusedError: it leads where nothing is sent.
            httpx.HTTPError, OSError, ValueError, TimeoutError: it cannot be reached.
        """
        url = httpx.URL(address)
        if url.scheme not in {"http", "https"} or url.userinfo or not url.host:
            text = "no address to send to"
            raise RefusedError(text)
        name = url.raw_host.decode("ascii").strip("[]")
        async with asyncio.timeout(SECONDS):
            found = await self._resolve(name, url.port or (443 if url.scheme == "https" else 80))
        if not found or not all(allowed(one, self._allow) for one in found):
            text = "an address inside"
            raise RefusedError(text)
        if url.scheme == "http" and allowed(found[0]):
            text = "not by https"
            raise RefusedError(text)
        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        host = f"[{found[0]}]" if ":" in found[0] else found[0]
        async with (
            asyncio.timeout(SECONDS),
            httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=SECONDS) as client,
        ):
            request = client.build_request(
                "POST",
                url.copy_with(host=host),
                content=body,
                headers={
                    **headers,
                    "Host": url.netloc.decode("ascii"),
                    "Content-Type": "application/json",
                    "Accept-Encoding": "identity",
                },
                extensions={"sni_hostname": name},
            )
            response = await client.send(request, stream=True)
            try:
                return response.status_code, await _head(response, most)
            finally:
                await response.aclose()


async def _head(response: httpx.Response, most: int) -> bytes:
    """Read the beginning of an answer as it came: packed, a little could unpack to more than there is room for."""
    found = b""
    if most:
        async for chunk in response.aiter_raw():
            found += chunk
            if len(found) >= most:
                break
    return found[:most]


class Webhooks:
    """Tells other systems what changed."""

    def __init__(
        self, store: Store, clock: Clock, poster: Poster, levels: Callable[[str], Levels] = lambda _role: EVERYTHING
    ) -> None:
        """Read changes from `store`; `levels`: how far a role sees fields: that of who made a webhook, or a program's."""
        self._store = store
        self._clock = clock
        self._poster = poster
        self._levels = levels

    async def run(self) -> None:
        """Look every second, for ever."""
        while True:
            try:
                await self.some()
            except (BusyError, StoreDownError):
                log.warning("webhooks.store_down")
            except ContactdError as error:
                log.warning("webhooks.failed", code=error.code)
            await asyncio.sleep(EVERY_S)

    async def some(self) -> None:
        """Tell every webhook that is due its next changes, side by side."""
        now = self._clock.now()
        due = await self._store.write(partial(webhook_rows.claim, now=now, lease=LEASE))
        await asyncio.gather(*(self._tell(row) for row in due))

    async def _tell(self, row: Any) -> None:
        # The end is looked up first: what comes in between the two looks lies behind it, and is told the next time.
        newest = await self._store.read(change_rows.last)
        changes = await self._store.read(
            partial(change_rows.page, after=row.cursor, limit=BATCH, kinds=tuple(row.kinds)),
        )
        newest = changes[-1].seq if changes else newest
        now = self._clock.now()
        error = await self._deliver(row, changes, now) if changes else None
        if error is None:
            told = {"delivered_at": now} if changes else {}
            values = {"cursor": newest, "failures": 0, "next_at": now, "last_error": "", **told}
            await self._store.write(partial(webhook_rows.settle, row=row, values=values))
            return
        await self._failed(row, changes, error)

    async def _deliver(self, row: Any, changes: list[Any], now: datetime) -> str | None:
        """Send a batch; return what went wrong, in fixed words."""
        ident, at = f"{row.id}-{changes[0].seq}-{changes[-1].seq}", int(now.timestamp())
        told = self._levels(row.role or PROGRAM).shown({"changes": [change_rows.view(one) for one in changes]})
        body = json.dumps(told, separators=(",", ":")).encode()
        headers = {
            "webhook-id": ident,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(row.secret, ident, at, body),
        }
        try:
            status = await self._poster.post(row.url, body, headers)
        except RefusedError as error:
            return str(error)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, TimeoutError) as error:
            return type(error).__name__
        return None if 200 <= status < 300 else f"status {status}"  # noqa: PLR2004 - HTTP's range of success

    async def _failed(self, row: Any, changes: list[Any], error: str) -> None:
        """Come again later; or, after the last try, put the batch aside and go on."""
        now = self._clock.now()
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(row.failures, 20))
        values: dict[str, Any] = {"failures": row.failures + 1, "next_at": now + pause, "last_error": error}
        lost: list[int] = []
        if error == f"status {GONE}":
            values["active"] = False
        elif row.failures + 1 >= TRIES:
            lost = [one.seq for one in changes]
            values |= {"cursor": lost[-1], "failures": 0, "next_at": now}
        log.info("webhook.not_delivered", webhook=row.id, error=error, tries=row.failures + 1, lost=len(lost))
        await self._store.write(partial(webhook_rows.settle, row=row, values=values, lost=lost, error=error))

"""Drafts sent to the systems they are for: once by their key, again until they are answered, back to their author when refused.

The request is a POST of JSON.  `Idempotency-Key` is the draft's id and stays the same however often it is asked; a system that
knows it already answers as it did the first time.  With a secret the body is signed as webhooks are (Standard Webhooks).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import structlog

from contactd.clock import Clock
from contactd.core import writeback as rules
from contactd.core.errors import BadRequestError, BusyError, ContactdError, StoreDownError
from contactd.core.plain import one_line
from contactd.crm_store import writeback_rows
from contactd.crm_store.store import Store
from contactd.desk.connect.credentials import secret_of
from contactd.desk.fetching import RefusedError
from contactd.desk.rules import Rules
from contactd.desk.webhooks import Poster, signature
from contactd.settings import Connector, WriteBack

EVERY_S = 1.0
LEASE = timedelta(seconds=60)
"""Longer than a request may take, so that nobody asks while an answer is under way."""
ANSWER = 64 * 1024
LONGEST_NUMBER, LONGEST_URL, LONGEST_REASON = 100, 2000, 400
_AGAIN = frozenset({401, 403, 404, 408, 409, 423, 425, 429})
"""Statuses that speak of now or of the way there, not of the draft; 409: the first request under this key still goes on."""

log = structlog.get_logger(__name__)


class WritingBack:
    """Sends what was let go."""

    def __init__(
        self, store: Store, clock: Clock, rules: Rules, poster: Poster, connectors: Mapping[str, Connector]
    ) -> None:
        """Send by `poster` to those of `connectors` that take drafts."""
        self._store = store
        self._clock = clock
        self._rules = rules
        self._poster = poster
        self._targets = {name: one for name, one in connectors.items() if one.write is not None}

    def targets(self) -> list[dict[str, Any]]:
        """Return where drafts may go: name, and which sorts somebody else looks over."""
        return [{"name": name, "four_eyes": list(self._write(name).four_eyes)} for name in sorted(self._targets)]

    def four_eyes(self, connector: str, kind: str) -> bool:
        """Tell whether somebody other than its author looks a draft over.

        Raises:
            BadRequestError: nothing is sent to this connector.
        """
        return kind in self._write(connector).four_eyes

    def system(self, connector: str) -> str:
        """Return by which name the numbers of the system behind a connector are known.

        Raises:
            BadRequestError: nothing is sent to this connector.
        """
        self._write(connector)
        return self._targets[connector].system or connector

    def _write(self, connector: str) -> WriteBack:
        found = self._targets.get(connector)
        if found is None or found.write is None:
            message = "nothing is sent to this connector"
            raise BadRequestError(message, code="unknown_connector", field="connector")
        return found.write

    async def run(self) -> None:
        """Look every second, for ever."""
        while self._targets:
            try:
                await self.some()
            except (BusyError, StoreDownError):
                log.warning("writeback.store_down")
            except ContactdError as error:
                log.warning("writeback.failed", code=error.code)
            await asyncio.sleep(EVERY_S)

    async def some(self) -> int:
        """Send what is due, side by side; return how many attempts there were."""
        now = self._clock.now()
        unit = partial(writeback_rows.claim, now=now, lease=LEASE, connectors=list(self._targets))
        due = await self._store.write(unit)
        await asyncio.gather(*(self._send(row) for row in due))
        return len(due)

    async def _send(self, row: Any) -> None:
        what, values = await self._ask(row)
        now = self._clock.now()
        if what == "again":
            if row.attempts + 1 >= rules.TRIES:
                what = "failed"
            else:
                values["next_at"] = now + rules.pause(row.attempts + 1)
            log.info("writeback.not_sent", draft=row.id, error=values["last_error"], tries=row.attempts + 1)
        line = self._rules.policy.cases.line_of("writeback")
        await self._store.write(partial(writeback_rows.settle, row=row, what=what, values=values, line=line, now=now))

    async def _ask(self, row: Any) -> tuple[str, dict[str, Any]]:
        """Send a draft; return what became of it (done | refused | again), and what the answer says."""
        try:
            write = self._write(row.connector)
            headers = await asyncio.to_thread(self._headers, write, row)
            status, answer = await self._poster.ask(write.url, row.body, headers, ANSWER)
        except RefusedError as error:
            return "again", {"last_error": str(error)}
        except BadRequestError as error:
            return "again", {"last_error": error.code}
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, TimeoutError) as error:
            return "again", {"last_error": type(error).__name__}
        said = _said(answer)
        if 200 <= status < 300:  # noqa: PLR2004 - HTTP's range of success
            number = one_line(str(said.get("number") or said.get("id") or ""), LONGEST_NUMBER)
            return "done", {"number": number, "url": _url(said.get("url")), "last_error": ""}
        if 400 <= status < 500 and status not in _AGAIN:  # noqa: PLR2004 - what is wrong with the draft itself
            reason = next((said[name] for name in ("detail", "message", "error", "title") if said.get(name)), "")
            return "refused", {"last_error": one_line(str(reason), LONGEST_REASON) or f"status {status}"}
        return "again", {"last_error": f"status {status}"}

    def _headers(self, write: WriteBack, row: Any) -> dict[str, str]:
        """Return what goes along with a draft.  Blocks: secrets may lie in files."""
        headers = {**write.headers, "Idempotency-Key": row.id}
        token = secret_of(write.token, write.token_file)
        if token:
            headers[write.auth_header] = token
        secret = secret_of(write.secret, write.secret_file)
        if secret:
            at = int(self._clock.now().timestamp())
            headers |= {"webhook-id": row.id, "webhook-timestamp": str(at)}
            headers["webhook-signature"] = signature(secret, row.id, at, row.body)
        return headers


def _said(answer: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _url(given: Any) -> str:
    """Return an address people may be sent to, or nothing."""
    text = one_line(str(given or ""), LONGEST_URL)
    return text if text.startswith(("https://", "http://")) else ""

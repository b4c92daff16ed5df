"""When a PBX was heard, and when not: kept in the store, so that what is missing in our record can be explained later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from contactd.clock import parse_rfc3339, rfc3339
from contactd.core.channel import Tools

KEY = "heard"
MAX_GAPS = 500
SILENT = timedelta(seconds=150)
"""A look comes every minute: who was not heard for longer was away, even when nothing was there to notice it."""


class Heard:
    """Keeps it.

    Args:
        tools: the house's side.
        key: under which it is kept.
    """

    def __init__(self, tools: Tools, key: str = KEY) -> None:
        self._tools = tools
        self._key = key
        self._kept: dict[str, Any] | None = None
        self._lost_at: datetime | None = None

    def lost(self) -> None:
        """Note that the connection is gone since now."""
        self._lost_at = self._lost_at or self._tools.clock.now()

    async def now(self) -> None:
        """Note that the PBX is heard, and its picture right: a gap ends here, if there was one."""
        now = self._tools.clock.now()
        kept = dict(await self._tools.kept(self._key) or {}) if self._kept is None else self._kept
        since = self._lost_at or _silent_since(kept, now)
        self._lost_at = None
        if since is not None:
            kept["gaps"] = [*kept.get("gaps", ()), [rfc3339(since), rfc3339(now)]][-MAX_GAPS:]
        kept = {"since": rfc3339(now), **kept, "heard_at": rfc3339(now)}
        await self._tools.keep(self._key, kept)
        self._kept = kept


def _silent_since(kept: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return since when nothing was heard, when that is longer than usual: this server was away."""
    before = kept.get("heard_at")
    found = parse_rfc3339(before) if before else None
    return found if found is not None and now - found > SILENT else None

"""Whether mail that is brought to us (SMTP, LMTP, the spool) stays away for longer than usual: its way may be cut."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from contactd.channels.email.habit import Habit
from contactd.core.channel import Tools
from contactd.core.errors import BusyError, StoreDownError

TICK_S = 30.0
KEEP_EVERY = timedelta(minutes=5)
_KEY = "arrivals"


class Hush:
    """Listens for silence, and tells people once of each."""

    def __init__(self, tools: Tools, hours: float) -> None:
        """Tell of a silence of so many hours; 0 = of one that is unusual."""
        self._tools = tools
        self._limit = timedelta(hours=hours) if hours else None
        self._habit = Habit()
        self._since: datetime | None = None
        self._kept: datetime | None = None
        self._told = False

    async def start(self) -> None:
        """Begin where it was kept; the time in which nobody listened counts for nothing."""
        self._since = self._tools.clock.now()
        try:
            self._habit = Habit.read(await self._tools.kept(_KEY) or {})
        except (TypeError, ValueError):
            self._habit = Habit()
        self._tools.figure("arrivals_quiet_seconds", "Time since mail was last brought to us", self._quiet)
        self._tools.spawn(self._run(), "email.hush")

    def came(self, at: datetime) -> None:
        """Note that a mail was brought."""
        self._habit.came(at, listening_since=self._since)
        if self._told:
            self._told = False
            self._tools.alarm("mail_heard", "mail is brought to us again")

    async def tick(self) -> None:
        """Raise the alarm when it is due, and keep what was learned."""
        now = self._tools.clock.now()
        quiet = self._habit.silent(now, self._limit, listening_since=self._since)
        if quiet is not None and not self._told:
            self._told = True
            hours = int(quiet.total_seconds() // 3600)
            self._tools.alarm("mail_silent", f"no mail was brought to us for {hours} h")
        last = self._habit.last
        if last is not None and (self._kept is None or last - self._kept >= KEEP_EVERY):
            with suppress(BusyError, StoreDownError):  # the next tick keeps it
                await self._tools.keep(_KEY, self._habit.kept())
                self._kept = last

    async def _run(self) -> None:
        while True:
            await self.tick()
            await asyncio.sleep(TICK_S)

    def _quiet(self) -> float:
        last = self._habit.last
        return (self._tools.clock.now() - last).total_seconds() if last is not None else 0.0

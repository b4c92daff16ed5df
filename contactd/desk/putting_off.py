"""What could not be read now comes again later: each time after a longer pause, and nobody waits for it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from contactd.desk.intake import Unread

FIRST_S = 0.5
LONGEST_S = 60.0
MANY = 10
"""So many put off, and none read meanwhile: then it is not they that are at fault."""

Schedule = Callable[[float, Callable[[Unread], None], Unread], object]


def pause(tries: int) -> float:
    """Return the seconds to wait after so many tries: 0.5, then twice as long each time, a minute at most."""
    return min(LONGEST_S, FIRST_S * 2.0 ** min(tries, 20))


class PuttingOff:
    """Brings things back."""

    def __init__(self, again: Callable[[Unread], None], schedule: Schedule | None = None) -> None:
        """Give each thing to `again` when its pause is over; `schedule` is the loop's `call_later`."""
        self._again = again
        self._schedule = schedule
        self.waiting = 0
        """How many things wait for their next try."""
        self._since: float | None = None

    def later(self, unread: Unread) -> None:
        """Let something come again after a pause; its bytes are fetched anew then."""
        loop = asyncio.get_running_loop()
        if self._since is None:
            self._since = loop.time()
        self.waiting += 1
        schedule = self._schedule or loop.call_later
        schedule(pause(unread.tries), self._back, replace(unread, arrival=None, tries=unread.tries + 1))

    def went_well(self) -> None:
        """Note that something could be read."""
        self._since = None

    @property
    def stalled_s(self) -> float:
        """For how many seconds many things were put off and none was read; 0 = all is well."""
        if self._since is None or self.waiting < MANY:
            return 0.0
        return asyncio.get_running_loop().time() - self._since

    def _back(self, unread: Unread) -> None:
        self.waiting -= 1
        self._again(unread)

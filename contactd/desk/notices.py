"""Notices: consoles are told that something stands differently on the board of announcements or approvals, and ask for it then.

What counts is what holds at the moment: an announcement whose time begins or ends, and a request nobody decided in time, are news
like those somebody has just written.  One look for a whole node stands in for the looks of all its consoles.
"""

from __future__ import annotations

from functools import partial

from contactd.crm_store import announcement_rows, approval_rows
from contactd.desk.changes import Notice
from contactd.desk.desk import Desk
from contactd.desk.effects import Effect

ANNOUNCEMENT, APPROVAL = "announcement", "approval"


class Notices:
    """Tells consoles what to ask for again."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk
        self._last: dict[str, tuple[str, ...]] | None = None

    async def watch(self) -> None:
        """Look, and tell every console what has changed since the last look; nothing at the first: their snapshots are as new."""
        now = self._desk.clock.now()
        read = self._desk.store.read
        standing = {
            ANNOUNCEMENT: await read(partial(announcement_rows.standing, now=now)),
            APPROVAL: await read(partial(approval_rows.standing, now=now)),
        }
        last, self._last = self._last, standing
        news: list[Effect] = [Notice(about=about) for about, what in standing.items() if last and last[about] != what]
        if news:
            self._desk.publisher.publish(news)

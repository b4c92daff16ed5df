"""How far a mailbox has been read: kept in the store, so that nothing is fetched twice or left out over any restart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contactd.channels.email.habit import Habit

MAX_STUCK = 1000
MAX_CLEAN = 5000


@dataclass(slots=True)
class Cursor:
    """What is known of a mailbox.

    UIDs up to `uid` have been dealt with, but for those in `stuck` (UID → tries that failed); `clean` have been stored and are
    yet to be marked, moved or deleted.
    """

    uidvalidity: int = 0
    uid: int = 0
    stuck: dict[int, int] = field(default_factory=dict)
    clean: list[int] = field(default_factory=list)
    habit: Habit = field(default_factory=Habit)
    """How often mail comes in."""

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> Cursor | None:
        """Read what was kept; None when nothing was, or it cannot be read."""
        try:
            if kept is None:
                return None
            return cls(
                uidvalidity=int(kept["uidvalidity"]),
                uid=int(kept["uid"]),
                stuck={int(uid): int(tries) for uid, tries in dict(kept.get("stuck") or {}).items()},
                clean=[int(uid) for uid in kept.get("clean") or ()],
                habit=Habit.read(kept),
            )
        except (KeyError, TypeError, ValueError):
            return None

    def kept(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "uidvalidity": self.uidvalidity,
            "uid": self.uid,
            "stuck": {str(uid): tries for uid, tries in self.stuck.items()},
            "clean": self.clean,
            **self.habit.kept(),
        }

    def begin(self, uidvalidity: int, uid: int) -> None:
        """Start over behind `uid`: UIDs of another validity mean nothing here."""
        self.uidvalidity, self.uid = uidvalidity, uid
        self.stuck, self.clean = {}, []

    def stored(self, uid: int, at: datetime, *, fresh: bool) -> None:
        """Note that a mail is safe in the store; `fresh`: it had not come before."""
        self.uid = max(self.uid, uid)
        self.stuck.pop(uid, None)
        if len(self.clean) < MAX_CLEAN:
            self.clean.append(uid)
        if fresh:
            self.habit.came(at)

    def failed(self, uid: int) -> int:
        """Note that a mail could not be fetched; return how often by now.  Its neighbours do not wait for it."""
        self.uid = max(self.uid, uid)
        if uid in self.stuck or len(self.stuck) < MAX_STUCK:
            self.stuck[uid] = self.stuck.get(uid, 0) + 1
        return self.stuck.get(uid, 0)

    def gone(self, uids: Iterable[int]) -> None:
        """Forget mails that are no longer in the mailbox."""
        for uid in uids:
            self.stuck.pop(uid, None)

"""When the router's fingerprint is due in the journal.

Whoever tells the journal again to a new router must come to the same fingerprint: that is how the audit knows that the live
router decided as written down.  Taking it costs about 10 µs for every open item and agent, so it is taken at a quiet moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta

EVERY = timedelta(minutes=10)
FACTS = 100_000


class Checkpoints:
    """Remembers the last one."""

    def __init__(self) -> None:
        """Begin without any."""
        self._at: datetime | None = None
        self._seq = 0

    def made(self, now: datetime, seq: int) -> None:
        """Note that one was taken (or the router was made) under this journal number."""
        self._at, self._seq = now, seq

    def moved(self, seq: int) -> bool:
        """Say whether anything has happened since the last one."""
        return seq != self._seq

    def due(self, now: datetime, seq: int, *, quiet: bool) -> bool:
        """Say whether to take one now; while much is going on it waits as long again."""
        if self._at is None or not self.moved(seq):
            return False
        age = max((now - self._at) / EVERY, (seq - self._seq) / FACTS)
        return age >= (1 if quiet else 2)

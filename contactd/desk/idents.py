"""New identifiers: UUIDv7 from the clock and the system's randomness."""

from __future__ import annotations

import secrets

from contactd.clock import Clock, to_ms
from contactd.core.ids import RANDOM_BYTES, uuid7

_STOCK = 64
"""Ids for which randomness is fetched at once: a system call for each would cost more than the rest."""


class Idents:
    """Makes ids."""

    def __init__(self, clock: Clock) -> None:
        """Take the time from `clock`."""
        self._clock = clock
        self._random = b""
        self._at = 0

    def new(self) -> str:
        """Return an id nobody else has, later ones sorting later."""
        return self.made_at(to_ms(self._clock.now()))

    def made_at(self, milliseconds: int) -> str:
        """Return an id of a moment that is known, for those who need many at once."""
        if self._at >= len(self._random):
            self._random, self._at = secrets.token_bytes(RANDOM_BYTES * _STOCK), 0
        begin, self._at = self._at, self._at + RANDOM_BYTES
        return uuid7(milliseconds, self._random[begin : self._at])

"""New identifiers: UUIDv7 from the clock and the system's randomness."""

from __future__ import annotations

import secrets

from contactd.clock import Clock, to_ms
from contactd.core.ids import RANDOM_BYTES, uuid7


class Idents:
    """Makes ids."""

    def __init__(self, clock: Clock) -> None:
        """Take the time from `clock`."""
        self._clock = clock

    def new(self) -> str:
        """Return an id nobody else has, later ones sorting later."""
        return uuid7(to_ms(self._clock.now()), secrets.token_bytes(RANDOM_BYTES))

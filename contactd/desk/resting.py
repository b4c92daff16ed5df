"""What failed rests for a while, longer each time, and keeps nothing else from its turn."""

from __future__ import annotations

from contactd.clock import Clock

FIRST_S = 1.0
LONGEST_S = 600.0
MOST = 2000
"""Things remembered; the one whose rest ends first is forgotten then, and tried again at once."""


class Resting:
    """Knows what is left alone at this moment; forgotten by a restart, which tries everything again."""

    def __init__(self, clock: Clock) -> None:
        """Go by `clock`."""
        self._clock = clock
        self._until: dict[str, tuple[float, float]] = {}
        """Id → when its rest ends, and how long it was (seconds)."""

    def failed(self, ident: str) -> None:
        """Leave something alone: a second, then twice as long each time, ten minutes at most."""
        _end, last = self._until.pop(ident, (0.0, FIRST_S / 2))
        if len(self._until) >= MOST:
            del self._until[min(self._until, key=lambda each: self._until[each][0])]
        pause = min(LONGEST_S, last * 2)
        self._until[ident] = (self._clock.monotonic() + pause, pause)

    def went_well(self, ident: str) -> None:
        """Forget that something ever failed."""
        self._until.pop(ident, None)

    @property
    def has_room(self) -> bool:
        """Whether another one can rest without one that rests being forgotten."""
        return len(self._until) < MOST

    def idents(self) -> list[str]:
        """Return what rests now."""
        now = self._clock.monotonic()
        return [ident for ident, (end, _pause) in self._until.items() if end > now]

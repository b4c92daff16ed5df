"""How long the work of each line and channel takes, learned from contacts as they end; older ones count less and less."""

from __future__ import annotations

import math
from dataclasses import dataclass

from contactd.core.interaction import Outcome
from contactd.routing.waits import Pace

WINDOW = 300
"""About so many contacts are remembered."""


@dataclass(slots=True)
class _Learned:
    """Sums in which each contact counts a little less with every one that follows."""

    count: int = 0
    weight: float = 0.0
    handled: float = 0.0
    squares: float = 0.0
    wrapped: float = 0.0
    waited: float = 0.0
    gave_up: float = 0.0

    def fade(self) -> None:
        """Let everything so far count less."""
        keep = 1 - 1 / WINDOW
        self.weight *= keep
        self.handled *= keep
        self.squares *= keep
        self.wrapped *= keep
        self.waited *= keep
        self.gave_up *= keep


class Paces:
    """Learns."""

    def __init__(self) -> None:
        self._learned: dict[tuple[str, str], _Learned] = {}

    def finished(
        self, line: str, channel: str, outcome: str | None, wait_s: float, handle_s: float, wrap_s: float
    ) -> None:
        """Learn from one contact that is over."""
        sums = self._learned.setdefault((line, channel), _Learned())
        sums.fade()
        sums.waited += wait_s
        if outcome == Outcome.ABANDONED:
            sums.gave_up += 1
        if handle_s > 0:
            sums.count += 1
            sums.weight += 1
            sums.handled += handle_s
            sums.squares += handle_s * handle_s
            sums.wrapped += wrap_s

    def all(self) -> dict[tuple[str, str], Pace]:
        """Return what is known, by (line, channel)."""
        return {key: _pace(sums) for key, sums in self._learned.items()}


def _pace(sums: _Learned) -> Pace:
    # Patience: all waiting over those who gave up, the estimate of greatest likelihood for exponential patience.
    patience = sums.waited / sums.gave_up if sums.gave_up > 0 else None
    if not sums.weight:
        return Pace(patience_s=patience)
    mean = sums.handled / sums.weight
    variance = max(sums.squares / sums.weight - mean * mean, 0.0)
    return Pace(
        count=sums.count,
        handle_s=mean,
        spread=math.sqrt(variance) / mean if sums.count > 1 and mean > 0 else 1.0,
        wrap_s=sums.wrapped / sums.weight,
        patience_s=patience,
    )

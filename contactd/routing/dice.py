"""Numbers that look like chance and come again for the same seed: for simulations, which must be repeatable.

The generator is SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


class Dice:
    """A stream of numbers of its own for each seed and name."""

    def __init__(self, seed: int, *names: object) -> None:
        """Begin the stream that belongs to a seed and any names."""
        text = "\x1f".join(map(str, (seed, *names)))
        self._state = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

    def unit(self) -> float:
        """Return a number between 0 and 1, neither included."""
        self._state = (self._state + _GAMMA) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((mixed ^ (mixed >> 31)) + 0.5) / 2.0**64

    def exponential(self, mean: float) -> float:
        """Return a waiting time of a mean."""
        return -mean * math.log(self.unit())

    def normal(self) -> float:
        """Return a number of the standard normal distribution."""
        return math.sqrt(-2 * math.log(self.unit())) * math.cos(2 * math.pi * self.unit())

    def log_normal(self, mean: float, spread: float) -> float:
        """Return a number of a mean, with `spread` times the mean for standard deviation: handling times are like that."""
        if mean <= 0 or spread <= 0:
            return max(mean, 0.0)
        variance = math.log(1 + spread * spread)
        return mean * math.exp(math.sqrt(variance) * self.normal() - variance / 2)

    def pick(self, choices: Sequence[tuple[T, float]]) -> T:
        """Return one of (thing, weight)."""
        left = self.unit() * sum(weight for _, weight in choices)
        for thing, weight in choices:
            left -= weight
            if left < 0:
                return thing
        return choices[-1][0]

"""How numbers lie: the value that a part of them do not exceed, and how evenly they are shared."""

from __future__ import annotations

from collections.abc import Iterable


def percentile(values: Iterable[float], part: float) -> float:
    """Return the smallest value that `part` of all do not exceed."""
    ranked = sorted(values)
    return ranked[min(max(-int(-part * len(ranked) // 1) - 1, 0), len(ranked) - 1)]


def jain(values: Iterable[float]) -> float | None:
    """Return Jain's index of fairness (DEC TR-301, 1984); None for nobody, 1 when nobody has anything."""
    values = list(values)
    if not values:
        return None
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else 1.0

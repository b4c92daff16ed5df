"""Token buckets: how often somebody may do something, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict

_KEYS = 20_000
"""Who was quiet longest is forgotten first: a forgotten key begins with a full bucket."""


class Buckets:
    """One bucket per key; each holds `burst` tokens and gains `per_minute` of them in a minute."""

    def __init__(self, per_minute: float, burst: float | None = None) -> None:
        """Begin with every bucket full; `burst` is `per_minute` unless given."""
        self._rate = per_minute / 60
        self._burst = max(1.0, per_minute if burst is None else burst)
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now: float) -> bool:
        """Take one token of `key` at the monotonic second `now`; False when there is none."""
        tokens, since = self._held.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, now - since) * self._rate)
        allowed = tokens >= 1
        self._held[key] = (tokens - 1 if allowed else tokens, now)
        if len(self._held) > _KEYS:
            self._held.popitem(last=False)
        return allowed

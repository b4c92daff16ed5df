"""Identifiers: UUID version 7 as text (RFC 9562 section 5.7), from a time and random bytes that are handed in."""

from __future__ import annotations

from functools import lru_cache

RANDOM_BYTES = 10
_MS_BITS = 48


def uuid7(milliseconds: int, randomness: bytes) -> str:
    """Make a UUIDv7 text from Unix `milliseconds` and ten bytes of `randomness`.

    Ids made later sort later (to the millisecond), which keeps database indexes compact.

    Raises:
        ValueError: the time does not fit 48 bits, or there are not exactly ten random bytes.
    """
    if len(randomness) != RANDOM_BYTES:
        message = f"{RANDOM_BYTES} random bytes needed, got {len(randomness)}"
        raise ValueError(message)
    # Ten bytes are twenty hex digits: three after the version, one for the variant's two bits, fifteen more.
    noise = randomness.hex()
    return f"{_head(milliseconds)}{noise[:3]}-{'89ab'[randomness[9] & 3]}{noise[3:6]}-{noise[6:18]}"


@lru_cache(maxsize=64)
def _head(milliseconds: int) -> str:
    """Return the part that ids of one moment share; many are made at once."""
    if not 0 <= milliseconds < 1 << _MS_BITS:
        message = f"milliseconds out of range: {milliseconds}"
        raise ValueError(message)
    time = f"{milliseconds:012x}"
    return f"{time[:8]}-{time[8:]}-7"

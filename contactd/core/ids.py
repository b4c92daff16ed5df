"""Identifiers: UUID version 7 as text (RFC 9562 section 5.7), from a time and random bytes that are handed in."""

from __future__ import annotations

RANDOM_BYTES = 10
_MS_BITS = 48


def uuid7(milliseconds: int, randomness: bytes) -> str:
    """Make a UUIDv7 text from Unix `milliseconds` and ten bytes of `randomness`.

    Ids made later sort later (to the millisecond), which keeps database indexes compact.

    Raises:
        ValueError: the time does not fit 48 bits, or there are not exactly ten random bytes.
    """
    if not 0 <= milliseconds < 1 << _MS_BITS:
        message = f"milliseconds out of range: {milliseconds}"
        raise ValueError(message)
    if len(randomness) != RANDOM_BYTES:
        message = f"{RANDOM_BYTES} random bytes needed, got {len(randomness)}"
        raise ValueError(message)
    # Ten bytes are twenty hex digits: three after the version, one for the variant's two bits, fifteen more.
    time, noise = f"{milliseconds:012x}", randomness.hex()
    variant = "89ab"[randomness[9] & 3]
    return f"{time[:8]}-{time[8:]}-7{noise[:3]}-{variant}{noise[3:6]}-{noise[6:18]}"

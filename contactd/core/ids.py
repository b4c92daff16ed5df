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
    noise = int.from_bytes(randomness, "big")
    rand_a = noise >> 68
    rand_b = noise & ((1 << 62) - 1)
    value = milliseconds << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

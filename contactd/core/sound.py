"""Sound as bytes: two sides put together, the picture of its loudness, a span made silent.  WAV with 16-bit samples.

Pure and bounded by the bytes given; run in a worker, because an hour of sound takes seconds.
"""

from __future__ import annotations

import io
import sys
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

PEAKS = 600
"""Columns of the picture of a recording."""
LOUDEST = 32_767
_WIDTH = 2
MOST_CHANNELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A recording ready to be kept."""

    data: bytes
    seconds: float
    """0 where nothing could be made of the bytes."""
    peaks: tuple[tuple[int, ...], ...]
    """Of each side (the customer's first), the loudest in each column of equal time: 0-100."""


def together(sides: Sequence[bytes]) -> Sound:
    """Put the sides of a call (one, or the customer's and the house's) into one recording: the first left, the second right.

    Bytes that are no such WAV are kept as they came, without a picture: what was recorded is never thrown away.
    """
    read = [_samples(side) for side in sides]
    if (
        len(read) == 1
        or any(one is None for one in read)
        or len({rate for one in read if one for _, rate in [one]}) != 1
    ):
        return _alone(sides[0] if len(sides) == 1 else max(sides, key=len))
    (left, rate), (right, _) = [one for one in read if one is not None][:MOST_CHANNELS]
    length = max(len(left), len(right))
    for side in (left, right):
        side.extend([0] * (length - len(side)))
    both = array("h", bytes(length * 2 * _WIDTH))
    both[0::2], both[1::2] = left, right
    return Sound(data=_wav(both, rate, 2), seconds=length / rate, peaks=(peaks(left), peaks(right)))


def silenced(data: bytes, spans: Sequence[tuple[float, float]]) -> Sound:
    """Return a recording in which spans (seconds from, to) are silence.

    Raises:
        ValueError: it is no WAV with 16-bit samples: nothing was silenced.
    """
    channels, rate, samples = _whole(data)
    for begin, end in spans:
        first = max(0, min(len(samples), int(begin * rate) * channels))
        last = max(first, min(len(samples), -int(-end * rate // 1) * channels))
        samples[first:last] = array("h", bytes((last - first) * _WIDTH))
    seconds = len(samples) / channels / rate
    shown = tuple(peaks(samples[side::channels]) for side in range(channels))
    return Sound(data=_wav(samples, rate, channels), seconds=seconds, peaks=shown)


def peaks(samples: array[int], columns: int = PEAKS) -> tuple[int, ...]:
    """Return the loudest of each column, 0-100; fewer columns when there are fewer samples."""
    count = min(columns, len(samples))
    found = []
    for column in range(count):
        part = samples[column * len(samples) // count : (column + 1) * len(samples) // count]
        found.append(min(100, round(max(*part, -min(part)) * 100 / LOUDEST)))
    return tuple(found)


def _alone(data: bytes) -> Sound:
    try:
        channels, rate, samples = _whole(data)
    except ValueError:
        return Sound(data=data, seconds=0.0, peaks=())
    shown = tuple(peaks(samples[side::channels]) for side in range(channels))
    return Sound(data=data, seconds=len(samples) / channels / rate, peaks=shown)


def _samples(data: bytes) -> tuple[array[int], int] | None:
    """Return the samples of one side and their rate; None when it is not one side."""
    try:
        channels, rate, samples = _whole(data)
    except ValueError:
        return None
    return (samples, rate) if channels == 1 else None


def _whole(data: bytes) -> tuple[int, int, array[int]]:
    """Return (channels, samples a second, samples).

    Raises:
        ValueError: it is no WAV with 16-bit samples.
    """
    try:
        with wave.open(io.BytesIO(data)) as read:
            channels, width, rate = read.getnchannels(), read.getsampwidth(), read.getframerate()
            raw = read.readframes(read.getnframes())
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        message = "no sound we can read"
        raise ValueError(message) from error
    if width != _WIDTH or not 1 <= channels <= MOST_CHANNELS or rate <= 0:
        message = "no sound with 16-bit samples"
        raise ValueError(message)
    samples = array("h", raw[: len(raw) // (_WIDTH * channels) * _WIDTH * channels])
    if sys.byteorder == "big":
        samples.byteswap()
    return channels, rate, samples


def _wav(samples: array[int], rate: int, channels: int) -> bytes:
    target = io.BytesIO()
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    with wave.open(target, "wb") as made:
        made.setnchannels(channels)
        made.setsampwidth(_WIDTH)
        made.setframerate(rate)
        made.writeframes(samples.tobytes())
    return target.getvalue()


def media(head: bytes) -> str | None:
    """Return what sort of sound a file is by its first 16 bytes, as browsers call it; None: none that they play."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[4:8] == b"ftyp":
        return "audio/mp4"
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        return "audio/mpeg"
    return {b"OggS": "audio/ogg", b"fLaC": "audio/flac"}.get(head[:4])

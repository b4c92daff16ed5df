"""An announcement somebody brings, made into what a telephone exchange plays: WAV, mono, 8 kHz, 16 bit.

Pure, and bounded by the bytes given; run in a worker.  A file is believed in nothing: what its header says is checked against what
is there before anything is allocated by it.
"""

from __future__ import annotations

import io
import math
import sys
import wave
from array import array
from enum import StrEnum
from operator import mul

from contactd.core.sound import LOUDEST, Sound, peaks

RATE = 8000
LONGEST_S = 120.0
SHORTEST_S = 0.1
MOST_BYTES = 24 * 1024 * 1024
"""Two minutes of 48 kHz, two channels, 16 bit."""
RATES = frozenset({8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000})
"""Samples a second that are read; each other would need a filter of a size the file decides."""
_CHANNELS = 2
_REACH = 8
"""Half the length of the low-pass filter, in samples of the result."""
_PASS = 0.92
"""Of the half of `RATE`, what passes: what lies above would come back as another tone."""


_DEPTHS = frozenset({1, 2, 3})
"""Bytes of a sample."""


class Unplayable(StrEnum):
    """Why bytes cannot be made an announcement."""

    NO_WAV = "no_wav"
    BAD_RATE = "bad_rate"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    SILENT = "silent"


def announcement(data: bytes) -> Sound | Unplayable:
    """Return what is played, or why it cannot be."""
    if len(data) > MOST_BYTES:
        return Unplayable.TOO_LONG
    try:
        found = _read(data)
    except (wave.Error, EOFError, ValueError, RuntimeError, OverflowError, MemoryError):
        return Unplayable.NO_WAV
    if isinstance(found, Unplayable):
        return found
    samples, rate = found
    at_eight = samples if rate == RATE else _resampled(samples, rate)
    if max(map(abs, at_eight), default=0) < LOUDEST // 300:
        return Unplayable.SILENT
    return Sound(data=_wav(at_eight), seconds=len(at_eight) / RATE, peaks=(peaks(at_eight),))


def _read(data: bytes) -> tuple[array[int], int] | Unplayable:
    """Return the samples of all channels together, 16 bit, and how many make a second."""
    with wave.open(io.BytesIO(data)) as read:
        channels, width, rate = read.getnchannels(), read.getsampwidth(), read.getframerate()
        if not 1 <= channels <= _CHANNELS or width not in _DEPTHS:
            return Unplayable.NO_WAV
        if rate not in RATES:
            return Unplayable.BAD_RATE
        raw = read.readframes(min(read.getnframes(), len(data)))
    frame = width * channels
    raw = raw[: len(raw) // frame * frame]
    seconds = len(raw) / frame / rate
    if not SHORTEST_S <= seconds <= LONGEST_S:
        return Unplayable.TOO_SHORT if seconds < SHORTEST_S else Unplayable.TOO_LONG
    samples = _sixteen(raw, width)
    if channels == _CHANNELS:
        samples = array("h", ((left + right) // 2 for left, right in zip(samples[0::2], samples[1::2], strict=True)))
    return samples, rate


def _sixteen(raw: bytes, width: int) -> array[int]:
    """Return samples of 1, 2 or 3 bytes as 16 bit; those of one byte count from 128, as WAV has it."""
    if width == 1:
        return array("h", ((each - 128) * 256 for each in raw))
    if width == len(_DEPTHS):
        kept = bytearray(len(raw) // 3 * 2)
        kept[0::2], kept[1::2] = raw[1::3], raw[2::3]
        raw = bytes(kept)
    samples = array("h", raw)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _resampled(samples: array[int], rate: int) -> array[int]:
    """Return the same sound with 8000 samples a second: a windowed sinc for each place between samples that comes up."""
    common = math.gcd(rate, RATE)
    step, places = rate // common, RATE // common
    reach = math.ceil(_REACH * rate / RATE)
    filters = [_taps(place / places, reach, rate) for place in range(places)]
    padded = array("h", bytes(2 * reach)) + samples + array("h", bytes(2 * (reach + 1)))
    made = array("h", bytes(2 * (len(samples) * places // step)))
    for index in range(len(made)):
        whole, part = divmod(index * step, places)
        value = round(sum(map(mul, padded[whole + 1 : whole + 1 + 2 * reach], filters[part])))
        made[index] = max(-LOUDEST, min(LOUDEST, value))
    return made


def _taps(part: float, reach: int, rate: int) -> list[float]:
    """Return the filter's weights around a place that lies `part` of a sample after one (Hann window, sum 1)."""
    cut = _PASS * RATE / rate
    weights = []
    for index in range(2 * reach):
        away = index - (reach - 1) - part
        sinc = cut if away == 0 else math.sin(math.pi * cut * away) / (math.pi * away)
        weights.append(sinc * (0.5 + 0.5 * math.cos(math.pi * away / (reach + 1))))
    total = sum(weights)
    return [weight / total for weight in weights]


def _wav(samples: array[int]) -> bytes:
    target = io.BytesIO()
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    with wave.open(target, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(RATE)
        made.writeframes(samples.tobytes())
    return target.getvalue()

"""Announcements made playable: any WAV of the usual kinds, nothing else, and never without bounds."""

from __future__ import annotations

import io
import math
import struct
import wave
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.core.announcing import MOST_BYTES, RATES, announcement
from contactd.core.sound import Sound


def wav(seconds: float, rate: int, *, hz: float = 440.0, width: int = 2, channels: int = 1, loud: float = 0.5) -> bytes:
    frames = bytearray()
    for index in range(int(seconds * rate)):
        value = loud * math.sin(2 * math.pi * hz * index / rate)
        one = {
            1: lambda value=value: bytes([round(127 * value) + 128]),
            2: lambda value=value: struct.pack("<h", round(32767 * value)),
            3: lambda value=value: struct.pack("<i", round(8388607 * value) * 256)[1:],
        }[width]()
        frames += one * channels
    target = io.BytesIO()
    with wave.open(target, "wb") as made:
        made.setnchannels(channels)
        made.setsampwidth(width)
        made.setframerate(rate)
        made.writeframes(bytes(frames))
    return target.getvalue()


def read(sound: Sound | str) -> array[int]:
    assert isinstance(sound, Sound), sound
    with wave.open(io.BytesIO(sound.data)) as made:
        assert (made.getnchannels(), made.getframerate(), made.getsampwidth()) == (1, 8000, 2)
        return array("h", made.readframes(made.getnframes()))


def strength(samples: array[int], hz: float) -> float:
    """How loud a tone is in 8 kHz samples: 1 = the whole range."""
    turns = [2 * math.pi * hz * index / 8000 for index in range(len(samples))]
    real = sum(value * math.cos(turn) for value, turn in zip(samples, turns, strict=True))
    other = sum(value * math.sin(turn) for value, turn in zip(samples, turns, strict=True))
    return 2 * math.hypot(real, other) / len(samples) / 32767


@pytest.mark.parametrize("rate", sorted(RATES))
@pytest.mark.parametrize(("width", "channels"), [(2, 1), (1, 2), (3, 2)])
def test_a_tone_stays_the_tone_it_was(rate: int, width: int, channels: int) -> None:
    made = announcement(wav(0.5, rate, width=width, channels=channels))
    assert 0.42 < strength(read(made), 440.0) < 0.56
    assert isinstance(made, Sound)
    assert abs(made.seconds - 0.5) < 0.01


def test_what_a_telephone_cannot_carry_does_not_come_back_as_another_tone() -> None:
    samples = read(announcement(wav(0.5, 48000, hz=440.0)))
    assert strength(samples, 440.0) > 0.4
    high = announcement(wav(0.5, 48000, hz=6000.0))
    assert high == "silent" or strength(read(high), 2000.0) < 0.02


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no_wav"),
        (b"ID3\x03" + bytes(400), "no_wav"),
        (wav(0.5, 8000)[:40], "no_wav"),
        (wav(0.01, 8000), "too_short"),
        (wav(0.5, 8000, loud=0.0), "silent"),
        (bytes(MOST_BYTES + 1), "too_long"),
    ],
)
def test_what_cannot_be_played_says_why(data: bytes, why: str) -> None:
    assert announcement(data) == why


def test_lengths_and_rates_a_header_claims_are_not_believed() -> None:
    data = bytearray(wav(0.5, 8000))
    data[40:44] = struct.pack("<I", 0xFFFF_FFF0)
    assert announcement(bytes(data)) == "no_wav" or len(read(announcement(bytes(data)))) <= 4000
    data = bytearray(wav(0.5, 8000))
    data[24:28] = struct.pack("<I", 1)
    assert announcement(bytes(data)) == "bad_rate"
    silence = io.BytesIO()
    with wave.open(silence, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(1)
        made.setframerate(8000)
        made.writeframes(bytes(121 * 8000))
    assert announcement(silence.getvalue()) == "too_long"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_bytes_break_it(data: st.DataObject) -> None:
    made = bytearray(wav(0.2, 16000))
    for _ in range(data.draw(st.integers(0, 6))):
        made[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
    found = announcement(bytes(made[: data.draw(st.integers(0, len(made)))]))
    assert isinstance(found, Sound) or found in {"no_wav", "bad_rate", "too_long", "too_short", "silent"}

"""Sound: two sides in one, the picture of its loudness, silence in the place of a span; for any bytes."""

from __future__ import annotations

import io
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.core.sound import silenced, together

RATE = 8000


def wav(samples: list[int], channels: int = 1, rate: int = RATE, width: int = 2) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as made:
        made.setnchannels(channels)
        made.setsampwidth(width)
        made.setframerate(rate)
        made.writeframes(b"".join(each.to_bytes(width, "little", signed=width > 1) for each in samples))
    return target.getvalue()


def samples(data: bytes) -> list[int]:
    with wave.open(io.BytesIO(data)) as read:
        raw = read.readframes(read.getnframes())
    return [int.from_bytes(raw[at : at + 2], "little", signed=True) for at in range(0, len(raw), 2)]


def test_the_first_side_is_left_and_the_shorter_one_is_silent_at_its_end() -> None:
    sound = together([wav([100, 200, 300]), wav([-5])])
    assert samples(sound.data) == [100, -5, 200, 0, 300, 0]
    assert sound.seconds == 3 / RATE


def test_the_picture_shows_the_loudest_of_each_column_side_by_side() -> None:
    loud, soft = [32767] * 1200, [-3277] * 1200
    sound = together([wav(loud[:600] + [0] * 600), wav(soft)])
    left, right = sound.peaks
    assert len(left) == len(right) == 600
    assert (left[0], left[299], left[300], left[599]) == (100, 100, 0, 0)
    assert set(right) == {10}


@pytest.mark.parametrize(
    "sides",
    [[b""], [b"RIFF"], [b"\x00" * 100, wav([1])], [wav([1], rate=16000), wav([1])], [wav([1], width=1)]],
)
def test_what_cannot_be_put_together_is_kept_as_it_came(sides: list[bytes]) -> None:
    assert together(sides).data in sides


@given(st.binary(max_size=400), st.integers(0, 60))
@settings(max_examples=60)
def test_any_bytes_are_kept(noise: bytes, cut: int) -> None:
    broken = wav([1, 2, 3, 4])[:cut] + noise
    assert broken in (together([broken]).data, together([broken, b""]).data)


def test_a_span_is_silent_and_nothing_else() -> None:
    data = together([wav([7] * RATE), wav([9] * RATE)]).data
    sound = silenced(data, [(0.25, 0.5)])
    heard = samples(sound.data)
    assert len(heard) == 2 * RATE
    assert set(heard[: RATE // 2]) == {7, 9}
    assert set(heard[RATE // 2 : RATE]) == {0}
    assert set(heard[RATE:]) == {7, 9}


def test_a_span_takes_whole_samples_and_stays_inside() -> None:
    data = wav([5] * 10)
    assert samples(silenced(data, [(0.0, 1e-9)]).data) == [0] + [5] * 9
    assert samples(silenced(data, [(5.0, 9.0)]).data) == [5] * 10
    with pytest.raises(ValueError, match="no sound"):
        silenced(b"not a wav", [(0.0, 1.0)])

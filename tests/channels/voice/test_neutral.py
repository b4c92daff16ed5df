"""The neutral announcements: their words, and the sounds a speech program of the installation makes of them."""

from __future__ import annotations

import io
import math
import sys
import wave
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from contactd.channels.voice import speaking
from contactd.channels.voice.neutral import LANGUAGES, OWN, words
from contactd.channels.voice.neutral_make import RATE, SpeechError, make, program, script, speaker, telephone
from contactd.channels.voice.options import WaitOptions


def spoken(pitch: int = 440, rate: int = 22_050, seconds: float = 0.5) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as write:
        write.setnchannels(1)
        write.setsampwidth(2)
        write.setframerate(rate)
        turn = 2 * math.pi * pitch / rate
        write.writeframes(array("h", [round(9000 * math.sin(turn * n)) for n in range(int(rate * seconds))]).tobytes())
    return out.getvalue()


def heard(sound: bytes) -> tuple[int, float, int]:
    """Return rate, length and pitch (by crossings of zero)."""
    with wave.open(io.BytesIO(sound)) as read:
        assert (read.getnchannels(), read.getsampwidth()) == (1, 2)
        samples = array("h", read.readframes(read.getnframes()))
        rises = sum(1 for one, two in pairwise(samples) if one < 0 <= two)
        seconds = len(samples) / read.getframerate()
        return read.getframerate(), seconds, round(rises / seconds)


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100])
def test_what_is_spoken_sounds_the_same_at_the_rate_of_a_telephone(rate: int) -> None:
    found, seconds, pitch = heard(telephone(spoken(440, rate)))
    assert (found, round(seconds, 2)) == (RATE, 0.5)
    assert abs(pitch - 440) <= 4


def test_a_program_that_does_not_know_the_length_yet_is_heard() -> None:
    """A program that writes to a pipe cannot go back and say in the head how long it spoke."""
    whole = spoken()
    endless = whole[:4] + b"\x24\xf0\xff\x7f" + whole[8:40] + b"\x00\xf0\xff\x7f" + whole[44:]
    assert round(heard(telephone(endless))[1], 2) == 0.5


@pytest.mark.parametrize("nothing", [b"", b"RIFF", spoken(seconds=0), spoken()[:20]])
def test_what_is_no_sound_is_refused(nothing: bytes) -> None:
    with pytest.raises(SpeechError):
        telephone(nothing)


def test_a_chinese_set_can_say_every_number_and_every_announcement_of_the_wait() -> None:
    said = words("zh")
    for value in (0, 2, 10, 20_304, 1_000_000, 300_000_000, -7):
        for media in speaking.number("zh", value) + speaking.number("zh", value, counting=True):
            assert media.removeprefix("sound:") in said
    wait = WaitOptions()
    for media in (*wait.thanks, *wait.no_callback, *wait.called_back, *wait.goodbye, *wait.voicemail):
        assert media.removeprefix("sound:") in said
    assert all(text.strip() for language in LANGUAGES for text in words(language).values())
    assert set(words("en")) == {f"contactd/{name}" for name in OWN}
    assert len(script({"zh": said})) == len(said)


def test_what_somebody_recorded_is_kept(tmp_path: Path) -> None:
    own = tmp_path / "en" / "contactd" / "welcome.g722"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    made = make(tmp_path, "en", lambda _text, _language: spoken())
    assert made.kept == ("contactd/welcome",)
    assert len(made.written) == len(OWN) - 1
    assert heard((tmp_path / "en" / "contactd" / "recorded.wav").read_bytes())[0] == RATE
    assert own.read_bytes() == b"mine"
    again = make(tmp_path, "en", lambda _text, _language: b"broken")
    assert again.written == ()


def test_a_program_is_asked_for_each_sentence_in_its_language(tmp_path: Path) -> None:
    sound = tmp_path / "sound.wav"
    sound.write_bytes(spoken())
    speech = tmp_path / "speech"
    log = tmp_path / "log"
    speech.write_text(
        f"#!{sys.executable}\nimport sys, pathlib\n"
        f"open({str(log)!r}, 'a').write(repr(sys.argv[1:]) + chr(10))\n"
        f"sys.stdout.buffer.write(pathlib.Path({str(sound)!r}).read_bytes())\n"
    )
    speech.chmod(0o755)
    where = program(str(speech))
    assert where is not None
    assert telephone(speaker(where)("您好", "zh"))
    assert "'-v', 'cmn'" in log.read_text()
    assert "'--', '您好'" in log.read_text()
    assert program("no-such-speech-program") is None
    with pytest.raises(SpeechError):
        speaker("/bin/false")("x", "en")

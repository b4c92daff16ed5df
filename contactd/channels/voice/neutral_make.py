"""Sounds of the neutral words, spoken by a speech program, in the form every Asterisk plays: WAV, 8 kHz, one side.

A sound that is there stays: what somebody has recorded is better.  Without a speech program nothing is made: a tone in the place
of "this call is recorded" would be no notice.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contactd.channels.voice.neutral import words

PROGRAMS = ("espeak-ng", "espeak")
RATE = 8000
SPEAK_S = 30
LONGEST_S = 60
_VOICES = {"zh": "cmn", "en": "en"}
Say = Callable[[str, str], bytes]
"""(words, language) → WAV of any rate."""


class SpeechError(Exception):
    """The speech program said nothing that can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of it."""

    written: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Were there already."""


def program(named: str | None = None) -> str | None:
    """Return where the speech program is; None when there is none."""
    return next((found for one in ((named,) if named else PROGRAMS) if (found := shutil.which(one))), None)


def speaker(path: str) -> Say:
    """Return what speaks by a program that takes espeak's arguments."""

    def say(text: str, language: str) -> bytes:
        order = [path, "-v", _VOICES[language], "-s", "150", "--stdout", "--", text]
        try:
            done = subprocess.run(order, capture_output=True, timeout=SPEAK_S, check=True)  # noqa: S603 - no shell
        except (OSError, subprocess.SubprocessError) as error:
            message = f"{path} did not speak: {error}"
            raise SpeechError(message) from error
        return done.stdout

    return say


def make(folder: Path, language: str, say: Say) -> Made:
    """Write the sounds of a language below `folder` (the PBX's `sounds`) that are not there.

    Raises:
        SpeechError: the program did not speak; what was written before is whole.
        OSError: the folder cannot be written.
    """
    written, kept = [], []
    for name, text in words(language).items():
        path = folder / language / f"{name}.wav"
        if any(path.parent.glob(f"{path.stem}.*")):
            kept.append(name)
            continue
        sound = telephone(say(text, language))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".new").write_bytes(sound)
        path.with_suffix(".new").rename(path)
        written.append(name)
    return Made(written=tuple(written), kept=tuple(kept))


def script(languages: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the words to be read aloud, a line for each sound."""
    return [f"{language}/{name}.wav\t{text}" for language, said in languages.items() for name, text in said.items()]


def telephone(spoken: bytes) -> bytes:
    """Return a WAV of 16-bit samples as one of 8 kHz and one side.

    Raises:
        SpeechError: it is none, or too long.
    """
    try:
        with wave.open(io.BytesIO(spoken)) as read:
            if read.getsampwidth() != 2 or read.getnchannels() != 1 or not RATE <= read.getframerate() <= 6 * RATE:  # noqa: PLR2004 - bytes of 16 bits
                message = "not 16-bit samples of one side"
                raise SpeechError(message)
            rate = read.getframerate()
            samples = array("h", read.readframes(LONGEST_S * rate))
    except (wave.Error, EOFError) as error:
        message = "no WAV"
        raise SpeechError(message) from error
    if not samples:
        message = "silence"
        raise SpeechError(message)
    out = io.BytesIO()
    with wave.open(out, "wb") as write:
        write.setnchannels(1)
        write.setsampwidth(2)
        write.setframerate(RATE)
        write.writeframes(_slower(samples, rate).tobytes())
    return out.getvalue()


def _slower(samples: array[int], rate: int) -> array[int]:
    """Return the samples at 8 kHz: each is the mean of those it stands for, so that high tones do not fold back as noise."""
    step = rate / RATE
    count = int(len(samples) / step)
    made = array("h", bytes(2 * count))
    for at in range(count):
        span = samples[int(at * step) : max(int((at + 1) * step), int(at * step) + 1)]
        made[at] = sum(span) // len(span)
    return made

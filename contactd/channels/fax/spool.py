"""The folder in which faxes are handed over: written by `contactd fax receive`, emptied by the running server.

A fax that `put` returned for is safe on disk, whether the server runs or not.  One file holds a line of JSON (the envelope) and
then the fax; it gets its name only when it is complete, and the name is the fax's key, so that handing it over twice is
harmless.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contactd.channels.fax import hylafax

MAX_BYTES = 64 * 1024 * 1024
_MAX_HEADER = 16 * 1024
_MAX_FIELD = 512
JOB = re.compile(r"[A-Za-z0-9-]{1,64}")
"""What our ids of faxes look like."""
_SUFFIX = ".fax"
_NOTICE = ".job"
_FIELDS = ("device", "comm", "error", "number", "name", "to")
"""What HylaFAX's `faxrcvd` is given after the file, in its order: device, communication id, error, and the caller's
number, the caller's name, the number called (faxrcvd(8C), CallID1 to CallID3)."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A fax found in the folder."""

    path: Path
    key: str
    envelope: dict[str, Any]
    data: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """What the fax server said of one of our faxes, found in the folder."""

    path: Path
    job: str
    """Our id of the fax."""
    became: str
    detail: str


class SpoolError(Exception):
    """A file cannot be handed over or read; the text says why."""


def folder(data_dir: Path, configured: str = "") -> Path:
    """Return the spool folder: the configured one (`channels.fax.spool`), else `spool/fax` in `data_dir`."""
    return Path(configured) if configured else data_dir / "spool" / "fax"


def receive(data_dir: Path, file: Path, details: Sequence[str] = (), configured: str = "") -> str:
    """Hand a received fax over, as HylaFAX's FaxDispatch calls it: file, device, commID, error, number, name, called number.

    Returns:
        The fax's key, once it is safe on disk.

    Raises:
        SpoolError: the file cannot be read, is empty or too large.
        OSError: the spool cannot be written.
    """
    envelope: dict[str, Any] = {"qfile": file.name[:_MAX_FIELD]}
    envelope |= {field: str(value)[:_MAX_FIELD] for field, value in zip(_FIELDS, details, strict=False) if value}
    return put(data_dir, _read_file(file), envelope, configured)


def put(data_dir: Path, data: bytes, envelope: Mapping[str, Any], configured: str = "") -> str:
    """Lay a fax down; return its key once file and folder are on disk.

    Raises:
        SpoolError: it is empty or too large.
        OSError: the folder cannot be written.
    """
    if not 0 < len(data) <= MAX_BYTES:
        text = "the file is empty" if not data else "the file is too large"
        raise SpoolError(text)
    header = json.dumps(envelope, sort_keys=True).encode()
    if len(header) > _MAX_HEADER:
        text = "too much was said about the fax"
        raise SpoolError(text)
    key = hashlib.sha256(header + b"\n" + data).hexdigest()
    _lay_down(folder(data_dir, configured), f"{key}{_SUFFIX}", (header, b"\n", data))
    return key


def notify(data_dir: Path, file: Path, word: str, rest: Sequence[str] = (), configured: str = "") -> str | None:
    """Hand over what HylaFAX says of a job, as its notify script is called: job file, word, and what follows.

    Returns:
        Our id of the fax, once the notice is safe on disk; None for a job that is not ours, or a word nobody knows.

    Raises:
        SpoolError: the job file cannot be read.
        OSError: the spool cannot be written.
    """
    try:
        job = hylafax.load(file)
    except OSError as error:
        text = f"{file.name} cannot be read: {error.strerror or error}"
        raise SpoolError(text) from error
    became = hylafax.became(word)
    if not JOB.fullmatch(job.tag) or became is None:
        return None
    told = {"job": job.tag, "became": became, "detail": job.detail(word)[:_MAX_FIELD]}
    content = json.dumps(told, sort_keys=True).encode()
    key = hashlib.sha256("\n".join((str(file), word, *rest)).encode() + content).hexdigest()
    _lay_down(folder(data_dir, configured), f"{key}{_NOTICE}", (content,))
    return job.tag


def _lay_down(place: Path, name: str, parts: Iterable[bytes]) -> None:
    """Write a file under a name that it gets only when it is complete and on disk.

    Raises:
        OSError: the folder cannot be written.
    """
    place.mkdir(parents=True, exist_ok=True)
    unfinished = place / f".{name}.{os.getpid()}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            for part in parts:
                out.write(part)
            out.flush()
            os.fsync(out.fileno())
        unfinished.rename(place / name)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _sync(place)


def notices(place: Path) -> list[Path]:
    """Return the complete notices in the folder, those that came first in front."""
    return _complete(place, _NOTICE)


def load_notice(path: Path) -> Notice:
    """Read a notice from the folder.

    Raises:
        SpoolError: it is no file of ours.
    """
    try:
        told = json.loads(_read_file(path, _MAX_HEADER))
        return Notice(path, str(told["job"]), str(told["became"]), str(told["detail"]))
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        text = "not a notice"
        raise SpoolError(text) from error


def waiting(place: Path) -> list[Path]:
    """Return the complete faxes in the folder, those that came first in front."""
    return _complete(place, _SUFFIX)


def _complete(place: Path, suffix: str) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            found = [entry for entry in entries if entry.name.endswith(suffix) and not entry.name.startswith(".")]
            return [Path(entry.path) for entry in sorted(found, key=lambda entry: (_time(entry), entry.name))]
    except FileNotFoundError:
        return []


def load(path: Path) -> Spooled:
    """Read a fax from the folder.

    Raises:
        SpoolError: it is no file of ours.
        OSError: it cannot be read.
    """
    header, newline, data = _read_file(path, MAX_BYTES + _MAX_HEADER).partition(b"\n")
    try:
        envelope = json.loads(header) if newline and len(header) <= _MAX_HEADER else None
    except (ValueError, RecursionError):
        envelope = None
    if not isinstance(envelope, dict) or not data:
        text = "not a spooled fax"
        raise SpoolError(text)
    return Spooled(path, path.stem, envelope, data)


def set_aside(path: Path) -> None:
    """Move a file that is no fax out of the way, where an operator finds it."""
    aside = path.parent / "bad"
    aside.mkdir(exist_ok=True)
    path.rename(aside / path.name)


def _time(entry: os.DirEntry[str]) -> int:
    """Return when a file was written; one that vanished meanwhile counts as oldest."""
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0


def _read_file(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Read a regular file of bounded size; a link, a pipe or a device is none.

    Raises:
        SpoolError: it is none, or too large.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        text = f"{path.name} cannot be read: {error.strerror}"
        raise SpoolError(text) from error
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or facts.st_size > limit:
        os.close(descriptor)
        text = f"{path.name} is no regular file of at most {limit} bytes"
        raise SpoolError(text)
    with os.fdopen(descriptor, "rb") as source:
        return source.read(limit)


def _sync(place: Path) -> None:
    """Make the folder's new entry safe."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The folder in which mail is handed over: written by `contactd mail receive`, emptied by the running server.

A mail that `put` returned for is safe on disk, whether the server runs or not.  One file holds a line of JSON (the
envelope) and then the raw mail; it gets its name only when it is complete.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_BYTES = 64 * 1024 * 1024
_SUFFIX = ".mail"
_MAX_HEADER = 64 * 1024
_MAX_RECIPIENTS = 100
_MAX_FIELD = 512


@dataclass(frozen=True, slots=True)
class Spooled:
    """A mail found in the folder."""

    path: Path
    envelope: dict[str, Any]
    raw: bytes


def folder(data_dir: Path) -> Path:
    """Return the spool folder."""
    return data_dir / "spool" / "email"


def put(data_dir: Path, raw: bytes, envelope: Mapping[str, Any]) -> Path:
    """Lay a mail down; return where, once file and folder are on disk.

    Args:
        data_dir: the installation's data folder.
        raw: the mail as it came.
        envelope: `mail_from` (left out when it is not known) and `rcpt` (a list), as the mail server gave them.

    Raises:
        ValueError: the mail is empty or larger than 64 MB.
        OSError: the folder cannot be written.
    """
    if not 0 < len(raw) <= MAX_BYTES:
        message = "the mail is empty" if not raw else "the mail is too large"
        raise ValueError(message)
    header = json.dumps(_small(envelope), sort_keys=True).encode("ascii")
    place = folder(data_dir)
    place.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(header + b"\n" + raw).hexdigest()
    unfinished = place / f".{name}.{os.getpid()}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(header + b"\n" + raw)
        file.flush()
        os.fsync(file.fileno())
    target = place / f"{name}{_SUFFIX}"
    unfinished.replace(target)
    _sync(place)
    return target


def _small(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of an envelope what the channel uses, cut to size."""
    recipients = [str(one)[:_MAX_FIELD] for one in list(envelope.get("rcpt") or ())[:_MAX_RECIPIENTS]]
    sender = envelope.get("mail_from")
    if sender is None:
        return {"rcpt": recipients}
    # What Postfix's pipe calls a sender that is none.
    known = "" if str(sender).strip("<>").upper() in {"", "MAILER-DAEMON"} else str(sender)
    return {"mail_from": known[:_MAX_FIELD], "rcpt": recipients}


def waiting(data_dir: Path) -> Iterator[Path]:
    """Yield complete files, oldest first."""
    try:
        found = [
            (entry.stat(follow_symlinks=False).st_mtime_ns, entry.path)
            for entry in os.scandir(folder(data_dir))
            if _is_mail(entry)
        ]
    except FileNotFoundError:
        return
    for _, path in sorted(found):
        yield Path(path)


def _is_mail(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a finished file of ours and no link."""
    return entry.name.endswith(_SUFFIX) and not entry.name.startswith(".") and entry.is_file(follow_symlinks=False)


def take(path: Path) -> Spooled | None:
    """Read a file; None when it has gone or is no plain file.

    A file whose envelope is damaged is still a mail: its bytes are taken as they are.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        data = file.read(MAX_BYTES + _MAX_HEADER)
    header, _, raw = data.partition(b"\n")
    try:
        envelope = json.loads(header) if len(header) <= _MAX_HEADER else None
    except (ValueError, RecursionError):
        envelope = None
    if not isinstance(envelope, dict):
        return Spooled(path, _small({}), data)
    recipients = envelope.get("rcpt")
    return Spooled(path, _small({**envelope, "rcpt": recipients if isinstance(recipients, list) else []}), raw)


def remove(path: Path) -> None:
    """Delete a file that is safe in the store; not an error when it has gone."""
    path.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(place: Path) -> None:
    """Write the folder itself to disk."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A Maildir another program delivers to: what lies in `new` is taken in, and then leaves `new`.

The format is that of qmail's maildir(5): a file in `new` is complete, and its name says nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from contactd.channels.email.mailbox_options import Address
from contactd.channels.email.spool import MAX_BYTES, Spooled


class Maildir(BaseModel):
    """One Maildir: where it is, which line its mail stands in, and what happens to a mail once it is safe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    line: str = ""
    """Line its mail stands in; empty = the policy's intake rules decide by recipient."""
    address: Address = ""
    """Its address."""
    after: Literal["seen", "delete"] = "seen"
    """seen = into `cur`, as read; delete = removed."""

    @property
    def own_address(self) -> str:
        """The address it is for, or nothing."""
        return self.address


def waiting(place: Path) -> Iterator[Path]:
    """Yield the mails that are new, oldest first; links and folders are none."""
    try:
        found = [
            (entry.stat(follow_symlinks=False).st_mtime_ns, entry.path)
            for entry in os.scandir(place / "new")
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False)
        ]
    except FileNotFoundError:
        return
    for _, path in sorted(found):
        yield Path(path)


def take(path: Path) -> Spooled | None:
    """Read a mail; None when it has gone or is no plain file, and what lies beyond 64 MB is left."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        return Spooled(path, {}, file.read(MAX_BYTES))


def done(path: Path, after: str) -> None:
    """Let a mail that is safe in the store leave `new`; not an error when it has gone."""
    if after == "delete":
        path.unlink(missing_ok=True)
        return
    target = path.parent.parent / "cur" / f"{path.name.partition(':')[0]}:2,S"
    try:
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    except FileNotFoundError:
        return

"""Files that another system puts into a folder: those that are whole, put away beside the others when they were dealt with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from contactd.clock import to_ms
from contactd.desk.connect.table import Brought, wrong
from contactd.settings import Connector

DONE, FAILED = "done", "failed"
"""Folders beside the files, where they go when they were taken over, or cannot be."""
REASON = ".reason.txt"
"""Ends the name of what says why a file failed."""
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".lock", REASON)
"""Endings of files that are still being written, or are no tables."""
MOST = 10_000
"""Files of a folder that are looked at in one go."""


def waiting(options: Connector, cursor: Mapping[str, Any], now: datetime) -> Iterator[Brought]:
    """Yield the files that are new and not written to any more, the oldest first.  Blocks.

    One that was taken over but not put away any more, as the machine went down, is put away.

    Raises:
        BadRequestError: there is no such folder, or files cannot be moved in it.
    """
    folder = _folder(options)
    found: list[tuple[int, str, Path, int]] = []
    for path in folder.glob(options.pattern):
        if len(found) >= MOST:
            break
        if path.parent != folder or path.is_symlink() or path.name.startswith("."):
            continue
        if path.name.lower().endswith(UNFINISHED) or not path.is_file():
            continue
        state = path.stat()
        if state.st_mtime_ns // 1_000_000 + options.settled_seconds * 1000 <= to_ms(now):
            found.append((state.st_mtime_ns, path.name, path, state.st_size))
    for changed, name, path, size in sorted(found):
        mark = [name, changed, size]
        if cursor.get("file") == mark:
            put_away(options, path, DONE)
        else:
            yield Brought(path=path, source=name, cursor={"file": mark}, form="", ours=False)


def newest(options: Connector) -> Brought | None:
    """Return the newest file there is, dealt with or not: all that the system has, where its files are whole.  Blocks.

    Raises:
        BadRequestError: there is no such folder.
    """
    folder = _folder(options)
    files = [
        path
        for where in (folder, folder / DONE)
        for path in where.glob(options.pattern)
        if path.parent == where and is_plain(path) and not path.name.lower().endswith(UNFINISHED)
    ]
    path = max(files, key=lambda one: (one.stat().st_mtime_ns, one.name), default=None)
    return None if path is None else Brought(path=path, source=path.name, form="", ours=False)


def is_plain(path: Path) -> bool:
    """Tell whether a file is there, and no link that was put in its place since it was found.  Blocks."""
    return path.is_file() and not path.is_symlink()


def put_away(options: Connector, path: Path, where: str, reason: str = "") -> None:
    """Move a file that was dealt with; one of the same name that lies there stays.  Blocks.

    Who may write here is not trusted with more: neither the folder nor a file is written through a link they left.

    Raises:
        BadRequestError: the folder is not there, or cannot be used.
        OSError: the file cannot be moved.
    """
    folder = _folder(options) / where
    folder.mkdir(exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        target, number = folder / path.name, 1
        while target.exists():
            number += 1
            target = folder / f"{path.stem}-{number}{path.suffix}"
        if path.exists():
            os.rename(path, target.name, dst_dir_fd=handle)
            os.fsync(handle)
        if reason:
            _say(handle, f"{target.name}{REASON}", reason)
    finally:
        os.close(handle)


def _say(folder: int, name: str, text: str) -> None:
    """Write a file of ours, and over no other."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    made = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder)
    with os.fdopen(made, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")


def _folder(options: Connector) -> Path:
    if options.path is None or not options.path.is_dir():
        raise wrong(code="no_folder", text=f"there is no folder {options.path}", field="path")
    if not os.access(options.path, os.W_OK | os.X_OK):
        # A file that cannot be moved away would be taken over again and again.
        raise wrong(
            code="read_only",
            text=f"files in {options.path} cannot be moved: contactd may not write there",
            field="path",
        )
    for where in (DONE, FAILED):
        if (options.path / where).is_symlink():
            # Who puts files here would have us put them anywhere.
            raise wrong(code="read_only", text=f"{options.path / where} is a link: it has to be a folder", field="path")
    return options.path

"""Blobs: files named by the SHA-256 of their bytes, in a local folder, safe on disk before `put` returns."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from contactd.core.errors import BadRequestError, NotFoundError, StoreDownError

UNFINISHED = ".new-"
_NAME = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A folder of blobs, spread over 256 sub-folders by the first two digits of the name."""

    def __init__(self, folder: Path) -> None:
        """Make the folder if it is missing."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        _sync_folder(folder.parent)

    def put(self, data: bytes) -> str:
        """Store `data`; return its name once file and folder are on disk.  Blocks.

        Raises:
            OSError: the disk refuses.
        """
        name = hashlib.sha256(data).hexdigest()
        target = self.path(name)
        if self._renewed(target):
            return name
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            _sync_folder(self._folder)
        self._write(target, (data,))
        return name

    def join(self, names: Sequence[str]) -> str:
        """Put blobs one behind the other as one blob, never all in memory; return its name.  Blocks.

        Raises:
            OSError: a piece is not there, or the disk refuses.
        """
        found = hashlib.sha256()
        for piece in names:
            found.update(self.path(piece).read_bytes())
        target = self.path(found.hexdigest())
        if not self._renewed(target):
            target.parent.mkdir(exist_ok=True)
            _sync_folder(self._folder)
            self._write(target, (self.path(piece).read_bytes() for piece in names))
        return target.name

    def get(self, name: str) -> bytes:
        """Return a blob's bytes.  Blocks.

        Raises:
            NotFoundError: there is none of that name.
            BadRequestError: it is not a blob's name.
        """
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError as error:
            message = "there is no such file"
            raise NotFoundError(message) from error

    def has(self, name: str) -> bool:
        """Tell whether there is a blob of that name."""
        return self.path(name).is_file()

    def intact(self, name: str) -> bool:
        """Tell whether the blob is there and its bytes still have the digest that is its name.  Blocks."""
        try:
            with self.path(name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == name
        except (OSError, BadRequestError):
            return False

    def path(self, name: str) -> Path:
        """Return where a blob lies (whether it exists or not).

        Raises:
            BadRequestError: it is not a blob's name.
        """
        if not _NAME.fullmatch(name):
            message = "not the name of a blob"
            raise BadRequestError(message)
        return self._folder / name[:2] / name

    async def store(self, data: bytes) -> str:
        """Do `put` in a thread.

        Raises:
            StoreDownError: the disk refuses; whoever brought the bytes is to keep them and come again.
        """
        try:
            return await asyncio.to_thread(self.put, data)
        except OSError as error:
            message = "the store cannot keep files now"
            raise StoreDownError(message) from error

    async def load(self, name: str) -> bytes:
        """Do `get` in a thread."""
        return await asyncio.to_thread(self.get, name)

    def old(self, first: str, before: float) -> set[str]:
        """Return the names of blobs that begin with the digit `first` and were last put before a moment.  Blocks.

        What a writer that died has left unfinished since then is removed.

        Args:
            first: a hexadecimal digit.
            before: seconds since 1970.
        """
        found = set()
        for folder in self._folder.glob(f"{first}?"):
            for entry in os.scandir(folder):
                if entry.stat().st_mtime >= before:
                    continue
                if _NAME.fullmatch(entry.name):
                    found.add(entry.name)
                elif entry.name.startswith(UNFINISHED):
                    Path(entry.path).unlink(missing_ok=True)
        return found

    def touched(self, name: str) -> float:
        """Return when a blob was last put (seconds since 1970); 0 when there is none.  Blocks."""
        try:
            return self.path(name).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def drop(self, name: str, before: float) -> bool:
        """Remove a blob that nobody has put again since a moment (seconds since 1970); tell whether it went.  Blocks."""
        target = self.path(name)
        with self._guard():
            try:
                if target.stat().st_mtime >= before:
                    return False
            except FileNotFoundError:
                return False
            target.unlink()
            return True

    def _renewed(self, target: Path) -> bool:
        """Tell whether a blob is there; if so, it counts as put now, so that `drop` leaves it to who is about to name it."""
        if not target.exists():
            return False
        with self._guard():
            try:
                os.utime(target)
            except FileNotFoundError:
                return False
        # An earlier writer may have died between rename and the folder's sync.
        _sync_folder(target.parent)
        return True

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Keep `put` of what is there and `drop` apart, also between processes."""
        with (self._folder / ".guard").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write(self, target: Path, data: Iterable[bytes]) -> None:
        """Write beside the target, sync, rename over it, sync the folder."""
        handle, temporary = tempfile.mkstemp(prefix=UNFINISHED, dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

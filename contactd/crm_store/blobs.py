"""Blobs: files named by the SHA-256 of their bytes, in a local folder, safe on disk before `put` returns."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from pathlib import Path

from contactd.core.errors import BadRequestError, NotFoundError, StoreDownError

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
        if target.exists():
            # An earlier writer may have died between rename and the folder's sync.
            _sync_folder(target.parent)
            return name
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            _sync_folder(self._folder)
        self._write(target, data)
        return name

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

    def _write(self, target: Path, data: bytes) -> None:
        """Write beside the target, sync, rename over it, sync the folder."""
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
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

"""Files that lie beside a table, in a folder or packed with it in a zip, each asked for by the name a row gives it.

Names come from outside: nothing above the folder is read, no link out of it is followed, and a zip is never unpacked as a whole.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from contactd.core.errors import BadRequestError

MOST_FILES = 100_000
MOST_UNPACKED = 8 * 1024 * 1024 * 1024
"""Bytes the files of one zip may grow to."""
_DIRECTORY = 16 * 1024 * 1024
"""Bytes of a zip's directory: all of it is read before the first file."""
_END = struct.Struct("<4s4H2LH")
_TAIL = 65_535 + _END.size
_ZIP64 = b"PK\x06\x07"
_UTF8, _SECRET = 0x800, 0x1
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Methods that give no more bytes than were asked for; `zipfile` lets BZIP2 and LZMA unpack all of what they read at once."""
_TABLES = (".csv", ".xlsx", ".jsonl", ".txt")
_EXCEL = "[Content_Types].xml"
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)
"""What reading a damaged zip may raise."""


class Bundle(Protocol):
    """Files beside a table."""

    def read(self, name: str, most: int, first: int | None = None) -> bytes:
        """Return a file's bytes, or only the `first` of them.

        Raises:
            BadRequestError: there is none of that name (code `no_file`), it has more than `most` bytes (`too_long`), or it
                cannot be read (`damaged`).
        """

    def close(self) -> None:
        """Let go of it."""


class Folder:
    """Files of a folder, and of those within it."""

    def __init__(self, root: Path) -> None:
        """Read below `root`.

        Raises:
            BadRequestError: it is no folder.
        """
        self._root = root.resolve()
        if not self._root.is_dir():
            message = "there is no such folder"
            raise BadRequestError(message, code="no_folder", field="files")

    def read(self, name: str, most: int, first: int | None = None) -> bytes:
        """As `Bundle.read`."""
        path = next((one for one in map(self._within, _ways(name)) if one is not None), None)
        if path is None:
            raise _missing(name)
        try:
            with path.open("rb") as file:
                return _taken(file, path.stat().st_size, most, first)
        except OSError as error:
            raise _damaged(name) from error

    def _within(self, way: str) -> Path | None:
        try:
            path = (self._root / way).resolve(strict=True)
        except (OSError, ValueError):
            return None
        return path if path.is_relative_to(self._root) and path.is_file() else None

    def mark(self) -> str:
        """Return what changes when the files do: a digest of their names and sizes."""
        found = hashlib.sha256()
        count = 0
        for folder, inner, names in os.walk(self._root):
            inner.sort()
            for name in sorted(names):
                count += 1
                if count > MOST_FILES * 10:
                    message = "too many files lie in this folder"
                    raise BadRequestError(message, code="too_large", field="files")
                path = Path(folder, name)
                size = path.lstat().st_size
                found.update(f"{path.relative_to(self._root)}\x1f{size}\x1e".encode(errors="surrogateescape"))
        return found.hexdigest()

    def close(self) -> None:
        """As `Bundle.close`."""


class Zip:
    """Files of a zip."""

    def __init__(self, path: Path) -> None:
        """Read the directory of a zip.

        Raises:
            BadRequestError: it is damaged (code `damaged`), or holds too much (`too_large`).
        """
        _check_directory(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except (*BROKEN, OSError) as error:
            raise _damaged(path.name) from error
        infos = [one for one in self._zip.infolist() if not one.is_dir()]
        if len(infos) > MOST_FILES or sum(one.file_size for one in infos) > MOST_UNPACKED:
            self._zip.close()
            message = "the zip holds too much"
            raise BadRequestError(message, code="too_large", field="file")
        self._files = {_spelled(one): one for one in infos}

    def names(self) -> Iterator[tuple[str, int]]:
        """Yield each file's name and size, in the order of the zip."""
        return ((name, info.file_size) for name, info in self._files.items())

    def table(self) -> str | None:
        """Return the table that lies in it: the only one, else the one lying highest; None: there is none, or it is a workbook."""
        if _EXCEL in self._files:
            return None
        tables = [name for name in self._files if name.lower().endswith(_TABLES) and not _hidden(name)]
        tables.sort(key=lambda name: (name.count("/"), name.lower().endswith(".txt"), name))
        return tables[0] if tables else None

    def open(self, name: str) -> IO[bytes]:
        """Open a file by its whole name.

        Raises:
            BadRequestError: it cannot be read (code `damaged`), or is packed by a method that none of the usual programs takes.
        """
        info = self._files[name]
        if info.flag_bits & _SECRET or info.compress_type not in _BOUNDED:
            raise _damaged(name)
        try:
            return self._zip.open(info)
        except (*BROKEN, OSError) as error:
            raise _damaged(name) from error

    def read(self, name: str, most: int, first: int | None = None) -> bytes:
        """As `Bundle.read`."""
        whole = next((way for way in _ways(name) if way in self._files), None)
        if whole is None:
            raise _missing(name)
        try:
            with self.open(whole) as file:
                return _taken(file, self._files[whole].file_size, most, first)
        except (*BROKEN, OSError) as error:
            raise _damaged(name) from error

    def close(self) -> None:
        """As `Bundle.close`."""
        self._zip.close()


def open_bundle(path: Path) -> Bundle:
    """Open a folder, or a zip.

    Raises:
        BadRequestError: it is neither (code `no_files`), or as `Folder` and `Zip`.
    """
    if path.is_dir():
        return Folder(path)
    if path.is_file() and is_zip(path):
        return Zip(path)
    message = "say where the files lie: in a folder, or packed with the table in a zip"
    raise BadRequestError(message, code="no_files", field="files")


def is_zip(path: Path) -> bool:
    """Tell by its first bytes whether a file is a zip (or a workbook, which is one)."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _check_directory(path: Path) -> None:
    """Look at how large a zip says its directory is: `zipfile` reads all of that at once (APPNOTE 4.3.16).

    Raises:
        BadRequestError: it is too large, or of the form for more than 4 GB (code `too_large`); it is no zip (`damaged`).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    at = len(tail) - _END.size
    if not tail[at:].startswith(b"PK\x05\x06") or not tail.endswith(b"\0\0"):
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + _END.size:
        raise _damaged(path.name)
    directory = _END.unpack(tail[at : at + _END.size])[5]
    if directory > _DIRECTORY or tail[max(0, at - 20) : at].startswith(_ZIP64):
        message = "the zip holds too many files"
        raise BadRequestError(message, code="too_large", field="file")


def _taken(file: IO[bytes], size: int, most: int, first: int | None) -> bytes:
    if size > most:
        message = f"{size} bytes"
        raise BadRequestError(message, code="too_long", field="file")
    if first is not None:
        return file.read(first)
    data = file.read(most + 1)
    if len(data) > most:
        message = f"more than {most} bytes"
        raise BadRequestError(message, code="too_long", field="file")
    return data


def _ways(name: str) -> Iterator[str]:
    """Yield what a row's name may mean here: as it stands, then without the folders where it lay before, one after the other."""
    parts = [part for part in PurePosixPath(name.strip().replace("\\", "/")).parts if part not in {"/", "."}]
    if ".." in parts or "\0" in name:
        return
    for at in range(len(parts)):
        yield "/".join(parts[at:])


def _spelled(info: zipfile.ZipInfo) -> str:
    """Return a name as it was meant: without the mark for UTF-8 it is that all the same, or GB18030 as Windows in China writes."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _hidden(name: str) -> bool:
    """Tell whether a file was put there by a Mac, or is hidden."""
    return name.startswith("__MACOSX/") or any(part.startswith(".") for part in name.split("/"))


def _missing(name: str) -> BadRequestError:
    return BadRequestError(name[-80:], code="no_file", field="file")


def _damaged(name: str) -> BadRequestError:
    return BadRequestError(name[-80:], code="damaged", field="file")

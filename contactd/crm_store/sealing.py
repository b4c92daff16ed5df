"""Sound at rest: each recording is sealed under a key of its own, and that key under a key of the house.

A sealed file is a row of chunks, each sealed by AES-256-GCM (NIST SP 800-38D) under the recording's own key; the nonce is the
chunk's number with a mark on the last, so that chunks can be read one by one and none be left out, moved or added unseen.
The recording's key lies in its row, wrapped under a key of `data_dir/keys`: taking it out of the row makes the sound
unreadable wherever a copy of the file lies, and a new house key is a matter of small rows, never of the files.
"""

from __future__ import annotations

import asyncio
import base64
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contactd.core.errors import ConflictError, NotFoundError

CHUNK = 64 * 1024
TAG = 16
KEY = 32
_NONCE = 12
_LAST = 1
_ABOUT = b"contactd sound 1"
"""Bound into every chunk: a sealed file of another kind or form does not open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A recording's own key as its row keeps it."""

    key_id: str
    """Which key of the house wraps it."""
    key: str
    """The wrapped key, base64."""


class Keys:
    """The keys of the house: one file each, readable by the service alone; the newest seals, all open."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`; the first key is made when something is sealed."""
        self._folder = folder

    def fresh(self) -> tuple[bytes, Wrapped]:
        """Return a new key for one recording, bare and wrapped.  Blocks."""
        key_id, house = self._newest()
        key, nonce = os.urandom(KEY), os.urandom(_NONCE)
        return key, Wrapped(
            key_id=key_id, key=base64.b64encode(nonce + _seal(house, nonce, key, key_id.encode())).decode()
        )

    def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a recording's key.  Blocks.

        Raises:
            NotFoundError: the house's key is not here.
            ConflictError: it does not fit.
        """
        house = self._read(wrapped.key_id)
        raw = base64.b64decode(wrapped.key)
        return _open(house, raw[:_NONCE], raw[_NONCE:], wrapped.key_id.encode())

    def wrap_again(self, wrapped: Wrapped) -> Wrapped:
        """Return the same key wrapped under the newest key of the house, for a change of keys.  Blocks."""
        key_id, house = self._newest()
        key, nonce = self.unwrap(wrapped), os.urandom(_NONCE)
        return Wrapped(key_id=key_id, key=base64.b64encode(nonce + _seal(house, nonce, key, key_id.encode())).decode())

    def make(self) -> str:
        """Make a new key of the house, which seals from now on; return its id.  Blocks."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key_id = f"{datetime.now(UTC):%Y%m%d%H%M%S%f}-{os.urandom(4).hex()}"
        path = self._folder / f"{key_id}.key"
        handle = os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(KEY))
            file.flush()
            os.fsync(file.fileno())
        path.with_suffix(".new").rename(path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return key_id

    def ids(self) -> list[str]:
        """Return the ids of the keys that are here, oldest first.  Blocks."""
        return sorted(path.stem for path in self._folder.glob("*.key"))

    def forget(self, key_id: str) -> None:
        """Remove a key of the house for good: what only it opens is lost.  Blocks."""
        if key_id in self.ids():
            (self._folder / f"{key_id}.key").unlink()

    def _newest(self) -> tuple[str, bytes]:
        key_id = (self.ids() or [self.make()])[-1]
        return key_id, self._read(key_id)

    def _read(self, key_id: str) -> bytes:
        path = self._folder / f"{key_id}.key"
        try:
            if path.parent != self._folder:
                raise FileNotFoundError
            key = path.read_bytes()
        except (OSError, ValueError) as error:
            message = "the key of this recording is not here"
            raise NotFoundError(message, code="no_key") from error
        return key


def seal(data: bytes, key: bytes) -> bytes:
    """Return `data` sealed chunk by chunk."""
    count = max(1, -(-len(data) // CHUNK))
    chunks = (data[at * CHUNK : (at + 1) * CHUNK] for at in range(count))
    return b"".join(_seal(key, _nonce(at, last=at == count - 1), chunk, _ABOUT) for at, chunk in enumerate(chunks))


def opened(path: Path, key: bytes, size: int, first: int, last: int) -> bytes:
    """Return the bytes `first` to `last` (both included) of a sealed file whose contents are `size` bytes.  Blocks.

    Raises:
        NotFoundError: the file is not there.
        ConflictError: it was changed, cut or exchanged.
    """
    count = max(1, -(-size // CHUNK))
    begin, end = first // CHUNK, last // CHUNK
    try:
        with path.open("rb") as file:
            file.seek(begin * (CHUNK + TAG))
            sealed = [file.read(CHUNK + TAG) for _ in range(begin, end + 1)]
    except FileNotFoundError as error:
        message = "there is no such file"
        raise NotFoundError(message) from error
    plain = b"".join(
        _open(key, _nonce(begin + at, last=begin + at == count - 1), chunk, _ABOUT) for at, chunk in enumerate(sealed)
    )
    return plain[first - begin * CHUNK : last - begin * CHUNK + 1]


async def read(path: Path, key: bytes, size: int, first: int, last: int) -> bytes:
    """Do `opened` in a thread."""
    return await asyncio.to_thread(opened, path, key, size, first, last)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NONCE - 1, "big") + (_LAST if last else 0).to_bytes(1, "big")


def _seal(key: bytes, nonce: bytes, data: bytes, about: bytes) -> bytes:
    return AESGCM(key).encrypt(nonce, data, about)


def _open(key: bytes, nonce: bytes, sealed: bytes, about: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, sealed, about)
    except (InvalidTag, ValueError) as error:
        message = "this recording is damaged"
        raise ConflictError(message, code="damaged") from error

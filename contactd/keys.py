"""The secret keys of an installation: files of `data_dir/keys`, made when they are first needed, readable by nobody else."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from contactd.core.errors import ConfigError

KEY_BYTES = 32


def load(data_dir: Path, name: str) -> bytes:
    """Return the key `name` of this installation (`keys/<name>.key`), which is made if there is none.  Blocks.

    Raises:
        ConfigError: the file is not a key.
    """
    folder = data_dir / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{name}.key"
    if not path.exists():
        _make(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        message = f"{path} is damaged: {KEY_BYTES} bytes expected"
        raise ConfigError(message, field="data_dir")
    return key


def _make(path: Path) -> None:
    """Write a new key; it appears under its name only when it is whole, and an existing one stays."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()

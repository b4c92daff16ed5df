"""Secrets of connectors: in the settings, or in files that are read each time, so that a new one needs no restart."""

from __future__ import annotations

from pathlib import Path

from contactd.core.errors import BadRequestError
from contactd.settings import Connector

_LONGEST = 16 * 1024


def secret_of(given: str, file: Path | None) -> str:
    """Return a secret, from its file where one is named.  Blocks.

    Raises:
        BadRequestError: the file cannot be read; what it holds is not said.
    """
    if file is None:
        return given
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file.name} cannot be read: {type(error).__name__}"
        raise BadRequestError(message, code="no_secret", field="token_file") from None


def url_of(options: Connector) -> str:
    """Return a connector's address.  Blocks.

    Raises:
        BadRequestError: it stands in a file that cannot be read.
    """
    return secret_of(options.url, options.url_file)

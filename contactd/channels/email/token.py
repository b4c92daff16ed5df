"""The signed thread token: proof in an address or Message-ID that a mail answers one of ours.

It stands in `Reply-To: local+t.<token>@domain` and in our Message-IDs.  A number in a subject proves nothing; this does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable
from pathlib import Path

from contactd import keys

_MAC_BYTES = 10
_MAC_CHARS = 16
_MAX_THREAD = 60
_MARK = "t."
_TOKEN = re.compile(r"(?:^|[+.<])t\.([ux][a-z2-7]{18,140})(?=[@.>]|$)")
_TAG = re.compile(r"\+t\.[ux][a-z2-7]{18,140}$", re.IGNORECASE)
_SEARCHED = 20_000


class ThreadKey:
    """Signs thread ids and recognises its own signatures."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def load(cls, data_dir: Path) -> ThreadKey:
        """Read the key of this installation, or make it: `keys/thread.key`, readable by nobody else.

        Raises:
            ConfigError: the file is not a key.
        """
        return cls(keys.load(data_dir, "thread"))

    def sign(self, thread: str) -> str:
        """Return the token of a thread: lower-case letters and digits only, since mail systems fold case.

        Raises:
            ValueError: the id is longer than 60 bytes.
        """
        payload, kind = _packed(thread)
        return kind + _base32(payload) + self._mac(kind, payload)

    def thread(self, token: str) -> str | None:
        """Return the thread a token stands for; None when it is not ours."""
        kind, body, mac = token[:1], token[1:-_MAC_CHARS], token[-_MAC_CHARS:]
        try:
            payload = base64.b32decode(body.upper() + "=" * (-len(body) % 8))
            expected = self._mac(kind, payload)
            if not hmac.compare_digest(expected, mac) or _base32(payload) != body:
                return None
            return str(uuid.UUID(bytes=payload)) if kind == "u" else payload.decode("utf_8")
        except (binascii.Error, ValueError, TypeError):
            return None

    def find(self, texts: Iterable[str]) -> str | None:
        """Return the thread of the first valid token in addresses and ids."""
        for text in texts:
            folded = text[:_SEARCHED].lower()
            if _MARK not in folded:
                continue
            for token in _TOKEN.findall(folded):
                thread = self.thread(token)
                if thread is not None:
                    return thread
        return None

    def _mac(self, kind: str, payload: bytes) -> str:
        """Return the signature: HMAC-SHA256 cut to 80 bits."""
        return _base32(hmac.new(self._key, b"thread\0" + kind.encode() + payload, hashlib.sha256).digest()[:_MAC_BYTES])


def untagged(address: str) -> str:
    """Return an address without its token: the one people write to."""
    local, at, domain = address.rpartition("@")
    return f"{_TAG.sub('', local)}{at}{domain}" if at else address


def tagged(address: str, token: str) -> str:
    """Put a token into an address."""
    local, _, domain = untagged(address).rpartition("@")
    return f"{local}+t.{token}@{domain}"


def _packed(thread: str) -> tuple[bytes, str]:
    """Return the bytes of a thread id and their kind: a UUID is sixteen, anything else its UTF-8."""
    try:
        value = uuid.UUID(thread)
    except ValueError:
        value = None
    if value is not None and str(value) == thread:
        return value.bytes, "u"
    payload = thread.encode("utf_8")
    if not payload or len(payload) > _MAX_THREAD:
        message = "a thread id of 1 to 60 bytes is needed"
        raise ValueError(message)
    return payload, "x"


def _base32(data: bytes) -> str:
    """Return lower-case base32 without padding."""
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()

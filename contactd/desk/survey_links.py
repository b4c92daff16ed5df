"""The link to a survey in a letter: signed, so that only links of ours are looked up; good once, since the invitation ends once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from pathlib import Path

from contactd import keys

_ID_BYTES = 16
_MAC_BYTES = 16
_CHARS = 43
"""Characters of a token: 32 bytes in base64 without padding."""


class SurveyLinks:
    """Signs invitations and recognises its own signatures."""

    def __init__(self, key: bytes) -> None:
        """Sign with `key`."""
        self._key = key

    @classmethod
    def load(cls, data_dir: Path) -> SurveyLinks:
        """Read the key of this installation, or make it: `keys/survey.key`, readable by nobody else.

        Raises:
            ConfigError: the file is not a key.
        """
        return cls(keys.load(data_dir, "survey"))

    def token(self, invite: str) -> str:
        """Return what stands in the link of an invitation."""
        payload = uuid.UUID(invite).bytes
        return base64.urlsafe_b64encode(payload + self._mac(payload)).rstrip(b"=").decode()

    def invite(self, token: str) -> str | None:
        """Return the invitation of a token; None when it is none of ours."""
        if len(token) != _CHARS or not token.isascii():
            return None
        try:
            whole = base64.b64decode(token.encode() + b"=", altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        payload, mac = whole[:_ID_BYTES], whole[_ID_BYTES:]
        return str(uuid.UUID(bytes=payload)) if hmac.compare_digest(self._mac(payload), mac) else None

    def _mac(self, payload: bytes) -> bytes:
        return hmac.new(self._key, b"survey\0" + payload, hashlib.sha256).digest()[:_MAC_BYTES]

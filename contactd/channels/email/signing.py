"""DKIM (RFC 6376): our mails carry a signature of their sender's domain, so that others can tell them from forged ones.

It is made when a mail is composed, over the bytes that are queued: every attempt carries the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import dkim

from contactd.channels.email.options import Dkim
from contactd.core.errors import ConfigError

_SIGNED = (
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
)
"""Fields a signature covers where they are there."""
_ALWAYS = ("from", "to", "subject", "date", "message-id")
"""Fields named once more than they are there: nobody can add a second one (RFC 6376, 8.15)."""


class Signer:
    """Holds the keys of our domains."""

    def __init__(self, options: Mapping[str, Dkim]) -> None:
        """Read the keys.

        Raises:
            ConfigError: a key cannot be read, or cannot sign.
        """
        self._keys = {domain.lower(): (one.selector, _load(domain, one.key)) for domain, one in options.items()}
        for domain in self._keys:
            try:
                self.sign(b"From: a@b.example\r\nTo: a@b.example\r\nSubject: x\r\n\r\nx\r\n", domain)
            except (dkim.DKIMException, ValueError) as error:
                message = f"the DKIM key of {domain} cannot sign: {error}"
                raise ConfigError(message, field=f"channels.email.dkim.{domain}.key") from None

    def sign(self, mail: bytes, domain: str) -> bytes:
        """Return a mail with its signature on top; as it is where its domain has no key."""
        found = self._keys.get(domain.lower())
        if found is None:
            return mail
        selector, key = found
        head = mail.partition(b"\r\n\r\n")[0].lower()
        there = [name for name in _SIGNED if head.startswith(f"{name}:".encode()) or f"\r\n{name}:".encode() in head]
        names = [name.encode() for name in (*there, *(one for one in _ALWAYS if one in there))]
        field: bytes = dkim.sign(
            mail,
            selector.encode(),
            domain.lower().encode(),
            key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=names,
        )
        return field + mail


def _load(domain: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"the DKIM key of {domain} cannot be read: {error.strerror}"
        raise ConfigError(message, field=f"channels.email.dkim.{domain}.key") from None

"""A phone in the browser: what an agent's console needs to know to be one, and which channel says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Softphone:
    """One agent's account at the PBX; for their own console only, never in a log, a list or the store."""

    url: str
    """Of the PBX's WebSocket (RFC 7118)."""
    uri: str
    """`sip:1001@pbx.example`"""
    user: str
    """Name the account is asked for with."""
    password: str
    ice: tuple[str, ...] = ()
    """Servers that tell a browser its outside address: `stun:…`"""
    expires_at: datetime | None = None
    """Then another one is needed; None: it holds until it is changed at the PBX."""

    def __repr__(self) -> str:
        """Return it without the password."""
        return f"Softphone(uri={self.uri!r})"


class Softphones(Protocol):
    """A channel whose PBX takes browsers as phones."""

    @property
    def softphone_origin(self) -> str:
        """Address the console's page may connect to, beside our own; empty: browsers are no phones here."""
        ...

    def softphone(self, device: str, now: datetime) -> Softphone | None:
        """Return the account of an agent's phone; None when it is no phone of this kind."""
        ...

"""Who a visitor is, when the site vouches for it: a signed statement.

`base64url(json) . base64url(HMAC-SHA256(secret, base64url(json)))` without padding; the JSON holds `aud` (the site's name),
`exp` (Unix seconds), and `email`, `phone`, `name`.  The site's server makes it for a visitor who is logged in there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the site says about its visitor."""

    name: str = ""
    email: str = ""
    phone: str = ""


def sign(secret: str, claims: dict[str, Any]) -> str:
    """Make a statement of `claims`; what a site's server does."""
    body = _encode(json.dumps(claims).encode())
    return f"{body}.{_encode(_mac(secret, body))}"


def verify(statement: str, *, secret: str, site: str, now: datetime) -> Identity | None:
    """Return what `statement` says; None when it is not signed by this site, for this site, or no longer valid."""
    body, dot, signature = statement.partition(".")
    if not secret or not dot:
        return None
    try:
        claims = json.loads(_decode(body)) if hmac.compare_digest(_mac(secret, body), _decode(signature)) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict) or claims.get("aud") != site:
        return None
    expires = claims.get("exp")
    if not isinstance(expires, int) or expires <= now.timestamp():
        return None

    def text(name: str) -> str:
        value = claims.get(name)
        return value[:254] if isinstance(value, str) else ""

    return Identity(name=text("name"), email=text("email"), phone=text("phone"))


def _mac(secret: str, body: str) -> bytes:
    return hmac.new(secret.encode(), body.encode(), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Decode base64url without padding.

    Raises:
        ValueError: it is none.
    """
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        code = "not base64url"
        raise ValueError(code) from error

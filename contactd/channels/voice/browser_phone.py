"""Accounts for phones in the browser: lasting ones as the PBX has them, or short-lived ones that a SIP proxy can check by itself.

A short-lived account is a name with its end in front and a password that is the HMAC of that name under a secret shared with the
proxy (draft-uberti-behave-turn-rest-00; Kamailio's `auth_ephemeral`).  Asterisk and FreeSWITCH know lasting ones only.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from contactd.core.softphone import Softphone

_USER = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
"""What is a user of a SIP address without being escaped."""


class BrowserPhoneOptions(BaseModel):
    """Phones in the browser: the console registers at the PBX's WebSocket as the agent's phone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(default="", pattern=r"^$|^wss?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9_./-]*)?$")
    """`wss://pbx.example:8089/ws`; empty: browsers are no phones.  The console's page may connect to it, and to nothing else."""
    domain: str = Field(default="", pattern=r"^[A-Za-z0-9.-]{0,253}$")
    """Of the SIP addresses; default: the address's host."""
    passwords: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+-]{1,64}$")], SecretStr] = Field(default_factory=dict)
    """Phone → its password at the PBX: `{ "1001" = "…" }`."""
    secret: SecretStr = SecretStr("")
    """Shared with a SIP proxy that checks short-lived accounts (Kamailio's auth_ephemeral): then no lasting ones are given out."""
    digest: Literal["sha1", "sha256", "sha384", "sha512"] = "sha1"
    lifetime_s: int = Field(default=3600, ge=300, le=86_400)
    """How long a short-lived account holds."""
    stun: tuple[Annotated[str, Field(pattern=r"^stuns?:[A-Za-z0-9.-]+(:[0-9]{1,5})?$")], ...] = ()
    """`["stun:stun.example:3478"]`, where phones and PBX are not in one network."""

    @field_validator("url")
    @classmethod
    def _is_private(cls, value: str) -> str:
        host = urlsplit(value).hostname
        if value.startswith("ws:") and host not in ("localhost", "127.0.0.1"):
            message = "must be wss://: passwords and voices go over it"
            raise ValueError(message)
        return value


def origin(options: BrowserPhoneOptions) -> str:
    """Return what a page may connect to: scheme, host and port of the PBX's WebSocket."""
    parts = urlsplit(options.url)
    return f"{parts.scheme}://{parts.netloc}" if options.url else ""


def account(options: BrowserPhoneOptions, device: str, now: datetime) -> Softphone | None:
    """Return the account of `PJSIP/1001` or `user/1001`; None where the browser is no phone, or nobody gave it one."""
    user = device.partition("/")[2]
    if not options.url or not _USER.fullmatch(user):
        return None
    uri = f"sip:{user}@{options.domain or urlsplit(options.url).hostname}"
    secret = options.secret.get_secret_value()
    if secret:
        expires_at = now + timedelta(seconds=options.lifetime_s)
        name = f"{int(expires_at.timestamp())}:{user}"
        password = b64encode(hmac.digest(secret.encode(), name.encode(), options.digest)).decode()
        return Softphone(
            url=options.url, uri=uri, user=name, password=password, ice=options.stun, expires_at=expires_at
        )
    given = options.passwords.get(user)
    if given is None:
        return None
    return Softphone(url=options.url, uri=uri, user=user, password=given.get_secret_value(), ice=options.stun)

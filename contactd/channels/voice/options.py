"""What the voice channel can be told in the configuration: `[channels.voice]`."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class _Options(BaseModel):
    """Options of which none is unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AmiOptions(_Options):
    """A PBX that routes by itself, mirrored over its manager interface."""

    host: str = ""
    """Empty: no PBX is mirrored."""
    port: int = Field(default=5038, ge=1, le=65535)
    username: str = ""
    secret: SecretStr = SecretStr("")
    name: str = ""
    """The PBX's name in keys; needed only where a second PBX may ever take its place. Default: its host."""
    presentation: Literal["ask", "trust"] = "ask"
    """ask: a caller's number counts as withheld until the PBX says that it may be shown; trust: the trunk never sends one
    that may not."""


class AriOptions(_Options):
    """A PBX whose calls contactd routes over its REST interface."""

    url: str = ""
    """`http://127.0.0.1:8088`; empty: contactd routes no calls."""
    username: str = ""
    password: SecretStr = SecretStr("")
    app: str = Field(default="contactd", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    ring_s: int = Field(default=15, ge=3, le=120)
    """How long an agent's phone rings after the agent has accepted."""

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            message = "must be http:// or https:// with a host"
            raise ValueError(message)
        return value.rstrip("/")


class DialOptions(_Options):
    """Calls that agents make: which numbers, and by which way out."""

    endpoint: str = Field(default="", pattern=r"^$|^[A-Za-z0-9]{1,16}/[A-Za-z0-9_.@/+-]*\{number\}[A-Za-z0-9_.@-]*$")
    """`PJSIP/{number}@telco` or `Local/{number}@from-contactd`; empty: nobody outside is called."""
    inner: str = Field(default="", pattern=r"^$|^[A-Za-z0-9]{1,16}/[A-Za-z0-9_.@-]*\{number\}[A-Za-z0-9_.@-]*$")
    """For phones of the house that belong to no agent: `PJSIP/{number}`; empty: they are not called."""
    form: Literal["national", "e164"] = "national"
    """How the trunk wants numbers: 13700001111 or +8613700001111."""
    number: str = Field(default="", pattern=r"^\+?[0-9]{0,20}$")
    """Number that is shown to who is called."""
    shown: dict[str, str] = Field(default_factory=dict)
    """Line → number that is shown for it."""
    abroad: tuple[str, ...] = ()
    """Country codes that may be called: `["+852", "+886"]`; none by default."""
    premium: bool = False
    short: tuple[str, ...] = ("95xxx", "100xx", "12345", "12315", "114")
    """Service numbers that may be called; x stands for any digit. Emergency numbers always may."""
    ring_s: int = Field(default=40, ge=5, le=180)
    """How long the other side rings."""


class WebhookOptions(_Options):
    """The generic telephony webhook `POST /cti/{token}`."""

    token: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,128}$", repr=False)
    """Last part of its address, and all that protects it; empty: there is no webhook."""


class Options(_Options):
    """The section `[channels.voice]`."""

    region: str = Field(default="CN", pattern="^[A-Z]{2}$")
    """Country whose rules numbers without a country code are read by."""
    area_code: str | None = None
    """Area code of local numbers."""
    ami: AmiOptions = AmiOptions()
    ari: AriOptions = AriOptions()
    webhook: WebhookOptions = WebhookOptions()
    dial: DialOptions = DialOptions()

"""What an operator may set about the chat: sites that embed the widget, and how much a visitor may ask of us."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

SiteName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]


class _Table(BaseModel):
    """A table of keys: none but the known ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(_Table):
    """One web site that embeds the widget."""

    line: str = ""
    """Line its visitors stand in; empty = the policy's intake rules decide."""
    origins: tuple[str, ...] = ()
    """Origins (`https://www.example.com`) that may open the socket besides our own host; `*` = any."""
    identity_secret: str = ""
    """Key by which the site signs who its visitor is; empty = the site signs nobody in."""


class Limits(_Table):
    """How much of the machine visitors may use."""

    sockets: int = Field(default=5000, ge=1)
    """Sockets open at once."""
    sockets_per_ip: int = Field(default=100, ge=1)
    """Of them from one address (a company's visitors share one)."""
    connects_per_minute: float = Field(default=120, gt=0)
    """New sockets from one address."""
    conversations_per_minute: float = Field(default=20, gt=0)
    """Conversations begun from one address."""
    lines_per_minute: float = Field(default=60, gt=0)
    """Lines one visitor may say; a quarter of it at once."""
    frames_per_minute: float = Field(default=600, gt=0)
    """Frames of any kind on one socket; who sends more is cut off."""
    send_queue: int = Field(default=256, ge=8)
    """Events that may wait for a slow visitor before the socket is cut off."""
    send_seconds: float = Field(default=10, gt=0)
    """How long one event may take to be sent."""
    hello_seconds: float = Field(default=10, gt=0)
    """How long a new socket may stay silent."""
    gone_seconds: float = Field(default=300, gt=0)
    """How long a waiting visitor may be away before the place in line is given up."""
    refresh_seconds: float = Field(default=15, gt=0)
    """How often the place in line and the expected wait are told again."""


class Options(_Table):
    """The section `[channels.chat]`."""

    sites: dict[SiteName, Site] = Field(default_factory=lambda: {"demo": Site()})
    limits: Limits = Limits()
    region: str = Field(default="CN", pattern=r"^[A-Z]{2}$")
    """Country whose rules apply to telephone numbers visitors type."""

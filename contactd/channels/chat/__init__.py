"""Web chat: a widget on any site, its visitors in the one queue.  See README.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.channels.chat.channel import ChatChannel
from contactd.channels.chat.options import Options
from contactd.core.channel import Tools

__all__ = ["ChatChannel", "Options", "build"]


def build(name: str, options: Mapping[str, Any] | Options, tools: Tools) -> ChatChannel:
    """Make the chat channel from its checked options."""
    checked = options if isinstance(options, Options) else Options.model_validate(options)
    return ChatChannel(name, checked, tools)

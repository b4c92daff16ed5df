"""E-mail: taken in by SMTP, understood whatever it is, shown safely, answered through a smarthost.  See README.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.channels.email.channel import EmailChannel
from contactd.channels.email.options import Options
from contactd.core.channel import Tools

__all__ = ["EmailChannel", "Options", "build"]


def build(name: str, options: Mapping[str, Any] | Options, tools: Tools) -> EmailChannel:
    """Make the e-mail channel from its checked options."""
    checked = options if isinstance(options, Options) else Options.model_validate(options)
    return EmailChannel(name, checked, tools)

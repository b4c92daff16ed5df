"""Fax: pages in by spool, webhook and gateway mail; replies out by command or mail.  See README.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.channels.fax.channel import FaxChannel
from contactd.channels.fax.mail import read_mail as from_mail
from contactd.channels.fax.options import Options, is_gateway_mail
from contactd.core.channel import Tools

__all__ = ["FaxChannel", "Options", "build", "from_mail", "is_gateway_mail"]


def build(name: str, options: Mapping[str, Any] | Options, tools: Tools) -> FaxChannel:
    """Make the fax channel from its checked options."""
    checked = options if isinstance(options, Options) else Options.model_validate(options)
    return FaxChannel(name, checked, tools)

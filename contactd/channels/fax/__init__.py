"""Fax: pages in by spool, webhook and gateway mail; replies out by command or mail.  See README.md.

What draws and sends is imported when it is needed: `contactd fax receive` comes through here too, and must not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contactd.channels.fax.options import Options, is_gateway_mail

if TYPE_CHECKING:
    from contactd.channels.fax.channel import FaxChannel
    from contactd.core.channel import Content, Tools

__all__ = ["Options", "build", "from_mail", "is_gateway_mail"]


def build(name: str, options: Mapping[str, Any] | Options, tools: Tools) -> FaxChannel:
    """Make the fax channel from its checked options."""
    from contactd.channels.fax.channel import FaxChannel  # noqa: PLC0415 - see above

    checked = options if isinstance(options, Options) else Options.model_validate(options)
    return FaxChannel(name, checked, tools)


def from_mail(raw: bytes, envelope: Mapping[str, Any]) -> Content:
    """Make content of a gateway's mail, as the channel's reader does of a fax; runs in a worker process."""
    from contactd.channels.fax.mail import read_mail  # noqa: PLC0415 - see above

    return read_mail(raw, envelope)

"""Calls: a PBX's own queue mirrored over AMI, calls routed by contactd over ARI, and any PBX's webhook.  See README.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.channels.voice.channel import VoiceChannel
from contactd.channels.voice.options import Options
from contactd.channels.voice.queue_log import records
from contactd.core.channel import Tools
from contactd.core.finding import Finding

__all__ = ["Options", "VoiceChannel", "build", "examine", "records"]


def build(name: str, options: Mapping[str, Any] | Options, tools: Tools) -> VoiceChannel:
    """Make the voice channel from its checked options."""
    checked = options if isinstance(options, Options) else Options.model_validate(options)
    return VoiceChannel(name, checked, tools)


async def examine(options: Options) -> list[Finding]:
    """Ask the PBX about itself; see `contactd.channels.Found`."""
    from contactd.channels.voice import doctor  # noqa: PLC0415 - what is rarely asked should not lengthen the start

    return await doctor.examine(options)

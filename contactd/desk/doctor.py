"""`contactd doctor`: what the outside systems say of themselves when they are asked, beside the running server."""

from __future__ import annotations

import asyncio

from contactd.channels import scan
from contactd.core.finding import BAD, UNKNOWN, Finding
from contactd.settings import Settings

PATIENCE_S = 60.0
"""How long one channel's examination may take."""


def examine(settings: Settings) -> list[Finding]:
    """Examine every channel that can be; return what was found, in order."""
    return asyncio.run(_all(settings))


async def _all(settings: Settings) -> list[Finding]:
    found: list[Finding] = []
    for name, channel in scan().items():
        if channel.examine is None:
            continue
        options = channel.options.model_validate(settings.channels.get(name) or {})
        try:
            async with asyncio.timeout(PATIENCE_S):
                found += await channel.examine(options)
        except TimeoutError:
            found.append(Finding(UNKNOWN, name, "the examination took too long"))
    return found


def is_well(found: list[Finding]) -> bool:
    """Tell whether nothing bad was found."""
    return all(each.level != BAD for each in found)

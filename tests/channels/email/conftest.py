from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from contactd.channels.email import EmailChannel, build
from tests.channels.email.doubles import Tools


@pytest.fixture
async def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path)


@pytest.fixture
async def open_channel(tools: Tools) -> AsyncIterator[Callable[..., Any]]:
    """Start a channel with given options; it is stopped after the test."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> EmailChannel:
            smtp = {"port": 0, **options.pop("smtp", {})}
            limits = {"disk_free_mb": 0, **options.pop("limits", {})}
            channel = build("email", {"smtp": smtp, "limits": limits, **options}, tools)  # type: ignore[arg-type]
            await channel.start()
            stack.push_async_callback(channel.stop)
            return channel

        yield start

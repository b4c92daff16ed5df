"""One Twisted reactor on the tests' own loop: its clients need one that runs, and there is one in a process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.main import installReactor


@pytest.fixture(scope="session")
async def reactor() -> AsyncIterator[Any]:
    """Let the session's loop drive a reactor, as the server's does."""
    if "twisted.internet.reactor" not in sys.modules:
        installReactor(AsyncioSelectorReactor(asyncio.get_running_loop()))  # type: ignore[no-untyped-call]
    from twisted.internet import reactor as installed  # noqa: PLC0415 - importing it would install another one

    running: Any = installed
    if not running.running:
        running.startRunning(installSignalHandlers=False)
    yield running
    running.getThreadPool().stop()

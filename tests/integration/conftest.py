"""A house on each database, and a sink for what it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.house import House
from tests.integration.sink import Sink


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    made = Sink()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def house(tmp_path: Path, store_url: str, sink: Sink) -> Iterator[House]:
    """A house that is not started yet, on each of the two databases."""
    settings = {
        "channels.email.outbound.host": "127.0.0.1",
        "channels.email.outbound.port": sink.port,
        "channels.email.outbound.security": "none",
    }
    made = House(tmp_path / "house", None if store_url.startswith("sqlite") else store_url, **settings)
    yield made
    made.close()

"""Fixtures: the whole HTTP application on a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contactd.crm_store.store import Store
from contactd.testing.clock import ManualClock
from tests.api.house import House, build, hire


@pytest.fixture
async def small_store(sqlite_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    """An open store on the embedded database alone, for tests that ask nothing of SQL."""
    opened = Store.open(sqlite_url, tmp_path / "blobs", clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def house(small_store: Store, clock: ManualClock, tmp_path: Path) -> House:
    """The application on the embedded database."""
    await hire(small_store, clock)
    return build(small_store, clock, tmp_path / "static")


@pytest.fixture
async def both(store: Store, clock: ManualClock, tmp_path: Path) -> House:
    """The application on each of the two databases."""
    await hire(store, clock)
    return build(store, clock, tmp_path / "static")

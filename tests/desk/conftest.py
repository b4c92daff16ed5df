"""The desk's fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contactd.crm_store.store import Store
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench, open_bench


@pytest.fixture
async def bench(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Bench]:
    made = await open_bench(store, clock, tmp_path)
    yield made
    await made.office.close()

"""Fixtures for the store's tests."""

from __future__ import annotations

import pytest
from town import Town

from contactd.crm_store.store import Store


@pytest.fixture
def town(store: Store) -> Town:
    """Makes customers, agents and their history in the store."""
    return Town(store)

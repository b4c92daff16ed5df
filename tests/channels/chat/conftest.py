from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from chat_doubles import House, MemoryDesk, Open, Port

from contactd.channels.chat import Options


@pytest.fixture(scope="session")
async def http_port() -> AsyncIterator[Port]:
    port = Port()
    await port.open()
    yield port
    await port.close()


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk()


@pytest.fixture
async def open_house(desk: MemoryDesk, http_port: Port) -> AsyncIterator[Open]:
    """Open a house with given options; every one is closed at the end."""
    houses: list[House] = []

    async def start(**options: Any) -> House:
        house = House(desk, Options.model_validate(options), http_port)
        await house.chat.start()
        houses.append(house)
        return house

    yield start
    for house in houses:
        await house.stop()


@pytest.fixture
async def house(open_house: Open) -> House:
    return await open_house()

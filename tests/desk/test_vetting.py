"""A callback waits for the store before it is called: it is neither lost nor called unasked."""

from __future__ import annotations

from typing import Any

import pytest

from contactd.core.errors import StoreDownError
from contactd.crm_store import contacting_rows
from contactd.desk import vetting
from tests.desk.bench import Bench, open_bench
from tests.desk.test_calling_back import POLICY, owed, talking


@pytest.fixture
async def house(store: Any, clock: Any, tmp_path: Any) -> Any:
    made = await open_bench(store, clock, tmp_path, POLICY)
    made.office.desk.publisher.channels["callback"] = made.voice
    yield made
    await made.office.close()


async def test_a_callback_taken_while_the_store_is_away_is_called_when_it_is_back(
    house: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing, away = contacting_rows.standing, [True, True]

    def asked(*args: Any, **about: Any) -> Any:
        if away:
            away.pop()
            message = "away"
            raise StoreDownError(message)
        return standing(*args, **about)

    monkeypatch.setattr(vetting, "AGAIN_S", 0.01, raising=False)
    ann = await house.agent("ann", device="PJSIP/1")
    await house.ready(ann)
    await house.run(ann, "callback.request", to="13800138000", line="sales")
    entry = await owed(house)
    monkeypatch.setattr(contacting_rows, "standing", asked)
    await talking(house, ann, entry.id)
    [told] = await house.until(lambda: house.voice.connects, "the call")
    assert told.interaction == entry.id
    assert away == []

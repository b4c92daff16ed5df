"""Reading while the server stops: what was not read is read after the next start, and nothing is held against it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from contactd.core.errors import WorkerDiedError, WorkersClosedError
from contactd.crm_store import reading_rows
from contactd.desk import putting_off
from contactd.desk.reading import DEATHS
from tests.desk.bench import Bench, run_here


async def test_mails_the_closed_workers_did_not_read_are_neither_counted_nor_put_aside(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting_off, "FIRST_S", 0.01)
    reading = bench.office.reading
    asked = 0

    async def closed(_task: Callable[..., Any], *_args: Any) -> Any:
        nonlocal asked
        asked += 1
        message = "the workers are closed"
        raise WorkersClosedError(message)

    monkeypatch.setattr(reading, "_died", (WorkerDiedError,))
    monkeypatch.setattr(reading, "_work", closed)
    receipts = [await bench.mail_in(f"li{n}@example.cn|S|T", f"k{n}") for n in range(3)]
    await bench.until(lambda: asked > DEATHS * len(receipts) * 2, "tries")
    waiting = [receipt for receipt, _interaction in await bench.store.read(reading_rows.unread_receipts)]
    rows = await bench.store.read(lambda conn: reading_rows.arrivals(conn, waiting))
    assert [(row.state, row.deaths) for row in rows] == [("received", 0)] * 3
    monkeypatch.setattr(reading, "_work", run_here)
    for one in receipts:
        await bench.until(partial(_queued, bench, one.interaction), "the reading")


def _queued(bench: Bench, interaction: str) -> bool:
    return bench.state_of(interaction) == "queued"


async def test_nothing_new_is_read_once_the_server_stops(bench: Bench) -> None:
    reading = bench.office.reading
    await bench.office.duties.end()
    receipt = await bench.mail_in("li@example.cn|S|T", "late")
    assert reading.waiting == 1
    await reading.settle()
    assert reading.waiting == 0
    (left,) = await bench.store.read(reading_rows.unread_receipts)
    assert left[1] == receipt.interaction

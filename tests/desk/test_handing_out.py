"""Files for people at a screen: one at a time for each, and none left behind that could not be written."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from contactd.core.case_plan import NO_PLAN
from contactd.core.errors import ConflictError
from contactd.crm_store import case_rows
from contactd.crm_store.store import Store
from contactd.desk.exchange import archive, evidence, results
from contactd.desk.exchange.handing_out import HandingOut
from contactd.testing.clock import ManualClock
from tests.crm_store.town import Town


async def handing(store: Store, tmp_path: Path) -> tuple[HandingOut, dict[str, Any]]:
    clock = ManualClock()
    town = Town(store, clock.now())
    party = await town.party("Li")
    about: dict[str, Any] = {"plan": NO_PLAN, "now": town.at, "actor": None}
    await store.write(lambda conn: case_rows.create(conn, "case", {"subject": "s"}, **about))
    made = HandingOut(store, clock, tmp_path / "out", tmp_path / "keys")

    async def result(path: Path, _job: str, *, masked: bool, only_left_out: bool) -> str:
        assert not masked
        assert not only_left_out
        await asyncio.to_thread(results.write, path)  # type: ignore[call-arg]
        return "list"

    vars(made)["_result"] = result
    return made, {
        "result": lambda: made.result("job", "id-ann"),
        "archive": lambda: made.archive(party, "id-ann", heard=False),
        "evidence": lambda: made.evidence("case", "id-ann", heard=False),
    }


@pytest.mark.parametrize(("kind", "module"), [("result", results), ("archive", archive), ("evidence", evidence)])
async def test_one_at_a_time_and_nothing_left_of_what_failed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, module: Any
) -> None:
    made, ways = await handing(store, tmp_path)
    loop, begun, go_on = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def write(path: Path, *_given: Any) -> None:
        path.write_bytes(b"half")
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
        message = "the disk"
        raise OSError(message)

    monkeypatch.setattr(module, "write", write)
    first = asyncio.create_task(ways[kind]())
    await asyncio.wait_for(begun.wait(), 10)
    assert len(list((tmp_path / "out").iterdir())) == 1
    for way in ways.values():
        with pytest.raises(ConflictError) as refused:
            await way()
        assert refused.value.code == "in_progress"
    go_on.set()
    with pytest.raises(OSError, match="the disk"):
        await first
    assert list((tmp_path / "out").iterdir()) == []
    assert made._busy == set()

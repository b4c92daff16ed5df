"""Connectors over REST: rows are sent and answered one by one, what was left out is seen, tried again and left; on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from contactd.crm_store import audit, connector_rows
from contactd.crm_store.store import Store
from contactd.desk.seeing import Seeing
from contactd.testing.clock import ManualClock
from tests.api.house import House, build, hire

ROWS = [{"kd": "K1", "name": "张三", "phone": "13800138000"}, {"kd": "K2", "name": "李四", "phone": "1380013800x"}]


async def sent(client: httpx.AsyncClient, rows: list[dict[str, Any]], key: str | None = None) -> httpx.Response:
    headers = {"idempotency-key": key} if key else {}
    return await client.post("/api/v1/connectors/till/rows", json={"rows": rows}, headers=headers)


async def test_rows_are_sent_once_and_each_is_answered(both: House) -> None:
    async with await both.with_token("write") as till, await both.logged_in("sue") as sue:
        first = (await sent(till, ROWS, "a")).json()
        assert [(one["row"], one["status"]) for one in first["rows"]] == [(1, "created"), (2, "error")]
        again = await sent(till, ROWS, "a")
        assert (again.json(), again.headers["idempotent-replay"]) == (first, "true")
        (zhang,) = (await sue.get("/api/v1/parties", params={"q": "张三"})).json()["items"]
        assert zhang["id"] == first["rows"][0]["id"]
        (till_view, drop) = (await sue.get("/api/v1/connectors")).json()["items"]
        assert (till_view["name"], till_view["left_out"], till_view["every_minutes"]) == ("till", 1, 0)
        assert [run["counts"] for run in till_view["runs"]] == [{"created": 1, "error": 1}]
        assert (drop["kind"], drop["ok_at"]) == ("folder", None)
        assert "nowhere" not in str(drop)


async def test_what_was_left_out_is_seen_tried_again_and_left_on_record(both: House) -> None:
    async with await both.with_token("write") as till, await both.logged_in("sue") as sue:
        await sent(till, [ROWS[1], {"kd": "K3", "phone": "12"}])
        first, second = (await sue.get("/api/v1/connectors/till/left-out")).json()["items"]
        assert first["row"] == {"kd": "K2", "name": "李四", "phone": "1380013800x"}
        (page,) = (await sue.get("/api/v1/connectors/till/left-out", params={"cursor": first["id"]})).json()["items"]
        assert page == second
        tried = await sue.post("/api/v1/connectors/till/left-out/retry", json={"ids": [first["id"]]})
        assert (tried.status_code, tried.json()["counts"]) == (200, {"error": 1})
        gone = await sue.delete(f"/api/v1/connectors/till/left-out/{second['id']}")
        assert gone.status_code == 204
        assert (await sue.delete(f"/api/v1/connectors/till/left-out/{second['id']}")).status_code == 404
        assert len((await sue.get("/api/v1/connectors/till/left-out")).json()["items"]) == 1
    assert await both.reads.flush()
    rows = await both.store.read(audit.listed)
    told = {(row["actor"], row["action"], row["object_id"]) for row in rows}
    assert told >= {("id-sue", "import.read", "till"), ("id-sue", "connector.leave", "till")}


async def test_what_cannot_be_is_said(both: House) -> None:
    async with await both.with_token("write") as till, await both.logged_in("sue") as sue:
        for rows, code in (
            ([], "bad_request"),
            ([{"what": "ever"}], "no_mapping"),
            ([{"kd": "x"}] * 1001, "bad_request"),
        ):
            refused = await sent(till, rows)
            assert (refused.status_code, refused.json()["code"]) in {(400, code), (422, code)}, refused.text
        wide = [{f"c{n}": "x" for n in range(201)}]
        assert (await sent(till, wide)).json()["code"] == "too_large"
        assert (await sue.post("/api/v1/connectors/nobody/run", json={})).status_code == 404
        assert (await sue.post("/api/v1/connectors/till/run", json={})).json()["code"] == "push"
        assert (await sue.post("/api/v1/connectors/till/drift", json={})).json()["code"] == "push"
        tried = await sue.post("/api/v1/connectors/drop/run", json={"dry_run": True})
        assert tried.json()["code"] == "no_folder"
        assert (await sue.post("/api/v1/connectors/drop/run", json={})).status_code == 202
        (_, drop) = (await sue.get("/api/v1/connectors")).json()["items"]
        assert drop["asked"] is True
        assert await both.connectors.some() == ["drop"]


async def test_who_sees_numbers_masked_sees_no_cell_with_one(
    small_store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    await hire(small_store, clock)
    house = build(small_store, clock, tmp_path / "static", masked_roles=("supervisor",))
    async with await house.with_token("write") as till, await house.logged_in("sue") as sue:
        await sent(till, [{"kd": "K1", "name": "张三", "phone": "13800138000", "email": "no address"}])
        answer = await sue.get("/api/v1/connectors/till/left-out")
        assert "13800138000" not in answer.text
        assert "138****8000" in answer.text or answer.status_code == 403


@pytest.mark.parametrize(
    "seeing", [Seeing(fields={"supervisor": {"email": "mask"}}), Seeing(scopes={"supervisor": {"party": "team"}})]
)
async def test_who_does_not_see_everything_sees_no_row_of_another_system(
    small_store: Store, clock: ManualClock, tmp_path: Path, seeing: Seeing
) -> None:
    await hire(small_store, clock)
    house = build(small_store, clock, tmp_path / "static", seeing=seeing)
    report = {"rows": 1, "only_ours": 1, "named": {"only_ours": ["K1"], "left_out": [{"row": "K2", "reasons": ["x"]}]}}
    await small_store.write(lambda conn: connector_rows.change(conn, "till", drift=report))

    async def dry_run(*_: Any, **__: Any) -> dict[str, Any]:
        return {
            "tables": 1,
            "counts": {"error": 1},
            "left_out": [{"row": "K2", "reasons": ["born: no_such_day: 1980"]}],
        }

    house.connectors.trying.dry_run = dry_run  # type: ignore[method-assign]
    async with await house.with_token("write") as till, await house.logged_in("sue") as sue:
        await sent(till, ROWS)
        refused = await sue.get("/api/v1/connectors/till/left-out")
        assert (refused.status_code, refused.json()["code"]) == (403, "masked")
        (view, _) = (await sue.get("/api/v1/connectors")).json()["items"]
        assert (view["left_out"], view["drift"]) == (1, {"rows": 1, "only_ours": 1})
        tried = (await sue.post("/api/v1/connectors/drop/run", json={"dry_run": True})).json()
        assert (tried["counts"], tried["left_out"]) == ({"error": 1}, [])

"""Merging, splitting, denying and the work list by REST."""

from __future__ import annotations

from typing import Any

import pytest

from contactd.crm_store import match_rows
from tests.api.house import House
from tests.crm_store.town import Town

LI = "13800138000"


async def added(client: Any, name: str, *numbers: str) -> str:
    points = [{"kind": "phone", "value": number} for number in numbers]
    answer = await client.post("/api/v1/parties", json={"name": name, "points": points})
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def settle(house: House, town: Town) -> None:
    while await house.store.write(
        lambda conn: match_rows.match_some(conn, house.clock.now(), lambda: town.new_id("pair")), bulk=True
    ):
        pass


async def test_a_merge_an_edit_and_an_undo_that_keeps_the_edit_and_says_so(both: House) -> None:
    async with await both.logged_in("ann") as client:
        a, b = await added(client, "李雷", LI), await added(client, "李磊")
        merged = await client.post(
            "/api/v1/merges", json={"survivor": a, "losers": [b], "fields": {"name": b}, "reason": "same"}
        )
        assert merged.status_code == 201
        loser = (await client.get(f"/api/v1/parties/{b}")).json()
        assert (loser["id"], loser["merged_into"], loser["name"], loser["records"]) == (a, a, "李磊", 2)
        assert (await client.patch(f"/api/v1/parties/{b}", json={"name": "李小雷"})).status_code == 200
        undone = await client.post(f"/api/v1/merges/{merged.json()['id']}/undo", json={})
        assert undone.json()["kept"] == [{"field": "display_name", "before": "李雷", "merged": "李磊", "now": "李小雷"}]
        assert (await client.get(f"/api/v1/parties/{a}")).json()["name"] == "李小雷"
        assert (await client.get(f"/api/v1/parties/{b}")).json()["name"] == "李磊"
        (entry,) = (await client.get(f"/api/v1/parties/{a}/merges")).json()["items"]
        assert entry["undone_at"] is not None


async def test_what_cannot_be_merged_names_its_reason(house: House) -> None:
    async with await house.logged_in("ann") as client:
        a, b, c = [await added(client, name) for name in "ABC"]
        await client.post("/api/v1/merges", json={"survivor": a, "losers": [b]})
        again = await client.post("/api/v1/merges", json={"survivor": c, "losers": [b]})
        assert (again.status_code, again.json()["code"]) == (409, "merged")
        cycle = await client.post("/api/v1/merges", json={"survivor": b, "losers": [a]})
        assert (cycle.status_code, cycle.json()["code"]) == (409, "merged")
        self_made = await client.post("/api/v1/merges", json={"survivor": a, "losers": [a]})
        assert (self_made.status_code, self_made.json()["code"]) == (400, "same")
        wrong = await client.post("/api/v1/merges", json={"survivor": a, "losers": [c], "fields": {"id": c}})
        assert (wrong.status_code, wrong.json()["field"]) == (400, "fields.id")


async def test_the_same_merge_sent_twice_is_one(house: House) -> None:
    async with await house.logged_in("ann") as client:
        a, b = await added(client, "A"), await added(client, "B")
        key = {"idempotency-key": "k"}
        first = await client.post("/api/v1/merges", json={"survivor": a, "losers": [b]}, headers=key)
        second = await client.post("/api/v1/merges", json={"survivor": a, "losers": [b]}, headers=key)
        assert first.json() == second.json()


async def test_a_record_is_split_off(house: House) -> None:
    async with await house.logged_in("ann") as client:
        a, b = await added(client, "A", LI), await added(client, "B")
        await client.post("/api/v1/merges", json={"survivor": a, "losers": [b]})
        records = (await client.get(f"/api/v1/parties/{b}/records")).json()["items"]
        assert [(one["id"], one["canonical"]) for one in records] == [(a, True), (b, False)]
        (point,) = records[0]["own_points"]
        done = await client.post(f"/api/v1/parties/{b}/split", json={"points": [point]})
        assert (done.status_code, done.json()["kind"]) == (201, "split")
        assert (await client.get("/api/v1/lookup", params={"phone": LI})).json()["party_id"] == b


async def test_the_work_list_is_decided_on(house: House) -> None:
    town = Town(house.store)
    async with await house.logged_in("ann") as client:
        a, b = await added(client, "李雷", LI), await added(client, "李磊", LI)
        await settle(house, town)
        (pair,) = (await client.get("/api/v1/duplicates")).json()["items"]
        assert {pair["a"]["party_id"], pair["b"]["party_id"]} == {a, b}
        assert (await client.get("/api/v1/duplicates", params={"party": "other"})).json()["items"] == []
        done = await client.post(f"/api/v1/duplicates/{pair['id']}", json={"state": "rejected"})
        assert done.status_code == 204
        assert (await client.get("/api/v1/duplicates")).json()["items"] == []
        wrong = await client.post(f"/api/v1/duplicates/{pair['id']}", json={"state": "sideways"})
        assert (wrong.status_code, wrong.json()["field"]) == (400, "state")


async def test_a_newcomer_is_checked_before_being_added(house: House) -> None:
    town = Town(house.store)
    async with await house.logged_in("ann") as client:
        a = await added(client, "李雷", LI)
        await settle(house, town)
        found = await client.post("/api/v1/parties/check", json={"name": "李小雷", "points": ["138 0013 8000"]})
        (hit,) = found.json()["items"]
        assert set(hit) == {"party_id", "name", "owner", "score", "reasons"}
        assert (hit["party_id"], hit["reasons"]) == (a, ["phone"])


async def test_an_address_is_taken_from_a_customer_and_marked(house: House) -> None:
    async with await house.logged_in("ann") as client:
        a = await added(client, "李雷", LI, "010-12345678")
        points = (await client.get(f"/api/v1/parties/{a}")).json()["points"]
        for point in points:
            ident = point["contact_point"]
            if point["value"] == "+861012345678":
                assert (await client.patch(f"/api/v1/points/{ident}", json={"shared": True})).status_code == 204
            else:
                assert (await client.delete(f"/api/v1/parties/{a}/points/{ident}")).status_code == 204
                assert (await client.delete(f"/api/v1/parties/{a}/points/{ident}")).status_code == 404
        (left,) = (await client.get(f"/api/v1/parties/{a}")).json()["points"]
        assert (left["value"], left["shared"]) == ("+861012345678", True)
        assert (await client.patch("/api/v1/points/none", json={"shared": True})).status_code == 404
        assert (await client.patch(f"/api/v1/points/{ident}", json={"line_type": "odd"})).status_code in {400, 422}


@pytest.mark.parametrize("deny", [True, False])
async def test_a_contact_that_is_over_is_moved_or_denied(house: House, deny: bool) -> None:
    town = Town(house.store)
    a, b = await town.party("李雷"), await town.party("韩梅梅")
    over, still = await town.interaction(a, "hello"), await town.interaction(a, "hi", state="active", agent="id-bob")
    async with await house.logged_in("ann") as client:
        body = {"party": a, "deny": True} if deny else {"party": b}
        moved = await client.post(f"/api/v1/interactions/{over}/party", json=body)
        assert (moved.status_code, moved.json()["party_id"]) == (200, None if deny else b)
        refused = await client.post(f"/api/v1/interactions/{still}/party", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "open")
        nobody = await client.post(f"/api/v1/interactions/{over}/party", json={"party": "nobody"})
        assert nobody.status_code == 404

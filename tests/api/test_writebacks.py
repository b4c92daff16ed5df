"""Drafts for other systems over REST: who writes, who looks them over, who sees them; nothing is kept that cannot be sent."""

from __future__ import annotations

import httpx
import pytest

from contactd.crm_store import audit
from tests.api.house import House
from tests.api.test_reads import town_of

ORDER = {"lines": [{"item": "pump", "quantity": 1}]}


@pytest.fixture
async def draft(both: House) -> str:
    """An order that ann has written."""
    party = await town_of(both).party("张三")
    async with await both.logged_in("ann") as client:
        given = {"connector": "erp", "kind": "order", "party": party, "payload": ORDER}
        answer = await client.post("/api/v1/writebacks", json=given)
        assert answer.status_code == 201, answer.text
        ident: str = answer.json()["id"]
    return ident


async def act(client: httpx.AsyncClient, ident: str, what: str) -> tuple[int, str]:
    """Move a draft; return the status, and the state or the code."""
    answer = await client.post(f"/api/v1/writebacks/{ident}/act", json={"act": what})
    return answer.status_code, answer.json().get("code") or answer.json()["state"]


async def test_an_order_is_looked_over_by_somebody_else_before_it_leaves(both: House, draft: str) -> None:
    async with await both.logged_in("ann") as ann, await both.logged_in("sue") as sue:
        targets = (await ann.get("/api/v1/writeback-targets")).json()
        assert targets["items"] == [{"name": "erp", "four_eyes": ["order"]}]
        changed = await ann.patch(
            f"/api/v1/writebacks/{draft}", json={"payload": ORDER | {"note": "x"}, "row_version": 1}
        )
        assert (changed.status_code, changed.json()["payload"]["note"]) == (200, "x")
        stale = await ann.patch(f"/api/v1/writebacks/{draft}", json={"payload": ORDER, "row_version": 1})
        assert (stale.status_code, stale.json()["code"]) == (409, "changed")
        assert await act(ann, draft, "submit") == (200, "review")
        assert (await act(ann, draft, "approve"))[0] == 403
        late = await ann.patch(f"/api/v1/writebacks/{draft}", json={"payload": ORDER})
        assert (late.status_code, late.json()["code"]) == (409, "bad_state")
        waiting = (await sue.get("/api/v1/writebacks", params={"state": "review"})).json()["items"]
        assert [(one["id"], one["party_name"]) for one in waiting] == [(draft, "张三")]
        assert await act(sue, draft, "approve") == (200, "queued")
        mine = (await ann.get("/api/v1/writebacks", params={"author": "me", "state": "open"})).json()["items"]
        assert [one["id"] for one in mine] == [draft]
        assert (await sue.get("/api/v1/writebacks", params={"author": "me"})).json()["items"] == []


async def test_who_reads_drafts_is_written_down(both: House, draft: str) -> None:
    async with await both.logged_in("sue") as sue:
        assert (await sue.get("/api/v1/writebacks")).status_code == 200
        assert (await sue.get(f"/api/v1/writebacks/{draft}")).status_code == 200
    await both.reads.flush()
    entries = await both.store.read(audit.listed)
    read = [one for one in entries if (one["action"], one["object_kind"]) == ("writeback.read", "writeback")]
    assert {(one["actor"], one["object_id"], tuple((one["detail"] or {}).get("ids", ()))) for one in read} == {
        ("id-sue", None, (draft,)),
        ("id-sue", draft, ()),
    }


async def test_who_changed_what_another_wrote_does_not_look_it_over(both: House, draft: str) -> None:
    async with await both.logged_in("ann") as ann, await both.logged_in("sue") as sue:
        more = {"lines": [{"item": "pump", "quantity": 100}]}
        changed = await sue.patch(f"/api/v1/writebacks/{draft}", json={"payload": more})
        assert changed.status_code == 200
        assert await act(sue, draft, "submit") == (200, "review")
        assert await act(sue, draft, "approve") == (403, "four_eyes")
        assert await act(ann, draft, "return") == (403, "forbidden")
        async with await both.with_token("read", "write", "admin") as program:
            assert await act(program, draft, "approve") == (403, "four_eyes")
        assert await act(sue, draft, "return") == (200, "draft")


async def test_what_cannot_be_sent_is_not_kept(both: House) -> None:
    party = await town_of(both).party("张三")
    async with await both.logged_in("ann") as client:
        for change, status, code in (
            ({"connector": "none"}, 400, "unknown_connector"),
            ({"party": "none"}, 404, "not_found"),
            ({"payload": {}}, 400, "missing"),
        ):
            given = {"connector": "erp", "kind": "order", "party": party, "payload": ORDER} | change
            answer = await client.post("/api/v1/writebacks", json=given)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (await client.get("/api/v1/writebacks", params={"party": party})).json()["items"] == []

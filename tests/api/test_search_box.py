"""The one box, by REST: what one may find, and that it is written down."""

from __future__ import annotations

from contactd.crm_store import audit, search_docs
from tests.api.house import House
from tests.crm_store.town import Town


async def indexed(house: House, town: Town) -> None:
    while await house.store.write(lambda conn: search_docs.index_parties(conn, town.at), bulk=True):
        pass
    missing, _ = await house.store.read(lambda conn: search_docs.unindexed(conn, None))
    await house.store.write(lambda conn: search_docs.index_messages(conn, missing, town.at), bulk=True)


async def test_customers_and_messages_are_found_in_one_box(both: House) -> None:
    town = Town(both.store)
    zhang = await town.party("张三丰")
    contact = await town.interaction(zhang, "我要投诉张三")
    await indexed(both, town)
    async with await both.logged_in("ann") as client:
        hits = (await client.get("/api/v1/search", params={"q": "张三"})).json()["items"]
        assert [hit["kind"] for hit in hits] == ["party", "message"]
        assert (hits[0]["id"], hits[1]["interaction"], hits[1]["party_name"]) == (zhang, contact, "张三丰")
        only = (await client.get("/api/v1/search", params={"q": "张三", "kind": "message"})).json()["items"]
        assert [hit["kind"] for hit in only] == ["message"]
        wrong = await client.get("/api/v1/search", params={"q": "x", "kind": "agents"})
        assert (wrong.status_code, wrong.json()["field"]) == (400, "kind")
        assert (await client.get("/api/v1/search")).status_code == 400
    assert await both.reads.flush()
    log = await both.store.read(audit.listed)
    assert {entry["action"] for entry in log} == {"search"}


async def test_only_who_oversees_finds_what_is_set_aside(house: House) -> None:
    town = Town(house.store)
    await town.interaction(None, "秘密", state="quarantined")
    await indexed(house, town)
    async with await house.logged_in("ann") as agent, await house.logged_in("sue") as supervisor:
        assert (await agent.get("/api/v1/search", params={"q": "秘密"})).json()["items"] == []
        assert len((await supervisor.get("/api/v1/search", params={"q": "秘密"})).json()["items"]) == 1

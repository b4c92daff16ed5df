"""Campaigns by REST: members added and left out, shown and noted; what became of a call; who may."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from contactd.crm_store import audit, campaign_rows, schema
from contactd.crm_store.store import WriteConn
from contactd.routing.policy import Policy
from tests.api.house import House
from tests.api.test_reads import town_of


async def test_a_campaign_from_its_members_to_an_outcome(both: House) -> None:
    async with await both.logged_in("sue") as sue, await both.logged_in("ann") as ann:
        fields = {"about": "hello", "from": "00:00", "to": "23:59", "purpose": "service"}
        made = await sue.post("/api/v1/records", json={"kind": "campaign", "title": "Autumn", "fields": fields})
        assert made.status_code == 201, made.text
        ident = made.json()["id"]
        phone = {"kind": "phone", "value": "13800138000"}
        body = {"name": "李雷", "points": [phone]}
        li = (await ann.post("/api/v1/parties", json=body)).json()["id"]
        no = {"name": "韩梅", "preferences": {"do_not_call": True}}
        han = (await ann.post("/api/v1/parties", json=no)).json()["id"]
        members = f"/api/v1/records/{ident}/members"
        assert (await ann.post(members, json={"parties": [li]})).status_code == 403
        assert (await sue.post(members, json={})).json()["field"] == "parties"
        assert (await sue.post(members, json={"segment": "none"})).json()["field"] == "segment"
        told = (await sue.post(members, json={"parties": [li, han]})).json()
        assert (told["added"], told["already"], told["left_out"]) == (1, 0, {"do_not_call": 1})
        assert (told["more"], told["after"], told["looked_at"]) == (False, None, 2)
        await sue.post(f"/api/v1/records/{ident}/stage", json={"stage": "running"})
        now = both.clock.now()
        row = await both.store.read(lambda conn: campaign_rows.campaign(conn, ident))
        await both.store.write(lambda conn: campaign_rows.call(conn, row, line="support", granted=False, now=now))
        task = (await both.store.read(lambda conn: conn.execute(select(schema.task)).one())).id
        wrong = await ann.post(f"/api/v1/tasks/{task}/outcome", json={"outcome": "sold"})
        assert (wrong.status_code, wrong.json()["field"]) == (400, "outcome")
        reached = {"outcome": "reached", "text": "all well"}
        nobodys = await ann.post(f"/api/v1/tasks/{task}/outcome", json=reached)
        assert (nobodys.status_code, nobodys.json()["code"]) == (403, "not_yours")
        call = await town_of(both).interaction(li, agent="id-ann", state="active", ended_at=None, channel="task")
        placed = schema.task.update().values(interaction_id=call)
        await both.store.write(lambda conn: conn.execute(placed))
        bob = await both.logged_in("bob")
        assert (await bob.post(f"/api/v1/tasks/{task}/outcome", json=reached)).json()["code"] == "not_yours"
        said = await ann.post(f"/api/v1/tasks/{task}/outcome", json=reached)
        assert (said.status_code, said.json()["state"], said.json()["outcome"]) == (200, "reached", "all well")
        again = await ann.post(f"/api/v1/tasks/{task}/outcome", json={"outcome": "refused"})
        assert again.status_code == 409
        listed = (await ann.get(members, params={"state": "left_out"})).json()["items"]
        assert [(one["party_name"], one["reason"]) for one in listed] == [("韩梅", "do_not_call")]
        figures = (await ann.get(f"/api/v1/records/{ident}/figures")).json()
        assert (figures["members"], figures["states"]["reached"], figures["reached_rate"]) == (2, 1, 1.0)
    await both.reads.flush()
    entries = await both.store.read(audit.listed)
    assert any(han in (one["detail"] or {}).get("ids", ()) for one in entries)
    assert {"campaign.add", "campaign.outcome"} <= {one["action"] for one in entries}


async def test_a_segment_of_any_size_is_added_part_by_part(both: House, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = {"label": {"en": "Big"}, "all": [{"field": "vip", "is": 1}]}
    policy = Policy.from_mapping({"lines": {"support": {}}, "customers": {"segments": {"big": segment}}})
    monkeypatch.setattr("tests.api.house.POLICY", policy)
    async with await both.logged_in("sue") as sue:
        made = await sue.post("/api/v1/records", json={"kind": "campaign", "title": "All", "fields": {}})
        members = f"/api/v1/records/{made.json()['id']}/members"
        people = [
            {"id": f"p{n:03}", "canonical_id": f"p{n:03}", "display_name": f"Q{n}", "kind": "person"}
            for n in range(120)
        ]
        now = both.clock.now()

        def unit(conn: WriteConn) -> None:
            for one in people:
                stamps = {"created_at": now, "updated_at": now}
                conn.execute(insert(schema.party).values(**one, **stamps))
                facet = {"party_id": one["id"], "kind": "segment", "value": "big"}
                conn.execute(insert(schema.party_facet).values(**facet))

        await both.store.write(unit)
        looked, seen, after = [], 0, None
        while True:
            told = (await sue.post(members, json={"segment": "big", "most": 50, "after": after})).json()
            looked.append(told["looked_at"])
            seen += told["added"] + sum(told["left_out"].values())
            after = told["after"]
            if not told["more"]:
                break
        assert (looked, seen, after) == ([50, 50, 20], 120, None)
        assert (await sue.post(members, json={"segment": "big", "after": "elsewhere"})).json()["field"] == "after"

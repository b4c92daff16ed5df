"""Segments by REST: which there are, how many a new one would have, and who may ask by what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contactd.core.errors import ConflictError
from contactd.crm_store import audit, policies, schema
from contactd.crm_store.store import Store
from contactd.desk import segments
from contactd.desk.idents import Idents
from contactd.desk.seeing import Seeing
from contactd.routing.policy import Policy
from contactd.testing.clock import ManualClock
from tests.api.house import House, build, hire


async def test_a_segment_is_tried_out_before_the_policy_says_so(both: House) -> None:
    async with await both.logged_in("sue") as sue, await both.logged_in("ann") as ann:
        for name, vip, tags in (("甲", 2, ["华东"]), ("乙", 3, []), ("丙", 0, ["华东"])):
            made = await ann.post("/api/v1/parties", json={"name": name, "vip": vip, "tags": tags})
            assert made.status_code == 201, made.text
        asked = [{"field": "vip", "at_least": 2}, {"field": "tags", "lacks": "华东"}]
        tried = await sue.post("/api/v1/segments/preview", json={"conditions": asked})
        assert tried.status_code == 200, tried.text
        body = tried.json()
        assert (body["count"], body["looked_at"], body["more"]) == (1, 3, False)
        assert [one["name"] for one in body["sample"]] == ["乙"]
        wrong = await sue.post("/api/v1/segments/preview", json={"conditions": [asked[0], {"field": "vip", "over": 2}]})
        assert (wrong.status_code, wrong.json()["field"]) == (400, "conditions[1].over")
        assert (await ann.post("/api/v1/segments/preview", json={"conditions": asked})).status_code == 403
        listed = (await ann.get("/api/v1/segments")).json()
        assert (listed["items"], listed["as_of"]) == ([], None)


async def test_nobody_learns_by_conditions_what_they_are_not_shown(
    small_store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    await hire(small_store, clock)
    fields = {"supervisor": {"credit_level": "hide", "custom.illness": "mask", "value_class": "hide"}}
    house = build(small_store, clock, tmp_path / "static", seeing=Seeing(fields=fields))
    async with await house.logged_in("sue") as sue:
        for name in ("credit_level", "custom.illness", "value_class"):
            tried = await sue.post("/api/v1/segments/preview", json={"conditions": [{"field": name, "known": True}]})
            assert (tried.status_code, tried.json()["field"]) == (403, name)
        assert (await sue.get("/api/v1/parties", params={"value_class": "A"})).status_code == 403
        many = [{"field": "vip", "is": 1}] * 21
        assert (await sue.post("/api/v1/segments/preview", json={"conditions": many})).status_code in {400, 422}


async def _published(house: House) -> None:
    document = {"lines": {"support": {"label": {"en": "Support", "zh": "支持"}}}, "customers": {"rules": []}}
    await house.store.write(lambda conn: policies.publish(conn, document, now=house.clock.now(), actor=None))


async def _told(house: House) -> list[str]:
    """Return the segments of each policy the router is told of."""
    rows = await house.store.read(lambda conn: conn.execute(select(schema.fact_inbox.c.payload)).scalars().all())
    found = [row if isinstance(row, dict) else json.loads(row) for row in rows]
    return [",".join(sorted(one["policy"]["customers"].get("segments", {}))) for one in found]


async def test_a_segment_is_made_changed_and_taken_out(both: House) -> None:
    await _published(both)
    async with await both.logged_in("sue") as sue, await both.logged_in("ann") as ann:
        asked: dict[str, Any] = {
            "label": {"zh": "大客户", "en": ""},
            "conditions": [{"field": "vip", "at_least": 2}],
        }
        assert (await ann.put("/api/v1/segments/big", json=asked)).status_code == 403
        made = await sue.put("/api/v1/segments/big", json=asked)
        assert made.status_code == 200, made.text
        [one] = made.json()["items"]
        assert (one["key"], one["label"], one["conditions"]) == (
            "big",
            {"zh": "大客户", "en": "大客户"},
            asked["conditions"],
        )
        again = await sue.put("/api/v1/segments/big", json=asked | {"conditions": [{"field": "vip", "is": 1}]})
        assert (again.status_code, again.json()["code"]) == (409, "segment_exists")
        changed = asked | {"conditions": [{"field": "tags", "has": "华东"}], "version": one["version"]}
        assert (await sue.put("/api/v1/segments/big", json=changed)).status_code == 200
        stale = await sue.put("/api/v1/segments/big", json=asked | {"version": one["version"]})
        assert (stale.status_code, stale.json()["code"]) == (409, "segment_changed")
        version = (await sue.put("/api/v1/segments/big", json=changed)).json()["items"][0]["version"]
        wrong = await sue.put("/api/v1/segments/Big", json=asked)
        assert (wrong.status_code, wrong.json()["field"]) == (400, "key")
        nameless = await sue.put("/api/v1/segments/small", json=asked | {"label": {"zh": " "}})
        assert (nameless.status_code, nameless.json()["field"]) == (400, "label")
        assert (await sue.delete("/api/v1/segments/big", params={"version": one["version"]})).status_code == 409
        gone = await sue.delete("/api/v1/segments/big", params={"version": version})
        assert (gone.status_code, gone.json()["items"]) == (200, [])
        assert (await sue.delete("/api/v1/segments/big")).status_code == 404
    assert sorted(await _told(both)) == ["", "big", "big"]
    entries = await both.store.read(audit.listed)
    assert [one["detail"] for one in entries if one["action"] == "policy.publish"] == [{"segment": "big"}] * 3


async def test_a_segment_that_rules_go_by_stays(both: House) -> None:
    rule = {"segment": "key", "priority": 1}
    key = {"label": {"en": "Key", "zh": "重点"}, "all": [{"field": "vip", "is": 3}]}
    document = {"lines": {"support": {}}, "customers": {"segments": {"key": key}, "rules": [rule]}}
    await both.store.write(lambda conn: policies.publish(conn, document, now=both.clock.now(), actor=None))
    mark = segments.mark(Policy.from_mapping(document).customers.segments["key"])
    async with await both.logged_in("sue") as sue:
        refused = await sue.delete("/api/v1/segments/key", params={"version": mark})
        assert (refused.status_code, refused.json()["code"]) == (409, "segment_used")


async def test_a_policy_that_is_a_file_is_not_changed_here(small_store: Store, clock: ManualClock) -> None:
    shelf = segments.Segments(small_store, clock, Idents(clock), from_file=True)
    with pytest.raises(ConflictError) as refused:
        await shelf.put("big", {"zh": "大"}, [{"field": "vip", "is": 1}], version=None, actor="sue")
    assert refused.value.code == "policy_in_file"
